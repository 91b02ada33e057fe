use http::Request;
use local_template::model::Route;

use super::*;
use crate::http::route::Routes;

/// The event of a function and, with its identity, that of an authorizer.
fn events(request: Request<&'static [u8]>, context: Option<&Map<String, Value>>) -> (Value, Value) {
    let routes = Routes::new(&[
        Route { method: None, path: "/products".into(), function: "products-api".into(), authorizer: None },
        Route { method: None, path: "/products/{id}".into(), function: "products-api".into(), authorizer: None },
    ]);
    let (parts, body) = request.into_parts();
    let incoming = Incoming {
        method: &parts.method,
        uri: &parts.uri,
        protocol: "HTTP/1.1".into(),
        headers: &parts.headers,
        body: &Bytes::from_static(body),
        source: [127, 0, 0, 1].into(),
        port: 3000,
        id: "r1",
        at: Timestamp::from_millisecond(1_583_348_638_390).unwrap(),
        authorized: context,
    };
    let route = routes.find(parts.method.as_str(), parts.uri.path()).unwrap();
    let asked = authorizer_payload(&incoming, &route, &["Bearer x".to_owned()]).unwrap();
    let read = |payload: &Bytes| serde_json::from_slice(payload).unwrap();
    (read(&payload(&incoming, &route).unwrap()), read(&asked))
}

fn event(request: Request<&'static [u8]>) -> Value {
    events(request, None).0
}

#[test]
fn an_authorizer_gets_the_request_without_its_body_and_the_function_what_it_said() {
    let request = || {
        let request = Request::put("/products/a%20b?x=1").header("authorization", "Bearer x");
        request.header("content-type", "application/json").body(&b"{}"[..]).unwrap()
    };
    let context = json!({ "principal": "ann", "exp": 7, "nothing": null });
    let (sent, asked) = events(request(), context.as_object());
    assert_eq!(sent["requestContext"]["authorizer"], json!({ "lambda": context }));
    let (mut sent, asked_first) = events(request(), None);
    assert!(sent["requestContext"].get("authorizer").is_none());
    let route_arn = "arn:aws:execute-api:us-east-1:000000000000:local/$default/PUT/products/a%20b";
    for (name, value) in
        [("type", json!("REQUEST")), ("routeArn", json!(route_arn)), ("identitySource", json!(["Bearer x"]))]
    {
        sent[name] = value;
    }
    let sent = sent.as_object_mut().unwrap();
    assert!(sent.remove("body").is_some() && sent.remove("isBase64Encoded").is_some());
    assert_eq!(asked_first.as_object().unwrap(), sent);
    assert_eq!(asked["identitySource"], json!(["Bearer x"]));
}

#[test]
fn a_request_becomes_the_event_of_the_developer_guide() {
    let request = Request::put("/products/a%20b?parameter1=value1&parameter1=value2&parameter2=v%2C+w&flag")
        .header("host", "id.example.com:3000")
        .header("Header1", "value1")
        .header("Header2", "value1")
        .header("header2", "value2")
        .header("user-agent", "agent")
        .header("connection", "keep-alive")
        .header("cookie", "cookie1=a; cookie2=b")
        .header("cookie", "cookie3=c")
        .header("content-type", "application/json; charset=utf-8")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let expected = json!({
        "version": "2.0",
        "routeKey": "ANY /products/{id}",
        "rawPath": "/products/a%20b",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=v%2C+w&flag",
        "cookies": ["cookie1=a", "cookie2=b", "cookie3=c"],
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "header1": "value1",
            "header2": "value1,value2",
            "host": "id.example.com:3000",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "user-agent": "agent",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "3000",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": { "flag": "", "parameter1": "value1,value2", "parameter2": "v, w" },
        "pathParameters": { "id": "a b" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "id.example.com",
            "domainPrefix": "id",
            "http": {
                "method": "PUT",
                "path": "/products/a%20b",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "agent",
            },
            "requestId": "r1",
            "routeKey": "ANY /products/{id}",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64,
        },
        "body": "{}",
        "isBase64Encoded": false,
    });
    assert_eq!(event(request.body(&b"{}"[..]).unwrap()), expected);
}

#[test]
fn what_is_not_there_is_left_out() {
    let event = event(Request::get("/products").body(&b""[..]).unwrap());
    for name in ["cookies", "queryStringParameters", "pathParameters", "body"] {
        assert!(event.get(name).is_none(), "{name}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["isBase64Encoded"], false);
}

#[test]
fn only_text_goes_without_base64() {
    let cases: [(&str, &'static [u8], &str, bool); 8] = [
        ("application/json", b"{}", "{}", false),
        ("Text/Plain; charset=utf-8", b"a", "a", false),
        ("application/xml", b"<a/>", "<a/>", false),
        ("application/json", b"{\"a\":\"\0\"}", "{\"a\":\"\0\"}", false),
        ("application/octet-stream", b"{}", "e30=", true),
        ("application/x-www-form-urlencoded", b"a=1", "YT0x", true),
        ("application/json", b"\xff", "/w==", true),
        ("", b"{}", "e30=", true),
    ];
    for (content_type, body, expected, encoded) in cases {
        let mut request = Request::post("/products");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let event = event(request.body(body).unwrap());
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(expected), &json!(encoded)), "{content_type}");
    }
}
