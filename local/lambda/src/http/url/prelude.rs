//! What a streamed answer of HTTP begins with: status, headers and cookies as JSON, then eight NUL bytes. Pure.

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::http::answer::{Malformed, status};

/// What ends the prelude.
const END: [u8; 8] = [0; 8];

/// Largest prelude, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The prelude as far as it has come.
#[derive(Debug, Default)]
pub struct Prelude(BytesMut);

/// Status and headers, and the bytes of the body that came with them.
pub type Head = (StatusCode, HeaderMap, Bytes);

impl Prelude {
    /// Takes the next bytes; returns the head when it is complete.
    ///
    /// # Errors
    /// It is none.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Head>, Malformed> {
        // The end may have begun in the bytes before.
        let from = self.0.len().saturating_sub(END.len() - 1);
        self.0.extend_from_slice(bytes);
        let tail = self.0.get(from..).unwrap_or_default();
        let Some(at) = tail.windows(END.len()).position(|window| window == END).map(|at| from + at) else {
            return if self.0.len() > MAX_BYTES { Err(Malformed::Field("the prelude")) } else { Ok(None) };
        };
        let rest = self.0.split_off(at + END.len()).freeze();
        let fields: Value =
            serde_json::from_slice(self.0.get(..at).unwrap_or_default()).map_err(|_| Malformed::NotJson)?;
        let fields = fields.as_object().ok_or(Malformed::NotJson)?;
        let status = fields.get("statusCode").map_or(Ok(StatusCode::OK), |code| status(Some(code)))?;
        Ok(Some((status, headers(fields)?, rest)))
    }
}

fn headers(fields: &Map<String, Value>) -> Result<HeaderMap, Malformed> {
    let malformed = || Malformed::Field("headers");
    let mut headers = HeaderMap::new();
    for (name, values) in fields.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| malformed())?;
        let values = values.as_array().map_or_else(|| vec![values], |values| values.iter().collect());
        // The server itself says how long the body is and what becomes of the connection.
        for value in values.into_iter().filter(|_| ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name)) {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok()).ok_or_else(malformed)?;
            headers.append(name.clone(), value);
        }
    }
    for cookie in fields.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let value = cookie.as_str().and_then(|text| HeaderValue::from_str(text).ok());
        headers.append(SET_COOKIE, value.ok_or(Malformed::Field("cookies"))?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prelude_is_read_however_it_is_cut() {
        let text =
            br#"{"statusCode":201,"headers":{"content-type":"text/event-stream","vary":["a","b"]},"cookies":["c=1"]}"#;
        let whole = [text.as_slice(), &[0; 8], b"body"].concat();
        for cut in 1..whole.len() {
            let mut prelude = Prelude::default();
            let first = prelude.push(&whole[..cut]).unwrap();
            let (status, headers, rest) = match first {
                Some(head) => head,
                None => prelude.push(&whole[cut..]).unwrap().unwrap(),
            };
            assert_eq!(status, 201, "cut at {cut}");
            assert_eq!(
                (headers["content-type"].to_str().unwrap(), headers["set-cookie"].to_str().unwrap()),
                ("text/event-stream", "c=1")
            );
            assert_eq!(headers.get_all("vary").iter().count(), 2);
            assert!(b"body".starts_with(&rest) || rest == "body".as_bytes(), "{rest:?}");
        }
        for wrong in ["x", "[]", r#"{"statusCode":99}"#, r#"{"headers":{"a b":"c"}}"#, r#"{"headers":{"a":{}}}"#] {
            assert!(Prelude::default().push(&[wrong.as_bytes(), &[0; 8]].concat()).is_err(), "{wrong}");
        }
        assert!(Prelude::default().push(&vec![b'x'; MAX_BYTES + 1]).is_err());
    }
}
