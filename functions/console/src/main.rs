//! Serves the console, a web page over the HTTP API: `GET /console`, and the files that it loads.

mod routes;

use millrace_api::serve::serve;
use millrace_platform::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    serve(routes::router(), async {}).await
}
