//! The table of operations, the template and the contract say the same.

use std::collections::BTreeMap;

use end_to_end::paths::root;
use end_to_end::template::template;
use millrace_api::access::operations::{OPERATIONS, Operation, is_open};
use serde_json::{Value, json};

#[test]
fn every_route_of_the_template_is_in_the_table_and_closed_unless_the_table_says_that_it_is_open() {
    let routes: BTreeMap<String, bool> = template("localhost:9092")
        .unwrap()
        .routes
        .into_iter()
        .map(|route| (route.path, route.authorizer.is_none()))
        .collect();
    let table: BTreeMap<String, bool> =
        OPERATIONS.iter().map(|operation| (operation.route.to_owned(), is_open(operation.route))).collect();
    assert_eq!(routes, table, "a route, and whether it is open");
}

#[test]
fn the_contract_tells_clients_the_scopes_of_the_table() {
    let text = std::fs::read_to_string(root().join("contracts/openapi.yaml")).unwrap();
    let contract: Value = serde_norway::from_str(&text).unwrap();
    let mut undescribed = Vec::new();
    for operation in &OPERATIONS {
        let method = operation.method.as_str().to_lowercase();
        let Some(described) = contract["paths"].get(operation.route).and_then(|path| path.get(&method)) else {
            undescribed.push(format!("{} {}", operation.method, operation.route));
            continue;
        };
        let security = described.get("security").or(contract.get("security"));
        let security = security.unwrap_or_else(|| panic!("{} {} has no security", operation.method, operation.route));
        let names: Vec<&str> = operation.scopes.iter().map(|scope| scope.name()).collect();
        let expected = if names.is_empty() { json!([]) } else { json!([{"bearer": names}]) };
        assert_eq!(*security, expected, "{} {}", operation.method, operation.route);
    }
    for (route, path) in contract["paths"].as_object().unwrap() {
        for method in path.as_object().unwrap().keys().filter(|name| name.len() <= 6) {
            let same = |it: &Operation| it.route == route && it.method.as_str().eq_ignore_ascii_case(method);
            assert!(OPERATIONS.iter().any(same), "the table lacks {method} {route}");
        }
    }
    if !undescribed.is_empty() {
        eprintln!("NOT CHECKED, because the contract does not describe them: {}", undescribed.join(", "));
    }
}
