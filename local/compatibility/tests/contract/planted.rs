//! Changes of the contract that are none to a client, or that it can bear, and what such changes are made with.

use serde_json::{Value, json};

pub type Edit = fn(&mut Value);

/// What it is, a part of where it shows, and how it is made.
pub type Plant = (&'static str, &'static str, Edit);

pub fn at<'a>(contract: &'a mut Value, pointer: &str) -> &'a mut Value {
    contract.pointer_mut(pointer).unwrap_or_else(|| panic!("the contract has no {pointer}"))
}

pub fn set(contract: &mut Value, pointer: &str, name: &str, value: Value) {
    at(contract, pointer)[name] = value;
}

pub fn remove(contract: &mut Value, pointer: &str, name: &str) {
    at(contract, pointer).as_object_mut().unwrap().remove(name).unwrap_or_else(|| panic!("{pointer} has no {name}"));
}

pub fn push(contract: &mut Value, pointer: &str, value: Value) {
    at(contract, pointer).as_array_mut().unwrap().push(value);
}

pub fn without(contract: &mut Value, pointer: &str, value: &str) {
    let list = at(contract, pointer).as_array_mut().unwrap();
    let before = list.len();
    list.retain(|it| it != value);
    assert_eq!(list.len(), before - 1, "{pointer} has {value}");
}

pub const ORDERS: &str = "/paths/~1orders";
pub const MAKE: &str = "/paths/~1orders/post";
pub const LIST: &str = "/paths/~1products/get";
pub const READ: &str = "/paths/~1products~1{id}/get";
pub const PATCH: &str = "/paths/~1products~1{id}/patch";
pub const WEBHOOK: &str = "/webhooks/timer/post";
pub const NEW_ORDER: &str = "/components/schemas/NewOrder";
pub const PRODUCT: &str = "/components/schemas/Product";
pub const ORDER: &str = "/components/schemas/Order";
pub const PAGE: &str = "/components/schemas/ProductPage";

pub fn of(parent: &str, rest: &str) -> String {
    format!("{parent}{rest}")
}

/// The contract says the same as before.
pub const SAME: &[(&str, Edit)] = &[
    ("a text", |it| set(it, MAKE, "description", json!("another"))),
    ("an example", |it| set(it, "/components/examples/NotFound", "value", json!({}))),
    ("a link", |it| remove(it, "/components/responses/OrderMade", "links")),
    ("an operation that is deprecated", |it| set(it, MAKE, "deprecated", json!(true))),
    ("a reference that became what it leads to", |it| {
        let price = at(it, "/components/schemas/Price").clone();
        set(it, "/components/schemas/Product/properties", "price", price);
    }),
    ("a reference within allOf", |it| {
        let price = json!({"allOf": [{"$ref": "#/components/schemas/Price"}], "description": "another"});
        set(it, "/components/schemas/Product/properties", "price", price);
    }),
    ("a parameter that moved from the path to its operations", |it| {
        let parameters = at(it, "/paths/~1products~1{id}/parameters").clone();
        remove(it, "/paths/~1products~1{id}", "parameters");
        for method in ["get", "put", "patch", "delete"] {
            set(it, &format!("/paths/~1products~1{{id}}/{method}"), "parameters", parameters.clone());
        }
    }),
    ("const instead of enum", |it| {
        let code = "/components/responses/NotFound/content/application~1problem+json/schema/properties";
        set(it, code, "code", json!({"const": "not_found"}));
    }),
    ("null as a type instead of a choice", |it| {
        let text = at(it, "/components/schemas/Description").clone();
        let nullable = json!({"type": ["null", "string"], "maxLength": text["maxLength"], "pattern": text["pattern"]});
        set(it, "/components/schemas/ProductPatch/properties", "description", nullable);
    }),
];

