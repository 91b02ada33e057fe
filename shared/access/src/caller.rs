//! The caller that the authorizer names, and its form in the authorizer's context.

use std::collections::HashMap;
use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::Value;

use crate::scope::{Scope, Scopes};

/// How long a credential is taken after its `exp`, and before its `nbf`, because clocks differ.
pub const LEEWAY_SECONDS: i64 = 30;

/// `exp` of a key that does not expire: the end of the year 9999, which a double holds exactly.
pub const NO_EXPIRY: i64 = 253_402_300_799;

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person, by a token that acts for them.
    User,
    /// A program, by a token of its own.
    Service,
    /// A program, by an API key.
    Key,
}

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Stable id over all issuers and keys; never empty.
    pub principal: String,
    /// What kind of caller it is.
    pub kind: Kind,
    /// The user; there is one if, and only if, the kind is [`Kind::User`].
    pub user: Option<String>,
    /// What they may do.
    pub scopes: Scopes,
    /// When the credential expires, in Unix seconds.
    pub exp: i64,
    /// The id of the API key; there is one if, and only if, the kind is [`Kind::Key`].
    pub key_id: Option<String>,
    /// Requests per second that an API key may make, if it is limited; a token is not.
    pub rate: Option<NonZeroU32>,
}

/// A context names no caller. It says which member is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the authorizer's context has no valid {0}")]
pub struct InvalidContext(pub &'static str);

/// The context, as the authorizer writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    principal: &'a str,
    kind: Kind,
    user: &'a str,
    scopes: String,
    exp: i64,
    key_id: &'a str,
    /// 0 if there is none.
    rate: u32,
}

impl Serialize for Caller {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let context = Context {
            principal: &self.principal,
            kind: self.kind,
            user: self.user.as_deref().unwrap_or_default(),
            scopes: self.scopes.to_string(),
            exp: self.exp,
            key_id: self.key_id.as_deref().unwrap_or_default(),
            rate: self.rate.map_or(0, NonZeroU32::get),
        };
        context.serialize(serializer)
    }
}

impl Caller {
    /// The caller of a context, which API Gateway hands on as `requestContext.authorizer.lambda`. Members that are not
    /// known are passed over, and so are names of scopes, which then grant nothing.
    ///
    /// # Errors
    /// [`InvalidContext`] for whatever the authorizer does not write: then there is no caller.
    pub fn from_context(context: &HashMap<String, Value>) -> Result<Self, InvalidContext> {
        let text = |name| context.get(name).and_then(Value::as_str).ok_or(InvalidContext(name));
        let optional = |name| text(name).map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let kind = match text("kind")? {
            "user" => Kind::User,
            "service" => Kind::Service,
            "key" => Kind::Key,
            _ => return Err(InvalidContext("kind")),
        };
        let caller = Self {
            principal: optional("principal")?.ok_or(InvalidContext("principal"))?,
            kind,
            user: optional("user")?,
            scopes: Scopes::known(text("scopes")?),
            exp: context.get("exp").and_then(whole).ok_or(InvalidContext("exp"))?,
            key_id: optional("keyId")?,
            rate: match context.get("rate") {
                // As an authorizer wrote it that knew of no rates: API Gateway remembers its answers for a minute.
                None => None,
                Some(rate) => {
                    NonZeroU32::new(whole(rate).and_then(|rate| rate.try_into().ok()).ok_or(InvalidContext("rate"))?)
                }
            },
        };
        if caller.user.is_some() != (kind == Kind::User) {
            return Err(InvalidContext("user"));
        }
        if caller.key_id.is_some() != (kind == Kind::Key) {
            return Err(InvalidContext("keyId"));
        }
        if caller.rate.is_some() && kind != Kind::Key {
            return Err(InvalidContext("rate"));
        }
        Ok(caller)
    }

    /// Whether the caller may do what `scope` stands for.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// Whether the credential has expired at `now`, in Unix seconds. API Gateway may use an answer of the authorizer for
    /// longer than the credential is good for.
    #[must_use]
    pub fn is_expired(&self, now: i64) -> bool {
        now >= self.exp.saturating_add(LEEWAY_SECONDS)
    }
}

