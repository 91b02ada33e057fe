//! `authorizer`: tells API Gateway who calls. It takes the access tokens of one OpenID Connect issuer and API keys, and
//! answers with the caller and their scopes; what a scope allows, the functions decide.
//!
//! Event and answer: "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway developer guide, payload
//! format 2.0 with simple responses.

mod api_key;
mod authorize;
mod credential;
mod issuer;
mod jwks;
mod refused;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use millrace_platform::{aws, clock, invocations, settings as environment, telemetry};
use serde_json::Value;

use crate::authorize::Authorizer;
use crate::jwks::fetch::Https;
use crate::settings::Settings;
use crate::table::DynamoTable;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let settings = Settings::read(environment::optional)?;
    let table = match settings.table {
        Some(table) => Some(DynamoTable::new(aws::dynamodb()?, table)),
        None => None,
    };
    let tokens = settings.tokens.map(|(issuer, rules)| token::Tokens::new(issuer, rules, Https::default()));
    let authorizer = Arc::new(Authorizer { tokens, table });
    let handle = move |event: LambdaEvent<Value>| {
        let authorizer = authorizer.clone();
        async move { authorizer.answer(&event.payload, clock::now().as_second()).await }
    };
    invocations::serve(handle, async {}).await
}
