//! `GET /notifications/stream`: the feed of notifications as server-sent events, over a function URL that streams.

mod answer;
mod asked;
mod pump;
mod sse;

use std::sync::Arc;

use millrace_api::access::Auth;
use millrace_authentication::Deployed;
use millrace_platform::shutdown::{self, InFlight};
use millrace_platform::{aws, settings, telemetry};
use millrace_store::feed::Feed;

use crate::answer::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let authenticator = match Auth::from_env()? {
        Auth::Off => None,
        Auth::On => Some(Deployed::from_env()?),
    };
    let feed = Feed::new(aws::dynamodb()?, settings::setting("NOTIFICATIONS_TABLE")?);
    let function = Arc::new(Function { feed, authenticator });
    // A stream may be cut at any time, and its client goes on elsewhere: nothing has to be finished.
    shutdown::on_sigterm(InFlight::default(), async {});
    lambda_http::run_with_streaming_response_concurrent(lambda_http::service_fn(move |request| {
        let function = function.clone();
        async move { Ok::<_, lambda_http::Error>(function.answer(request).await) }
    }))
    .await
}
