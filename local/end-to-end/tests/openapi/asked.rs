//! Requests to a stack whose answers are checked against the contract.

use end_to_end::stack::{Answer, Stack};

use crate::contract::Contract;

/// A stack, queried according to the contract.
pub struct Asked {
    pub stack: Stack,
    pub contract: Contract,
}

impl Asked {
    pub async fn start() -> Asked {
        Asked { stack: Stack::start().await, contract: Contract::read() }
    }

    /// Sends a request and checks its answer against the contract. A request that is accepted must be allowed by it.
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

    /// Like `ask`, for requests that the contract's own schemas reject too.
    pub async fn mistaken(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) {
        self.ask(method, target, key, body).await.with(400);
        assert!(!self.contract.allows(method, target, key, body), "the contract allows {method} {target}: {body:?}");
    }
}
