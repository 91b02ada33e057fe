//! API keys, from the credential to the answer.

use std::sync::atomic::Ordering::SeqCst;

use millrace_access::Scopes;
use millrace_access::key::{ApiKey, KeyItem};
use serde_json::json;

use super::played::{self, Answers, NOW, Played, authorizer, event};
use crate::authenticator::Authenticator;
use crate::refused::{Failure, Refused};

pub fn key() -> ApiKey {
    ApiKey::new(42, [42; 32])
}

pub fn item() -> KeyItem {
    KeyItem {
        id: key().id().clone(),
        hash: key().hash(),
        previous: None,
        owner: "the till".to_owned(),
        scopes: Scopes::known("orders:write"),
        rate: None,
        created_at: NOW - 1000,
        expires_at: Some(NOW + 86_400),
        revoked_at: None,
        last_used_at: None,
    }
}

#[tokio::test]
async fn a_key_is_a_caller_and_its_use_is_noted_once_an_hour() {
    let (authorizer, _, table) = authorizer(&[]);
    table.put(item());
    let credential = key().expose();
    for (now, writes) in [(NOW, 1), (NOW + 1, 1), (NOW + 3599, 1), (NOW + 3600, 2)] {
        let answer = authorizer.answer(&event(&credential), now).await.unwrap();
        let expected = json!({"isAuthorized": true, "context": {
            "principal": format!("key:{}", key().id()), "kind": "key", "user": "", "scopes": "orders:write",
            "exp": NOW + 86_400, "keyId": key().id().as_str(), "rate": 0,
        }});
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
        assert_eq!(table.writes.load(SeqCst), writes, "after {} s", now - NOW);
    }
    assert_eq!(table.reads.load(SeqCst), 4);
}

#[tokio::test]
async fn a_key_with_a_wrong_checksum_costs_no_read() {
    let (authorizer, _, table) = authorizer(&[]);
    table.put(item());
    let good = key().expose();
    let mut wrong: Vec<String> = (3..good.len())
        .map(|at| format!("{}{}{}", &good[..at], if &good[at..=at] == "0" { "1" } else { "0" }, &good[at + 1..]))
        .collect();
    wrong.extend((3..good.len()).map(|end| good[..end].to_owned()));
    wrong.extend([
        format!("{good}0"),
        format!("{good}_"),
        format!("mr_{good}"),
        good.to_uppercase().replacen("MR_", "mr_", 1),
    ]);
    for credential in &wrong {
        let answer = played::caller(&authorizer, credential, NOW).await;
        assert_eq!(answer, Err(Failure::Refused(Refused::Malformed)), "{credential}");
    }
    assert_eq!(table.reads.load(SeqCst), 0);
}

#[tokio::test]
async fn a_key_that_is_unknown_revoked_or_expired_or_has_another_secret_is_refused() {
    let refused = async |item: Option<KeyItem>, key: ApiKey| {
        let (authorizer, _, table) = authorizer(&[]);
        if let Some(item) = item {
            table.put(item);
        }
        let answer = authorizer.answer(&event(&key.expose()), NOW).await.unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap(), json!({"isAuthorized": false}));
        assert_eq!(table.writes.load(SeqCst), 0, "nobody has used it");
        played::caller(&authorizer, &key.expose(), NOW).await.unwrap_err()
    };
    assert_eq!(refused(None, key()).await, Failure::Refused(Refused::UnknownApiKey));
    assert_eq!(refused(Some(item()), ApiKey::new(42, [1; 32])).await, Failure::Refused(Refused::WrongSecret));
    let revoked = KeyItem { revoked_at: Some(NOW - 1), ..item() };
    assert_eq!(refused(Some(revoked), key()).await, Failure::Refused(Refused::Revoked));
    let expired = KeyItem { expires_at: Some(NOW), ..item() };
    assert_eq!(refused(Some(expired), key()).await, Failure::Refused(Refused::Expired));
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_no_refusal_and_a_use_that_is_not_noted_does_no_harm() {
    let (authorizer, _, table) = authorizer(&[]);
    table.put(item());
    *table.read_only.lock().unwrap() = true;
    assert!(played::caller(&authorizer, &key().expose(), NOW).await.is_ok());
    *table.down.lock().unwrap() = true;
    assert!(authorizer.answer(&event(&key().expose()), NOW).await.is_err());
}

#[tokio::test]
async fn credentials_of_a_kind_that_is_switched_off_are_refused() {
    let off: Played = Authenticator { tokens: None, table: None };
    for credential in [key().expose(), "eyJhbGciOiJSUzI1NiJ9.e30.AA".to_owned()] {
        assert_eq!(played::caller(&off, &credential, NOW).await, Err(Failure::Refused(Refused::KindNotTaken)));
    }
}
