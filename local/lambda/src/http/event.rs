//! The events that an HTTP API sends to a function and to an authorizer: payload format 2.0 (API Gateway developer guide,
//! "Create AWS Lambda proxy integrations for HTTP APIs" and "Control access to HTTP APIs with AWS Lambda authorizers").

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use local_template::names::REGION;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::route::{Match, decode};
use crate::invoke::ACCOUNT;

/// Id of the API in events.
const API_ID: &str = "local";
/// The stage of the API.
const STAGE: &str = "$default";
/// Headers that are not passed on, because they concern the connection (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request, with its body read.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path and query as in the request line.
    pub uri: &'a Uri,
    /// `HTTP/1.1`, for example.
    pub protocol: String,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body; empty if there is none.
    pub body: &'a Bytes,
    /// Address of the client.
    pub source: IpAddr,
    /// Port on which the request arrived.
    pub port: u16,
    /// Request id.
    pub id: &'a str,
    /// Time of arrival.
    pub at: Timestamp,
    /// What an authorizer has said of the request.
    pub authorized: Option<&'a Map<String, Value>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'a str,
    source_ip: String,
    user_agent: &'a str,
}

/// The event of a function as JSON.
pub fn payload(request: &Incoming<'_>, route: &Match<'_>) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(&event(request, route)).map(Bytes::from)
}

/// The event of an authorizer as JSON: without the body, and with the values of the identity sources.
pub fn authorizer_payload(
    request: &Incoming<'_>,
    route: &Match<'_>,
    identity: &[String],
) -> Result<Bytes, serde_json::Error> {
    let path = request.uri.path();
    let mut event = serde_json::to_value(event(request, route))?;
    if let Some(event) = event.as_object_mut() {
        event.remove("body");
        event.remove("isBase64Encoded");
        let arn = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/{}{path}", request.method);
        event.insert("type".to_owned(), json!("REQUEST"));
        event.insert("routeArn".to_owned(), json!(arn));
        event.insert("identitySource".to_owned(), json!(identity));
    }
    serde_json::to_vec(&event).map(Bytes::from)
}

fn event<'a>(request: &'a Incoming<'_>, route: &'a Match<'_>) -> Event<'a> {
    let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = text(HOST);
    let domain = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or(host) };
    let (body, is_base64_encoded) = body(request.headers, request.body);
    Event {
        version: "2.0",
        route_key: route.route_key,
        raw_path: request.uri.path(),
        raw_query_string: request.uri.query().unwrap_or_default(),
        cookies: cookies(request.headers),
        headers: headers(request),
        query_string_parameters: query(request.uri.query().unwrap_or_default()),
        path_parameters: &route.parameters,
        request_context: RequestContext {
            account_id: ACCOUNT,
            api_id: API_ID,
            authorizer: request.authorized.map(|context| json!({ "lambda": context })),
            domain_name: domain,
            domain_prefix: domain.split('.').next().unwrap_or(domain),
            http: Http {
                method: request.method.as_str(),
                path: request.uri.path(),
                protocol: &request.protocol,
                source_ip: request.source.to_string(),
                user_agent: text(USER_AGENT),
            },
            request_id: request.id,
            route_key: route.route_key,
            stage: STAGE,
            time: request.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: request.at.as_millisecond(),
        },
        body,
        is_base64_encoded,
    }
}

/// The values of a header, joined by commas; `None` if it is absent.
pub fn header(request: &Incoming<'_>, name: &str) -> Option<String> {
    headers(request).remove(name)
}

/// The values of a query parameter, joined by commas; `None` if it is absent.
pub fn parameter(request: &Incoming<'_>, name: &str) -> Option<String> {
    query(request.uri.query().unwrap_or_default()).remove(name)
}

/// Lower-case names; multiple values of a name are joined by commas. Cookies have their own field.
fn headers(request: &Incoming<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in request.headers {
        let name = name.as_str();
        if name != COOKIE.as_str() && !HOP_BY_HOP.contains(&name) {
            join(&mut all, name.to_owned(), &String::from_utf8_lossy(value.as_bytes()), ",");
        }
    }
    join(&mut all, "x-forwarded-for".to_owned(), &request.source.to_string(), ", ");
    all.entry("x-forwarded-port".to_owned()).or_insert_with(|| request.port.to_string());
    all.entry("x-forwarded-proto".to_owned()).or_insert_with(|| "http".to_owned());
    all
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).map(|cookie| cookie.trim().to_owned()).filter(|c| !c.is_empty()).collect()
}

/// Decoded parameters; multiple values of a name are joined by commas.
fn query(raw: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = |part: &str| decode(&part.replace('+', " "));
        join(&mut all, text(name), &text(value), ",");
    }
    all
}

fn join(all: &mut BTreeMap<String, String>, name: String, value: &str, separator: &str) {
    all.entry(name)
        .and_modify(|before| {
            before.push_str(separator);
            before.push_str(value);
        })
        .or_insert_with(|| value.to_owned());
}

/// Text is passed as it is, everything else in base64. AWS documents the list of text types for load balancers (Elastic
/// Load Balancing, "Lambda functions as targets"); HTTP APIs behave the same.
fn body(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&essence.as_str());
    match std::str::from_utf8(body) {
        Ok(text) if is_text && !headers.contains_key(CONTENT_ENCODING) => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!(expected), &json!(encoded)),
                "{content_type}"
            );
        }
    }
}
