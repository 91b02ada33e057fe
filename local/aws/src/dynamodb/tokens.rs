//! `ClientRequestToken` of transactions: within ten minutes, the same request with the same token is executed once.
//!
//! dynoxide has this too, but scans every token of the last ten minutes for every transaction, which at a few hundred
//! transactions per second costs more than all the rest.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// How long a token is valid (DynamoDB API reference, `TransactWriteItems`).
const WINDOW: Duration = Duration::from_secs(600);

/// Maximum length of a token, in bytes.
pub(super) const MAX_LENGTH: usize = 36;

/// The transactions of the last ten minutes.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By token: the hash of the request, and the answer.
    done: HashMap<String, (u64, Vec<u8>)>,
    /// Tokens, oldest first.
    order: VecDeque<(Instant, String)>,
}

impl Tokens {
    /// Executes a transaction, or returns the answer of the first one with this token. `asked` is the digest of its
    /// items.
    pub(super) fn once(
        &self,
        now: Instant,
        token: String,
        asked: u64,
        execute: impl FnOnce() -> dynoxide::Result<Vec<u8>>,
    ) -> dynoxide::Result<Vec<u8>> {
        // Held until the transaction is done, so that a duplicate waits for its answer. The database runs one at a time
        // anyway.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget(now);
        match state.done.get(&token) {
            Some((before, answer)) if *before == asked => return Ok(answer.clone()),
            Some(_) => {
                let text = "An error occurred (IdempotentParameterMismatchException)".to_owned();
                return Err(DynoxideError::IdempotentParameterMismatchException(text));
            }
            None => {}
        }
        let answer = execute()?;
        state.order.push_back((now, token.clone()));
        state.done.insert(token, (asked, answer.clone()));
        Ok(answer)
    }
}

impl State {
    fn forget(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= WINDOW) {
            if let Some((_, token)) = self.order.pop_front() {
                self.done.remove(&token);
            }
        }
    }
}

/// The part of a request that has to match.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "TransactItems")]
    items: Content,
}

/// A hash of JSON that is equal for equal content, regardless of the order of an object's fields.
struct Content(u64);

/// Equal for equal items of a request. Hashes while parsing, to avoid building values only for this.
pub(super) fn digest(body: &[u8]) -> dynoxide::Result<u64> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| super::errors::unreadable(&error))?;
    Ok(asked.items.0)
}

fn hash(content: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Content, A::Error> {
        let mut sum = 0_u64;
        while let Some((name, Content(value))) = fields.next_entry::<Cow<'de, str>, Content>()? {
            sum = sum.wrapping_add(hash((name, value)));
        }
        Ok(Content(hash(('o', sum))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Content, A::Error> {
        let mut all = DefaultHasher::new();
        'a'.hash(&mut all);
        while let Some(Content(value)) = values.next_element()? {
            value.hash(&mut all);
        }
        Ok(Content(all.finish()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content(hash(('s', text))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content(hash(('b', value))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content(hash(('n', value.to_string()))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content(hash(('n', value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content(hash(('n', value.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content(hash('0')))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(id: &str) -> u64 {
        let put = json!({"Put": {"TableName": "t", "Item": {"id": {"S": id}, "n": {"N": "1"}}}});
        digest(json!({"ClientRequestToken": "token", "TransactItems": [put]}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_token_is_used_once_for_one_request_in_ten_minutes() {
        let (tokens, start) = (Tokens::default(), Instant::now());
        let mut executed = 0;
        let mut call = |now, id: &str, fails: bool| {
            tokens.once(now, "token".to_owned(), asked(id), || {
                executed += 1;
                let failure = DynoxideError::InternalServerError("failed".to_owned());
                if fails { Err(failure) } else { Ok(executed.to_string().into_bytes()) }
            })
        };
        assert!(call(start, "a", true).is_err(), "a failure is not remembered");
        assert_eq!(call(start, "a", false).unwrap(), b"2");
        assert_eq!(call(start + WINDOW / 2, "a", false).unwrap(), b"2");
        let other = call(start + WINDOW / 2, "b", false);
        assert!(matches!(other, Err(DynoxideError::IdempotentParameterMismatchException(_))), "{other:?}");
        assert_eq!(call(start + WINDOW, "b", false).unwrap(), b"3");
    }

    #[test]
    fn the_order_of_fields_has_no_meaning_and_that_of_items_has() {
        let content = |text: &str| serde_json::from_str::<Content>(text).unwrap().0;
        assert_eq!(content(r#"{"a": 1, "b": [1, 2]}"#), content(r#"{"b": [1, 2], "a": 1}"#));
        assert_ne!(content(r#"{"a": 1, "b": 2}"#), content(r#"{"a": 2, "b": 1}"#));
        assert_ne!(content("[1, 2]"), content("[2, 1]"));
        assert_ne!(content(r#"["1"]"#), content("[1]"));
    }
}
