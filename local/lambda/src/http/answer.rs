//! How an HTTP API converts a function's answer in payload format 2.0 (API Gateway developer guide, "Create AWS Lambda
//! proxy integrations for HTTP APIs", "Lambda function response format").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

/// A function's answer that is not a valid HTTP answer; the client gets a 500.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON at all.
    #[error("the function's answer is not JSON")]
    NotJson,
    /// A field has the wrong type or an impossible value.
    #[error("`{0}` of the function's answer is malformed")]
    Field(&'static str),
}

/// The HTTP answer. JSON without a `statusCode` is the body of a 200. `multiValueHeaders` belongs to format 1.0 and
/// is ignored. The answer to a HEAD (`head`) keeps the length of the body that it leaves out.
pub fn response(answer: &[u8], head: bool) -> Result<Response<Bytes>, Malformed> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| Malformed::NotJson)?;
    match answer {
        Value::Object(fields) if fields.contains_key("statusCode") => formed(&fields, head),
        inferred => Ok(infer(inferred)),
    }
}

fn infer(answer: Value) -> Response<Bytes> {
    let body = match answer {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn formed(fields: &Map<String, Value>, head: bool) -> Result<Response<Bytes>, Malformed> {
    let body = if head { Bytes::new() } else { body(fields)? };
    let mut headers = headers(fields, head)?;
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    let mut response = Response::new(body);
    *response.status_mut() = status(fields.get("statusCode"))?;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Final statuses only: an interim one would leave the client waiting.
pub(super) fn status(value: Option<&Value>) -> Result<StatusCode, Malformed> {
    let number = match value {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (200..600).contains(number))
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or(Malformed::Field("statusCode"))
}

fn body(fields: &Map<String, Value>) -> Result<Bytes, Malformed> {
    let encoded = match fields.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(encoded)) => *encoded,
        Some(_) => return Err(Malformed::Field("isBase64Encoded")),
    };
    match fields.get("body") {
        None | Some(Value::Null) => Ok(Bytes::new()),
        Some(Value::String(text)) if encoded => {
            STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed::Field("body"))
        }
        Some(Value::String(text)) => Ok(Bytes::from(text.clone())),
        Some(_) => Err(Malformed::Field("body")),
    }
}

fn headers(fields: &Map<String, Value>, head: bool) -> Result<HeaderMap, Malformed> {
    let malformed = Malformed::Field("headers");
    let mut headers = HeaderMap::new();
    match fields.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(all)) => {
            for (name, value) in all {
                let name: HeaderName = name.parse().map_err(|_| Malformed::Field("headers"))?;
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    _ => return Err(malformed),
                };
                // The server itself says how long the body is and what becomes of the connection.
                let kept = head && name == CONTENT_LENGTH;
                if kept || ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name) {
                    headers.append(name, value.parse().map_err(|_| Malformed::Field("headers"))?);
                }
            }
        }
        Some(_) => return Err(malformed),
    }
    match fields.get("cookies") {
        None | Some(Value::Null) => {}
        Some(Value::Array(cookies)) => {
            for cookie in cookies {
                let value = cookie.as_str().and_then(|text| text.parse().ok());
                headers.append(SET_COOKIE, value.ok_or(Malformed::Field("cookies"))?);
            }
        }
        Some(_) => return Err(Malformed::Field("cookies")),
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn summary(answer: &str) -> Result<(u16, String, String), Malformed> {
        let response = response(answer.as_bytes(), false)?;
        let header = response.headers().get(CONTENT_TYPE);
        let content_type = header.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        Ok((response.status().as_u16(), content_type, body))
    }

    #[test]
    fn answers_are_read_as_the_developer_guide_says() {
        let cases = [
            // "If your Lambda function returns valid JSON and doesn't return a statusCode ..."
            (r#"{ "message": "Hello" }"#, 200, "application/json", r#"{"message":"Hello"}"#),
            (r#""Hello from Lambda!""#, 200, "application/json", "Hello from Lambda!"),
            ("[1,2]", 200, "application/json", "[1,2]"),
            ("null", 200, "application/json", "null"),
            // Customised answers.
            (r#"{"statusCode":204}"#, 204, "", ""),
            (r#"{"statusCode":201,"body":"ok"}"#, 201, "text/plain; charset=utf-8", "ok"),
            (r#"{"statusCode":"404","body":"x","headers":{"Content-Type":"a/b"}}"#, 404, "a/b", "x"),
            (
                r#"{"statusCode":200,"body":"aMO8","isBase64Encoded":true,"headers":{}}"#,
                200,
                "text/plain; charset=utf-8",
                "hü",
            ),
            (r#"{"statusCode":200,"body":null,"headers":null,"cookies":null,"isBase64Encoded":null}"#, 200, "", ""),
        ];
        for (answer, status, content_type, body) in cases {
            assert_eq!(summary(answer), Ok((status, content_type.into(), body.into())), "{answer}");
        }
    }

    #[test]
    fn a_malformed_answer_names_its_field() {
        let cases = [
            ("", Malformed::NotJson),
            ("<html>", Malformed::NotJson),
            (r#"{"statusCode":"abc"}"#, Malformed::Field("statusCode")),
            (r#"{"statusCode":42}"#, Malformed::Field("statusCode")),
            (r#"{"statusCode":101}"#, Malformed::Field("statusCode")),
            (r#"{"statusCode":null}"#, Malformed::Field("statusCode")),
            (r#"{"statusCode":200,"body":{"a":1}}"#, Malformed::Field("body")),
            (r#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#, Malformed::Field("body")),
            (r#"{"statusCode":200,"headers":{"a b":"c"}}"#, Malformed::Field("headers")),
            (r#"{"statusCode":200,"headers":{"a":"b\r\nc: d"}}"#, Malformed::Field("headers")),
            (r#"{"statusCode":200,"headers":{"a":["b"]}}"#, Malformed::Field("headers")),
            (r#"{"statusCode":200,"cookies":"a=b"}"#, Malformed::Field("cookies")),
        ];
        for (answer, malformed) in cases {
            assert_eq!(response(answer.as_bytes(), false).map(|_| ()), Err(malformed), "{answer}");
        }
    }

    #[test]
    fn every_cookie_is_a_header_and_the_connection_is_not_the_functions_business() {
        let answer = json!({
            "statusCode": 200,
            "headers": { "ETag": "\"1\"", "x-count": 3, "content-length": "999", "Transfer-Encoding": "chunked" },
            "multiValueHeaders": { "x-many": ["a", "b"] },
            "cookies": ["a=b; Secure", "c=d"],
        });
        let answer = answer.to_string();
        let head = super::response(answer.as_bytes(), true).unwrap();
        assert_eq!((&head.headers()["content-length"], head.body().len()), (&HeaderValue::from_static("999"), 0));
        let response = response(answer.as_bytes(), false).unwrap();
        let headers = response.headers();
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=b; Secure", "c=d"]);
        assert_eq!(headers.get("etag").unwrap(), "\"1\"");
        assert_eq!(headers.get("x-count").unwrap(), "3");
        assert_eq!(headers.len(), 4);
    }
}
