//! Serves the contract of the HTTP API: `GET /openapi.json` for programs, and `GET /docs` for people.

mod routes;

use millrace_api::serve::serve;
use millrace_platform::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    serve(routes::router()?, async {}).await
}
