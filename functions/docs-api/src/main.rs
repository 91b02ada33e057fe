//! Serves the contracts of the HTTP API and of the topics, and the schemas of the events: `GET /openapi.json`, `/asyncapi.json`
//! and `/schemas/{file}` for programs, and `GET /docs` and `/docs/events` for people.

mod login;
mod routes;

use millrace_api::serve::serve;
use millrace_platform::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    serve(routes::router(login::Login::from_env()?)?, async {}).await
}
