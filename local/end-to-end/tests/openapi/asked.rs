//! Requests to a stack that are held against the contract, with their answers.

use end_to_end::stack::{Answer, Stack};

use crate::contract::Contract;

/// A stack, asked by the contract.
pub struct Asked {
    pub stack: Stack,
    pub contract: Contract,
}

impl Asked {
    pub async fn start() -> Asked {
        Asked { stack: Stack::start().await, contract: Contract::read() }
    }

    /// Asks, and checks the answer by the contract. What is taken has to be allowed.
    pub async fn ask(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) -> Answer {
        let mut request = self.stack.request(method, target);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = self.stack.send(request).await;
        self.contract.check(method, target, &answer);
        let allowed = self.contract.allows(method, target, key, body);
        assert!(allowed || answer.status >= 400, "{method} {target} is taken, which the contract refuses: {body:?}");
        answer
    }

    /// As `ask`, for what the contract's own schemas refuse too.
    pub async fn mistaken(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) {
        self.ask(method, target, key, body).await.with(400);
        assert!(!self.contract.allows(method, target, key, body), "the contract allows {method} {target}: {body:?}");
    }
}
