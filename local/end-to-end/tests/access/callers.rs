//! A stack that lets only known callers in, and their credentials.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use end_to_end::stack::{Answer, Stack};
use millrace_access::Scope;
use millrace_access::key::{ApiKey, KeyItem};
use reqwest::{Client, redirect};
use serde_json::Value;

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://localhost/cb";

/// A stack with `--auth`.
pub struct Closed {
    pub stack: Stack,
    pub issuer: String,
    http: Client,
    /// Every credential that a test has used.
    used: Mutex<Vec<String>>,
}

impl Closed {
    pub async fn start() -> Closed {
        Closed::start_with(&[]).await
    }

    /// With further flags.
    pub async fn start_with(flags: &[&str]) -> Closed {
        let stack = Stack::start_with(&[&["--auth"], flags].concat()).await;
        let issuer = stack.addresses.issuer.clone().unwrap();
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let used = Mutex::new(vec![stack.addresses.api_key.clone().unwrap()]);
        Closed { stack, issuer, http, used }
    }

    /// The developer's key, which may do everything.
    pub fn all(&self) -> String {
        self.stack.addresses.api_key.clone().unwrap()
    }

    /// The token of a program.
    pub async fn service(&self, client: &str, scopes: &str) -> String {
        self.token(&[("grant_type", "client_credentials"), ("client_id", client), ("scope", scopes)]).await
    }

    /// The token of a user, who has logged in at the issuer.
    pub async fn user(&self, name: &str, scopes: &str) -> String {
        let asked = [
            ("response_type", "code"),
            ("client_id", "shop"),
            ("redirect_uri", REDIRECT),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("scope", scopes),
            ("user", name),
        ];
        let answer = self.http.post(format!("{}/authorize", self.issuer)).body(form(&asked)).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let location = answer.headers()["location"].to_str().unwrap();
        let code = location.split_once("code=").unwrap().1.split('&').next().unwrap();
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", "shop"),
            ("redirect_uri", REDIRECT),
            ("code", code),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn token(&self, fields: &[(&str, &str)]) -> String {
        let answer = self.http.post(format!("{}/token", self.issuer)).body(form(fields)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        self.note(answer["access_token"].as_str().unwrap().to_owned())
    }

    /// A control of the issuer.
    pub async fn control(&self, path: &str) {
        let answer = self.http.post(format!("{}/control/{path}", self.issuer)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}");
    }

    /// An API key with its item, which a test may change before it is stored.
    pub async fn key(&self, key: &ApiKey, change: impl FnOnce(KeyItem) -> KeyItem) -> String {
        let item = KeyItem {
            id: key.id().clone(),
            hash: key.hash(),
            previous: None,
            owner: "a test".to_owned(),
            scopes: [Scope::ProductsRead].into_iter().collect(),
            rate: None,
            created_at: now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        let put = self.stack.dynamodb.put_item().table_name(self.stack.table("ApiKeysTable"));
        put.set_item(Some(change(item).to_item())).send().await.unwrap();
        self.note(key.expose())
    }

    fn note(&self, credential: String) -> String {
        self.used.lock().unwrap().push(credential.clone());
        credential
    }

    pub fn used(&self) -> Vec<String> {
        self.used.lock().unwrap().clone()
    }

    /// Asks with a credential; an empty one is none.
    pub async fn ask(&self, credential: &str, line: &str, body: &Value) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = self.stack.request(method, path);
        if !credential.is_empty() {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        if !body.is_null() {
            request = request.json(body);
        }
        self.stack.send(request).await
    }
}

/// A form, with everything but the plainest letters escaped.
fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The parts of a credential that nobody but its owner may have: of a token all of it and its signature, of a key its secret.
pub fn secrets(credential: &str) -> Vec<String> {
    match credential.parse::<ApiKey>() {
        Ok(_) => vec![credential.split('_').nth(2).unwrap().to_owned()],
        Err(_) => {
            let signature = credential.rsplit('.').next().unwrap();
            assert!(URL_SAFE_NO_PAD.decode(signature).is_ok());
            vec![signature.to_owned()]
        }
    }
}

/// Status and code of an answer; of one that no function has given, its message.
#[track_caller]
pub fn told(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let code = body["code"].as_str().or(body["message"].as_str()).unwrap_or_default();
    (answer.status, code.to_owned())
}
