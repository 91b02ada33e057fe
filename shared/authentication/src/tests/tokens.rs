//! What makes a token one of the issuer's.

use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::played::{self, Answers, ISSUER, NOW, authorizer, claims, event};
use super::signer::{Signer, encode};
use crate::refused::{Failure, Refused};

const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// Why a token is refused by an authorizer that knows one key.
async fn refused(signer: &Signer, token: &str) -> Refused {
    let (authorizer, ..) = authorizer(&[signer]);
    match played::caller(&authorizer, token, NOW).await {
        Err(Failure::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_of_each_algorithm_names_its_user_and_scopes() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm, "k1");
        let (authorizer, ..) = authorizer(&[&signer]);
        let answer = authorizer.answer(&event(&signer.token(&claims())), NOW).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        let principal = answer["context"]["principal"].as_str().unwrap();
        assert!(principal.starts_with("user:") && principal.ends_with(":ann"), "{principal}");
        let expected = json!({"isAuthorized": true, "context": {
            "principal": principal, "kind": "user", "user": "ann", "scopes": "products:read events:write",
            "exp": NOW + 3600, "keyId": "", "rate": 0,
        }});
        assert_eq!(answer, expected, "{algorithm}");
    }
}

#[tokio::test]
async fn a_token_does_not_choose_how_it_is_verified() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm, "k1");
        let unsigned = |alg: &str| {
            let header = encode(json!({"alg": alg, "kid": "k1"}).to_string());
            format!("{header}.{}.", encode(claims().to_string()))
        };
        for none in ["none", "None", "NONE", ""] {
            assert_eq!(refused(&signer, &unsigned(none)).await, Refused::Malformed, "{none}");
        }
        // The public key is public, so that whoever takes it for a shared secret takes anybody's token.
        for secret in [signer.public(), signer.jwk().to_string().into_bytes(), encode(signer.public()).into_bytes()] {
            let message = unsigned("HS256");
            let message = message.trim_end_matches('.');
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
            let token = format!("{message}.{}", encode(tag));
            assert_eq!(refused(&signer, &token).await, Refused::Algorithm);
        }
        for other in ALGORITHMS.into_iter().chain(["RS512", "ES384"]).filter(|other| *other != algorithm) {
            let token = signer.token_with(&json!({"alg": other, "kid": "k1"}), &claims());
            assert_eq!(refused(&signer, &token).await, Refused::Algorithm, "{algorithm} as {other}");
        }
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_or_points_to_is_not_used() {
    let (issuer, attacker) = (Signer::new("ES256", "k1"), Signer::new("ES256", "k1"));
    let jwk = attacker.jwk();
    for more in [
        json!({}),
        json!({"jwk": jwk}),
        json!({"jku": "https://evil.example/jwks"}),
        json!({"x5u": "https://evil.example"}),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "k1"});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(refused(&issuer, &attacker.token_with(&header, &claims())).await, Refused::Signature, "{header}");
    }
    let kids = [json!(null), json!("k2"), json!("../k1"), json!("k1 "), json!("k".repeat(300))];
    for kid in kids {
        let token = issuer.token_with(&json!({"alg": "ES256", "kid": kid}), &claims());
        assert_eq!(refused(&issuer, &token).await, Refused::UnknownSigningKey, "{kid}");
    }
    let critical = issuer.token_with(&json!({"alg": "ES256", "kid": "k1", "crit": ["exp"]}), &claims());
    assert_eq!(refused(&issuer, &critical).await, Refused::Malformed);
}

#[tokio::test]
async fn a_token_with_any_other_byte_is_refused() {
    let signer = Signer::new("EdDSA", "k1");
    let (authorizer, ..) = authorizer(&[&signer]);
    let token = signer.token(&claims());
    let mut refused = 0;
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        if played::caller(&authorizer, &changed, NOW).await.is_err() {
            refused += 1;
        }
        assert!(played::caller(&authorizer, &token[..at], NOW).await.is_err(), "cut at {at}");
    }
    assert_eq!(refused, token.len());
    for parts in ["..", ".", "a.b.c", &format!("{token}."), &format!("{token}.x"), &token.replace('.', "")] {
        assert!(played::caller(&authorizer, parts, NOW).await.is_err(), "{parts}");
    }
}

#[tokio::test]
async fn what_the_claims_are_judged_by_is_this_issuer_now() {
    let signer = Signer::new("ES256", "k1");
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        signer.token(&claims)
    };
    let cases = [
        ("iss", json!("https://issuer.example"), Refused::Issuer),
        ("iss", json!([ISSUER]), Refused::Issuer),
        ("aud", json!("https://other.example"), Refused::Audience),
        ("exp", json!(NOW - 30), Refused::Expired),
        ("nbf", json!(NOW + 31), Refused::NotYetValid),
        ("token_use", json!("id"), Refused::NotAnAccessToken),
    ];
    for (name, value, why) in cases {
        assert_eq!(refused(&signer, &with(name, value.clone())).await, why, "{name}: {value}");
    }
    for list in [json!([1, 2]), json!("text"), json!(null)] {
        assert_eq!(refused(&signer, &signer.token(&list)).await, Refused::Malformed, "{list}");
    }
}

/// `cargo test --lib the_time_of_a_decision -- --ignored --nocapture`, on the profile `local`.
#[tokio::test]
#[ignore = "prints how long a decision takes, and judges nothing"]
async fn the_time_of_a_decision_with_warm_keys() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm, "k1");
        let (authorizer, ..) = authorizer(&[&signer]);
        let event = event(&signer.token(&claims()));
        let mut times = Vec::new();
        for _ in 0..10_000 {
            let start = std::time::Instant::now();
            assert!(authorizer.answer(&event, NOW).await.is_ok());
            times.push(start.elapsed());
        }
        times.sort_unstable();
        eprintln!("{algorithm}: p50 {:?}, p99 {:?}", times[5_000], times[9_900]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_credential_of_any_kind_is_taken_or_is_a_function_error(credential in "(mr_|eyJ)?[A-Za-z0-9._~+/=-]{0,120}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (authorizer, ..) = authorizer(&[&Signer::new("EdDSA", "k1")]);
        let answer = runtime.block_on(authorizer.answer(&event(&credential), NOW)).unwrap();
        prop_assert_eq!(serde_json::to_value(answer).unwrap(), json!({"isAuthorized": false}));
    }
}
