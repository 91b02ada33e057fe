//! An issuer and a table of keys that count what is asked of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use millrace_access::Caller;
use millrace_access::key::{KeyId, KeyItem};
use millrace_platform::dynamo::StoreError;
use serde_json::{Value, json};

use super::signer::Signer;
use crate::authenticator::Authenticator;
use crate::issuer::Issuer;
use crate::jwks::fetch::Fetch;
use crate::refused::Failure;
use crate::table::KeyTable;
use crate::token::{Rules, Tokens};

pub const ISSUER: &str = "https://issuer.example/";
pub const AUDIENCE: &str = "https://api.example";
pub const NOW: i64 = 1_795_240_800;

/// What the issuer publishes.
#[derive(Default)]
pub struct Site {
    keys: Mutex<Option<Vec<Value>>>,
    fetches: AtomicUsize,
}

impl Site {
    pub fn publish(&self, signers: &[&Signer]) {
        *self.keys.lock().unwrap() = Some(signers.iter().map(|signer| signer.jwk()).collect());
    }

    /// Nothing is published any more.
    pub fn goes_down(&self) {
        *self.keys.lock().unwrap() = None;
    }

    /// How often the keys were asked for.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Fetch for Arc<Site> {
    async fn get(&self, url: &str) -> Result<Bytes, String> {
        let discovery = url == "https://issuer.example/.well-known/openid-configuration";
        if discovery {
            self.fetches.fetch_add(1, Ordering::SeqCst);
        }
        // Other requests get their turn, as they do while one waits for the network.
        tokio::task::yield_now().await;
        let keys = self.keys.lock().unwrap().clone().ok_or("down")?;
        let document = match url {
            _ if discovery => json!({"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"}),
            "https://keys.example/jwks" => json!({"keys": keys}),
            other => return Err(format!("there is nothing at {other}")),
        };
        Ok(document.to_string().into())
    }
}

/// A table of keys.
#[derive(Default)]
pub struct PlayedTable {
    pub items: Mutex<HashMap<String, KeyItem>>,
    pub down: Mutex<bool>,
    /// Writes fail.
    pub read_only: Mutex<bool>,
    pub reads: AtomicUsize,
    pub writes: AtomicUsize,
}

impl PlayedTable {
    pub fn put(&self, item: KeyItem) {
        self.items.lock().unwrap().insert(item.id.to_string(), item);
    }
}

impl KeyTable for Arc<PlayedTable> {
    async fn read(&self, id: &KeyId) -> Result<Option<KeyItem>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if *self.down.lock().unwrap() {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        Ok(self.items.lock().unwrap().get(id.as_str()).cloned())
    }

    async fn used(&self, id: &KeyId, now: i64) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        if *self.read_only.lock().unwrap() {
            return Err(StoreError::Unavailable("read only".to_owned()));
        }
        if let Some(item) = self.items.lock().unwrap().get_mut(id.as_str()) {
            item.last_used_at = Some(now);
        }
        Ok(())
    }
}

pub type Played = Authenticator<Arc<Site>, Arc<PlayedTable>>;

/// An authorizer with an issuer that publishes the signers' keys, and with a table.
pub fn authorizer(signers: &[&Signer]) -> (Played, Arc<Site>, Arc<PlayedTable>) {
    let (site, table) = (Arc::<Site>::default(), Arc::<PlayedTable>::default());
    site.publish(signers);
    let rules = Rules::new(ISSUER.to_owned(), vec![AUDIENCE.to_owned()], vec!["till".to_owned()], "sub".to_owned());
    let tokens = Tokens::new(Issuer::new(ISSUER).unwrap(), rules, site.clone());
    (Authenticator { tokens: Some(tokens), table: Some(table.clone()) }, site, table)
}

/// What the authorizer makes of a caller.
pub trait Answers {
    /// The answer to a request with this header.
    async fn answer(&self, header: &str, now: i64) -> Result<Value, String>;
}

impl Answers for Played {
    async fn answer(&self, header: &str, now: i64) -> Result<Value, String> {
        match self.caller(Some(header), now).await {
            Ok(caller) => Ok(json!({"isAuthorized": true, "context": caller})),
            Err(Failure::Refused(_)) => Ok(json!({"isAuthorized": false})),
            Err(Failure::Unavailable(why)) => Err(why),
        }
    }
}

/// The header of a request with this credential.
pub fn event(credential: &str) -> String {
    format!("Bearer {credential}")
}

/// Claims of a good token.
pub fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "ann", "aud": AUDIENCE, "exp": NOW + 3600, "scope": "openid products:read events:write"})
}

/// Who calls with this credential.
pub async fn caller(authorizer: &Played, credential: &str, now: i64) -> Result<Caller, Failure> {
    authorizer.caller(Some(&event(credential)), now).await
}