pub const COMPATIBLE: &[Plant] = &[
    ("a new path", "/reports", |it| set(it, "/paths", "/reports", json!({"get": {"operationId": "listReports"}}))),
    ("a new method", "DELETE /orders", |it| set(it, ORDERS, "delete", json!({"operationId": "deleteOrders"}))),
    ("a new optional parameter", "GET /products query sort", |it| {
        push(it, &of(LIST, "/parameters"), json!({"name": "sort", "in": "query", "schema": {"type": "string"}}));
    }),
    ("a request may have another field", "POST /orders body application/json note", |it| {
        set(it, &of(NEW_ORDER, "/properties"), "note", json!({"type": "string"}));
    }),
    ("a request need not have a field", "POST /products body", |it| {
        without(it, "/components/schemas/NewProduct/required", "stock");
    }),
    ("a body that need not be there", "POST /orders body", |it| {
        set(it, "/components/requestBodies/NewOrder", "required", json!(false));
    }),
    ("a request may be larger", "POST /orders body application/json lines", |it| {
        set(it, &of(NEW_ORDER, "/properties/lines"), "maxItems", json!(100));
    }),
    ("a lower limit is lower", "restock body application/json quantity", |it| {
        set(it, "/components/schemas/Restock/properties/quantity", "minimum", json!(0));
    }),
    ("a parameter's limit is higher", "GET /products query limit", |it| {
        set(it, "/components/parameters/Limit/schema", "maximum", json!(200));
    }),
    ("a parameter's pattern is gone", "query cursor", |it| {
        remove(it, "/components/parameters/Cursor/schema", "pattern");
    }),
    ("a parameter may be null", "query cursor", |it| {
        set(it, "/components/parameters/Cursor/schema", "type", json!(["string", "null"]));
    }),
    ("fewer ids are reserved", "POST /events body application/json eventId", |it| {
        without(it, "/components/schemas/EventId/not/enum", "batch");
    }),
    ("a request may be of another media type", "POST /orders body application/cbor", |it| {
        set(it, "/components/requestBodies/NewOrder/content", "application/cbor", json!({}));
    }),
    ("a body that may be there", "POST /orders/seed body", |it| {
        set(it, "/paths/~1orders~1seed/post", "requestBody", json!({"content": {"application/json": {}}}));
    }),
    ("a scope that is not needed any more", "GET /products", |it| set(it, LIST, "security", json!([{"bearer": []}]))),
    ("nothing is needed any more", "GET /products", |it| set(it, LIST, "security", json!([]))),
    ("another way to say who calls", "GET /products", |it| {
        set(it, "/components/securitySchemes", "mtls", json!({"type": "mutualTLS"}));
        push(it, &of(LIST, "/security"), json!({"mtls": []}));
    }),
    ("an answer has another field", "GET /products/{id} 200 application/json colour", |it| {
        set(it, &of(PRODUCT, "/properties"), "colour", json!({"type": "string"}));
    }),
    ("an answer always has a field", "200 application/json lowStockThreshold", |it| {
        push(it, &of(PRODUCT, "/required"), json!("lowStockThreshold"));
    }),
    ("an answer always has a new field", "200 application/json colour", |it| {
        set(it, &of(PRODUCT, "/properties"), "colour", json!({"type": "string"}));
        push(it, &of(PRODUCT, "/required"), json!("colour"));
    }),
    ("an answer has fewer values", "application/json status", |it| {
        without(it, &of(ORDER, "/properties/status/enum"), "rejected");
    }),
    ("an answer is smaller", "GET /products 200 application/json items", |it| {
        set(it, &of(PAGE, "/properties/items"), "maxItems", json!(50));
    }),
    ("an answer is never null", "GET /products 200 application/json nextCursor", |it| {
        set(it, "/components/schemas/NextCursor", "type", json!("string"));
    }),
    ("an answer has another header", "GET /products 200 header x-total", |it| {
        set(it, &of(LIST, "/responses/200"), "headers", json!({"X-Total": {"schema": {"type": "integer"}}}));
    }),
    ("a header that is always there", "401 header www-authenticate", |it| {
        set(it, "/components/headers/WwwAuthenticate", "required", json!(true));
    }),
    ("an answer's header has a rule", "429 header retry-after", |it| {
        set(it, "/components/headers/RetryAfter/schema", "maximum", json!(10));
    }),
    ("another status of an error", "GET /products 418", |it| {
        set(it, &of(LIST, "/responses"), "418", json!({"description": "A teapot."}));
    }),
    ("an error that does not come any more", "PUT /products/{id} 409", |it| {
        remove(it, "/paths/~1products~1{id}/put/responses", "409");
    }),
    ("another code of an error", "404 application/problem+json code", |it| {
        let code = "/components/responses/NotFound/content/application~1problem+json/schema/properties/code/enum";
        push(it, code, json!("gone_for_good"));
    }),
    ("another code of a bad field", "POST /products 400 application/problem+json errors[].code", |it| {
        push(it, "/components/schemas/ProductError/enum", json!("too_colourful"));
    }),
    ("a problem where only API Gateway answered", "GET /products 500 application/problem+json", |it| {
        let content = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        set(it, "/components/responses/Failed/content", "application/problem+json", content);
    }),
    ("another event type, as the contract announces", "GET /event-log 200 application/json items[].type", |it| {
        push(it, "/components/schemas/EventType/enum", json!("BackInStock"));
    }),
    ("another server", "servers", |it| push(it, "/servers", json!({"url": "https://example.com"}))),
    ("a webhook with another header", "POST timer header webhook-attempt", |it| {
        push(it, &of(WEBHOOK, "/parameters"), json!({"name": "webhook-attempt", "in": "header", "required": true}));
    }),
    ("a webhook's answer that is understood now", "POST timer 409", |it| {
        set(it, &of(WEBHOOK, "/responses"), "409", json!({"description": "Taken before."}));
    }),
    ("a webhook with a narrower body", "POST timer body application/json", |it| {
        set(it, &of(WEBHOOK, "/requestBody/content/application~1json"), "schema", json!({"type": "object"}));
    }),
    ("another webhook", "low-stock", |it| set(it, "/webhooks", "low-stock", json!({"post": {}}))),
];