/// A whole number. On its way through API Gateway a number may become a double, or a text.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let whole = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() <= NO_EXPIRY as f64);
            whole.map(|it| it as i64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(kind: Kind) -> Caller {
        Caller {
            principal: "user:0f3a:ann".to_owned(),
            kind,
            user: (kind == Kind::User).then(|| "ann".to_owned()),
            scopes: Scopes::known("products:read events:write"),
            exp: 1_795_240_800,
            key_id: (kind == Kind::Key).then(|| "k1".to_owned()),
            rate: NonZeroU32::new(5).filter(|_| kind == Kind::Key),
        }
    }

    fn context(caller: &Caller) -> HashMap<String, Value> {
        serde_json::from_value(serde_json::to_value(caller).unwrap()).unwrap()
    }

    #[test]
    fn a_caller_is_read_back_from_its_context_and_allows_its_scopes_alone() {
        for kind in [Kind::User, Kind::Service, Kind::Key] {
            let caller = caller(kind);
            assert_eq!(Caller::from_context(&context(&caller)), Ok(caller.clone()));
            assert!(caller.allows(Scope::EventsWrite) && !caller.allows(Scope::EventsRead));
        }
        let written = json!({
            "principal": "user:0f3a:ann", "kind": "user", "user": "ann", "scopes": "products:read events:write",
            "exp": 1_795_240_800, "keyId": "", "rate": 0,
        });
        assert_eq!(serde_json::to_value(caller(Kind::User)).unwrap(), written);
    }

    #[test]
    fn a_context_that_the_authorizer_does_not_write_names_no_caller() {
        let wrong: &[(&str, &[Value])] = &[
            ("principal", &[Value::Null, json!(""), json!(7), json!(["x"])]),
            ("kind", &[Value::Null, json!(""), json!("User"), json!("admin"), json!("service"), json!("key")]),
            ("user", &[Value::Null, json!(""), json!(1), json!({})]),
            ("scopes", &[Value::Null, json!(["products:read"]), json!(true)]),
            ("exp", &[Value::Null, json!(""), json!("soon"), json!(1.5), json!(1e300), json!(true)]),
            ("keyId", &[Value::Null, json!("k1"), json!(0)]),
            ("rate", &[Value::Null, json!(""), json!(1), json!(-1), json!(0.5), json!(4_294_967_296_i64), json!(true)]),
        ];
        for (name, values) in wrong {
            for value in *values {
                let mut context = context(&caller(Kind::User));
                context.insert((*name).to_owned(), value.clone());
                assert!(Caller::from_context(&context).is_err(), "{name}: {value}");
            }
            let mut context = context(&caller(Kind::User));
            context.remove(*name);
            assert!(*name == "rate" || Caller::from_context(&context).is_err(), "no {name}");
        }
        assert!(Caller::from_context(&HashMap::new()).is_err());
        // What an authorizer wrote that knew of no rates.
        let mut before = context(&caller(Kind::Key));
        before.remove("rate");
        assert_eq!(Caller::from_context(&before), Ok(Caller { rate: None, ..caller(Kind::Key) }));
    }

    #[test]
    fn an_unknown_scope_grants_nothing_and_a_number_may_come_in_any_form() {
        let mut context = context(&caller(Kind::Service));
        context.insert("scopes".to_owned(), json!("products:read admin products:*"));
        for exp in [json!(1_795_240_800), json!(1_795_240_800.0), json!("1795240800")] {
            context.insert("exp".to_owned(), exp);
            let caller = Caller::from_context(&context).unwrap();
            assert_eq!((caller.exp, caller.scopes.to_string().as_str()), (1_795_240_800, "products:read"));
        }
    }

    #[test]
    fn a_credential_is_good_until_its_end_and_the_leeway() {
        let caller = caller(Kind::User);
        assert!(!caller.is_expired(caller.exp + LEEWAY_SECONDS - 1));
        assert!(caller.is_expired(caller.exp + LEEWAY_SECONDS));
        assert!(!Caller { exp: NO_EXPIRY, ..caller }.is_expired(4_000_000_000));
    }
}
