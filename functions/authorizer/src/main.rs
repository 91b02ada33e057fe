//! `authorizer`: tells API Gateway who calls. It takes the access tokens of one OpenID Connect issuer and API keys, and
//! answers with the caller and their scopes; what a scope allows, the functions decide.
//!
//! Event and answer: "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway developer guide, payload
//! format 2.0 with simple responses.

mod authorize;

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use millrace_authentication::Deployed;
use millrace_platform::{clock, invocations, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let authenticator = Arc::new(Deployed::from_env()?);
    let handle = move |event: LambdaEvent<Value>| {
        let authenticator = authenticator.clone();
        async move { authorize::answer(&authenticator, &event.payload, clock::now().as_second()).await }
    };
    invocations::serve(handle, async {}).await
}
