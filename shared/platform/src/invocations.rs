//! Serves the invocations of a function that is not behind HTTP.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::crash_points::{self, ANSWER};
use crate::shutdown::{self, InFlight};
use crate::telemetry;

/// Serves until Lambda ends the process. After SIGTERM, when no invocation is in flight, `close` is awaited.
///
/// # Errors
/// The runtime API does not answer.
pub async fn serve<E, A, X, F>(
    handle: impl Fn(LambdaEvent<E>) -> F + Clone + Send + 'static,
    close: impl Future<Output = ()> + Send + 'static,
) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize + Send + 'static,
    X: Into<Diagnostic> + std::fmt::Debug + 'static,
    F: Future<Output = Result<A, X>> + Send + 'static,
{
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), close);
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<E>| {
        let guard = in_flight.enter();
        let span = telemetry::invocation_span(&event.context.request_id, None);
        // Boxed, so that an idle function does not reserve space for the handler's future.
        let answer = Box::pin(handle(event));
        async move {
            let _guard = guard;
            let answer = answer.await;
            crash_points::before(ANSWER);
            answer
        }
        .instrument(span)
    }))
    .await
}
