//! The contract of the HTTP API: `GET /openapi.json` for programs, and `GET /docs` for people.

mod routes;

use millrace::{api, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    api::serve::serve(routes::router()?, async {}).await
}
