//! What must not be in any log.

use std::io;
use std::sync::{Arc, Mutex};

use millrace_access::key::ApiKey;
use tracing_subscriber::fmt::MakeWriter;

use super::api_keys::{item, key};
use super::played::{Answers, NOW, authorizer, claims, event};
use super::signer::Signer;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The parts of a credential of which none may be logged, whatever they are next to. Ids, headers and checksums may.
fn secrets(credential: &str) -> Vec<&str> {
    match credential.strip_prefix("mr_") {
        Some(rest) => rest.split('_').skip(1).take(1).collect(),
        None => credential.split('.').skip(1).collect(),
    }
}

#[tokio::test]
async fn no_secret_and_no_token_is_in_any_line_of_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let (signer, attacker) = (Signer::new("ES256", "k1"), Signer::new("ES256", "k1"));
    let (authorizer, site, table) = authorizer(&[&signer]);
    table.put(item());
    let mut expired = claims();
    expired["exp"] = 0.into();
    let good = signer.token(&claims());
    let credentials = [
        good.clone(),
        signer.token(&expired),
        attacker.token(&claims()),
        Signer::new("ES256", "k2").token(&claims()),
        good.replacen('.', ".x", 1),
        key().expose(),
        ApiKey::new(42, [1; 32]).expose(),
        ApiKey::new(1, [1; 32]).expose(),
        key().expose().replacen("mr_", "mr_0", 1),
    ];
    let ask = async |now: i64| {
        let mut answers = String::new();
        for credential in &credentials {
            answers.push_str(&format!("{:?}", authorizer.answer(&event(credential), now).await));
        }
        answers
    };
    let mut shown = ask(NOW).await;
    site.goes_down();
    *table.down.lock().unwrap() = true;
    shown.push_str(&ask(NOW + 100_000).await);
    shown.push_str(&format!("{:?} {:?} {:?}", key(), item(), key().hash()));
    shown.push_str(&String::from_utf8(log.0.lock().unwrap().clone()).unwrap());

    assert!(shown.contains("wrong_secret") && shown.contains("signature") && shown.contains("authorised"), "{shown}");
    for credential in &credentials {
        for secret in secrets(credential) {
            assert!(secret.len() > 20 && !shown.contains(secret), "{secret} is in {shown}");
        }
    }
}
