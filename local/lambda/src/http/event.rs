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
mod tests;
