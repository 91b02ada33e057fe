//! The contract of the HTTP API, `contracts/openapi.yaml`, and what it says about a request and its answer.
//!
//! [`Stack`](crate::stack::Stack) holds every exchange of every test against it: an answer that the contract does not describe
//! fails the test, and so does a request that is accepted though the contract refuses it.

mod answer;
mod document;
mod request;
mod seen;

use std::sync::OnceLock;

use reqwest::Request;

pub use self::document::{Contract, objects};
pub use self::seen::Reasons;
use crate::stack::Answer;

/// The contract of this repository, whose validators are compiled once per process.
pub fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let mut contract = Contract::read();
        contract.seen.told = true;
        contract
    })
}

impl Contract {
    /// Checks an exchange.
    ///
    /// # Errors
    /// The contract does not have this answer, or the request was accepted though the contract refuses it.
    pub fn check(&self, request: &Request, answer: &Answer) -> Result<(), String> {
        let (method, path) = (request.method().as_str(), request.url().path());
        let told = |why: String| format!("{method} {path} is not as the contract says: {why}\n{answer:?}");
        self.answer(method, path, answer).map_err(told)?;
        if !(200..300).contains(&answer.status) || method == "OPTIONS" {
            return Ok(());
        }
        match self.refuses(request) {
            None => Ok(()),
            Some(why) => Err(told(format!("it was accepted, and the contract refuses it: {why}"))),
        }
    }
}

/// The media type without its parameters.
fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
