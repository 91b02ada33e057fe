//! Exchanges that are not as the contract says, to show that every test sees them.

use end_to_end::contract::Contract;
use end_to_end::stack::{Answer, product};
use http::{HeaderMap, HeaderName};
use reqwest::{Client, Request};
use serde_json::{Value, json};

const PROBLEM: &str = "application/problem+json";

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = Client::new().request(method.parse().unwrap(), format!("http://localhost{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_empty() { request.build().unwrap() } else { request.body(body.to_owned()).build().unwrap() }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    Answer { status, headers: map, text: body.to_owned() }
}

fn stored() -> Value {
    let mut product = product("Burger");
    for (name, value) in
        [("id", "burger"), ("createdAt", "2026-11-21T06:00:00Z"), ("updatedAt", "2026-11-21T06:00:00Z")]
    {
        product[name] = json!(value);
    }
    (product["version"], product["recipe"]) = (json!(1), json!([]));
    product
}

fn problem(status: u16, code: &str, member: Option<(&str, Value)>) -> String {
    let kind = format!("urn:millrace:problem:{code}");
    let mut problem = json!({"type": kind, "title": "t", "status": status, "code": code, "detail": "d"});
    if let Some((name, value)) = member {
        problem[name] = value;
    }
    problem.to_string()
}

fn found(body: &Value) -> Answer {
    answer(200, &[("content-type", "application/json"), ("etag", "\"1\"")], &body.to_string())
}

fn refused(status: u16, code: &str, member: Option<(&str, Value)>) -> Answer {
    answer(status, &[("content-type", PROBLEM)], &problem(status, code, member))
}

fn without(name: &str) -> Value {
    let mut product = stored();
    product.as_object_mut().unwrap().remove(name);
    product
}

fn with(name: &str, value: Value) -> Value {
    let mut product = stored();
    product[name] = value;
    product
}

#[test]
fn an_answer_that_the_contract_does_not_have_is_seen() {
    let contract = Contract::read();
    let read = || request("GET", "/products/burger", &[], "");
    let json = ("content-type", "application/json");
    let errors = |code: &str| Some(("errors", json!([{"field": "/name", "code": code, "detail": "d"}])));
    let good = [
        (read(), found(&stored())),
        (read(), refused(404, "not_found", None)),
        (read(), answer(503, &[json], r#"{"message": "Service Unavailable"}"#)),
        (read(), answer(304, &[("etag", "\"1\"")], "")),
        (request("HEAD", "/products/burger", &[], ""), answer(200, &[json, ("etag", "\"1\"")], "")),
        (request("OPTIONS", "/products", &[], ""), answer(204, &[("allow", "GET, HEAD, POST, OPTIONS")], "")),
        (request("POST", "/products", &[], "{"), refused(400, "invalid_request", errors("blank"))),
        (request("GET", "/nowhere", &[], ""), answer(404, &[json], r#"{"message": "Not Found"}"#)),
    ];
    for (request, answer) in good {
        contract.check(&request, &answer).unwrap();
    }
    let planted = [
        ("a status", read(), answer(418, &[json], "{}")),
        ("a header", read(), answer(304, &[("etag", "\"1\""), ("x-secret", "1")], "")),
        ("no ETag", read(), answer(200, &[json], &stored().to_string())),
        ("another ETag", read(), answer(304, &[("etag", "1")], "")),
        ("a field", read(), found(&with("secret", json!(1)))),
        ("a field below", read(), found(&with("price", json!({"amount": 1, "currency": "EUR", "tax": 1})))),
        ("no field", read(), found(&without("version"))),
        ("another type", read(), found(&with("stock", json!("10")))),
        ("no time", read(), found(&with("createdAt", json!("today")))),
        ("a type of media", read(), answer(200, &[("content-type", "text/plain"), ("etag", "\"1\"")], "Burger")),
        ("no JSON", read(), answer(200, &[json, ("etag", "\"1\"")], "Burger")),
        ("no body", read(), answer(200, &[("etag", "\"1\"")], "")),
        ("a code", read(), refused(404, "gone", None)),
        ("a code of another route", read(), refused(404, "seed_disabled", None)),
        ("a member", read(), refused(404, "not_found", Some(("sources", json!(["a", "b"]))))),
        (
            "another status in the body",
            read(),
            answer(404, &[("content-type", PROBLEM)], &problem(410, "not_found", None)),
        ),
        ("a code of a field", request("POST", "/products", &[], "{"), refused(400, "invalid_request", errors("odd"))),
        ("a body of 304", read(), answer(304, &[("etag", "\"1\"")], "Burger")),
        ("a body of HEAD", request("HEAD", "/products/burger", &[], ""), found(&stored())),
        ("other methods", request("PUT", "/products", &[], ""), refused(405, "method_not_allowed", None)),
        ("a path", request("GET", "/nowhere", &[], ""), found(&stored())),
        ("a message of a function", read(), answer(418, &[json], r#"{"message": "I am a teapot"}"#)),
    ];
    for (what, request, answer) in planted {
        assert!(contract.check(&request, &answer).is_err(), "{what}");
    }
}

#[test]
fn a_request_that_is_accepted_though_the_contract_refuses_it_is_seen() {
    let contract = Contract::read();
    let headers = [("content-type", "application/json"), ("etag", "\"1\""), ("location", "/products/burger")];
    let made = answer(201, &headers, &stored().to_string());
    let body = product("Burger").to_string();
    contract.check(&request("POST", "/products", &[], &body), &made).unwrap();
    let long = "k".repeat(256);
    let planted = [
        ("a body that is not valid", request("POST", "/products", &[], &product("").to_string())),
        ("no body", request("POST", "/products", &[], "")),
        ("no JSON", request("POST", "/products", &[], "{")),
        ("an unknown field", request("POST", "/products", &[], &with("colour", json!("red")).to_string())),
        ("a key", request("POST", "/products", &[("idempotency-key", &long)], &body)),
        ("a type of media", request("POST", "/products", &[("content-type", "text/xml")], &body)),
    ];
    for (what, request) in planted {
        assert!(contract.check(&request, &made).is_err(), "{what}");
        // What is refused may be anything.
        contract.check(&request, &refused(400, "invalid_request", None)).unwrap();
    }
    let page = answer(200, &headers[..1], r#"{"items": [], "nextCursor": null}"#);
    contract.check(&request("GET", "/products?limit=1&unheardOf=1", &[], ""), &page).unwrap();
    for query in ["limit=0", "limit=x", "limit=1&limit=2", "lowStock=maybe", "cursor=!"] {
        let request = request("GET", &format!("/products?{query}"), &[], "");
        assert!(contract.check(&request, &page).is_err(), "{query}");
    }
    let tag = request("GET", "/products/burger", &[("if-match", "1")], "");
    assert!(contract.check(&tag, &found(&stored())).is_err());
}
