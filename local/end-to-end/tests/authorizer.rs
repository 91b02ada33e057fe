//! The authorizer on the real stack: keys that `millrace-keys` makes, and tokens of an issuer that the test plays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Output;

use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use end_to_end::paths;
use end_to_end::stack::Stack;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

/// What the authorizer answers to a request with this credential.
async fn answer(stack: &Stack, credential: &str) -> Value {
    let header = format!("Bearer {credential}");
    let event =
        json!({"version": "2.0", "type": "REQUEST", "identitySource": [header], "headers": {"authorization": header}});
    let path = "/_local/lambda/2015-03-31/functions/authorizer/invocations";
    let answer = stack.ask("POST", path, &event).await.with(200);
    assert_eq!(answer.header("x-amz-function-error"), "", "{}", answer.text);
    answer.json()
}

async fn is_authorized(stack: &Stack, credential: &str) -> bool {
    answer(stack, credential).await["isAuthorized"].as_bool().unwrap()
}

async fn keys(stack: &Stack, arguments: &str) -> Output {
    let mut command = Command::new(paths::binary("millrace-keys"));
    command.args(arguments.split_whitespace()).args(["--endpoint", &stack.addresses.aws]);
    command.args(["--table", stack.table("ApiKeysTable")]).kill_on_drop(true).output().await.unwrap()
}

/// What the tool prints on stdout.
async fn printed(stack: &Stack, arguments: &str) -> String {
    let output = keys(stack, arguments).await;
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_from_when_it_is_made_until_it_is_revoked() {
    let stack = Stack::start().await;
    let first = printed(&stack, "create --owner till --scopes orders:write,products:read --rate 20 --days 30").await;
    let id = first.split('_').nth(1).unwrap().to_owned();
    let taken = answer(&stack, &first).await;
    let context = &taken["context"];
    assert_eq!((&taken["isAuthorized"], &context["principal"]), (&json!(true), &json!(format!("key:{id}"))));
    assert_eq!((&context["scopes"], &context["keyId"]), (&json!("products:read orders:write"), &json!(id)));

    let listed: Value = serde_json::from_str(&printed(&stack, "list").await).unwrap();
    assert_eq!((&listed["id"], &listed["status"], &listed["rate"]), (&json!(id), &json!("active"), &json!(20)));
    assert!(listed["lastUsedAt"].is_string(), "its use is noted: {listed}");

    let second = printed(&stack, &format!("rotate {id}")).await;
    assert!(second != first && is_authorized(&stack, &first).await && is_authorized(&stack, &second).await);
    let third = printed(&stack, &format!("rotate {id} --grace-hours 0")).await;
    assert!(!is_authorized(&stack, &first).await && !is_authorized(&stack, &second).await);
    assert!(is_authorized(&stack, &third).await);

    printed(&stack, &format!("revoke {id}")).await;
    assert!(!is_authorized(&stack, &third).await);
    assert!(!keys(&stack, &format!("rotate {id}")).await.status.success(), "a revoked key stays revoked");
    assert!(!keys(&stack, "revoke 00000000000").await.status.success(), "there is no such key");
    let shown = format!("{:?} {}", stack.items("ApiKeysTable").await, printed(&stack, "list").await);
    for key in [&first, &second, &third] {
        assert!(!shown.contains(key.split('_').nth(2).unwrap()), "a secret is stored or listed");
    }
}

/// An issuer that serves its documents on this machine, and its key.
async fn issuer() -> (String, Ed25519KeyPair) {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let discovery = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")}).to_string();
    let public = URL_SAFE_NO_PAD.encode(pair.public_key());
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "x": public}]}).to_string();
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(move || async move { discovery }))
        .route("/jwks", get(move || async move { jwks }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (issuer, pair)
}

fn token(pair: &Ed25519KeyPair, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "k1", "typ": "at+jwt"})), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_issuer_names_its_user_and_one_for_another_api_nobody() {
    let (issuer, pair) = issuer().await;
    let parameter = format!("OidcIssuer={issuer}");
    let stack = Stack::start_with(&["--parameter", &parameter, "--parameter", "OidcAudiences=millrace"]).await;
    let exp = jiff::Timestamp::now().as_second() + 600;
    let mut claims =
        json!({"iss": issuer, "sub": "ann", "aud": ["millrace"], "exp": exp, "scope": "openid events:write"});
    let taken = answer(&stack, &token(&pair, &claims)).await;
    let context = &taken["context"];
    assert_eq!(
        (&taken["isAuthorized"], &context["user"], &context["kind"]),
        (&json!(true), &json!("ann"), &json!("user"))
    );
    assert_eq!((&context["scopes"], &context["exp"]), (&json!("events:write"), &json!(exp)));
    claims["aud"] = json!("another");
    assert!(!is_authorized(&stack, &token(&pair, &claims)).await);
}
