//! Logs and trace context: JSON lines on stdout, where every line of an invocation has its request id, event id and
//! trace id.

mod json;
mod trace_context;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

pub use trace_context::{InvalidTraceparent, TraceContext};

use crate::settings;

/// Name of the W3C header, in HTTP requests and Kafka records.
pub const TRACEPARENT: &str = "traceparent";

/// Log levels that libraries are capped at, by target prefix, unless `RUST_LOG` names them. krafka warns about every
/// attempt; here the final outcome is logged once.
const LIBRARIES: &[(&str, LevelFilter)] = &[
    ("aws_", LevelFilter::WARN),
    ("axum", LevelFilter::WARN),
    ("h2", LevelFilter::WARN),
    ("hyper", LevelFilter::WARN),
    ("krafka", LevelFilter::ERROR),
    ("lambda_", LevelFilter::WARN),
    ("mio", LevelFilter::WARN),
    ("rustls", LevelFilter::WARN),
    ("tokio", LevelFilter::WARN),
    ("tower", LevelFilter::WARN),
    ("tracing", LevelFilter::WARN),
];

/// Sends logs to stdout and reports panics as log lines. Call once, first in `main`; a second call does nothing.
///
/// The level is `RUST_LOG` (`info`, `warn,millrace=debug`, ...), otherwise `AWS_LAMBDA_LOG_LEVEL`, otherwise info.
pub fn init() {
    let (filter, problem) = match filter(settings::optional("RUST_LOG"), settings::optional("AWS_LAMBDA_LOG_LEVEL")) {
        Ok(filter) => (filter, None),
        Err(problem) => (with_libraries_capped(Targets::new().with_default(Level::INFO)), Some(problem)),
    };
    let now = || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let lines = json::JsonLines::new(std::io::stdout(), now).with_filter(filter);
    if tracing_subscriber::registry().with(lines).try_init().is_err() {
        return;
    }
    if let Some(problem) = problem {
        tracing::warn!(%problem, "RUST_LOG is not valid; logging at info");
    }
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic = message, location, "panicked");
    }));
}

/// The span of one invocation. `requestId` is Lambda's request id.
pub fn invocation_span(request_id: &str, trace: Option<&TraceContext>) -> Span {
    let span = tracing::info_span!("invocation", requestId = request_id, traceId = tracing::field::Empty);
    if let Some(trace) = trace {
        span.record("traceId", trace.trace_id());
    }
    span
}

/// The span of the work on one event within an invocation.
pub fn event_span(event_id: &str, trace: Option<&TraceContext>) -> Span {
    let span = tracing::info_span!("event", eventId = event_id, traceId = tracing::field::Empty);
    if let Some(trace) = trace {
        span.record("traceId", trace.trace_id());
    }
    span
}

fn filter(rust_log: Option<String>, lambda_level: Option<String>) -> Result<Targets, ParseError> {
    let base = match (rust_log, lambda_level) {
        (Some(directives), _) => directives.parse()?,
        // Lambda's levels are tracing's, plus FATAL.
        (None, Some(level)) if level.eq_ignore_ascii_case("FATAL") => Targets::new().with_default(Level::ERROR),
        (None, Some(level)) => Targets::new().with_default(level.parse::<LevelFilter>().unwrap_or(LevelFilter::INFO)),
        (None, None) => Targets::new().with_default(Level::INFO),
    };
    Ok(with_libraries_capped(base))
}

/// The caps are added first, so that a directive of `base` for the same or a longer target overrides them.
fn with_libraries_capped(base: Targets) -> Targets {
    let default = base.default_level().unwrap_or(LevelFilter::INFO);
    Targets::new()
        .with_default(default)
        .with_targets(LIBRARIES.iter().map(|(library, cap)| (*library, default.min(*cap))))
        .with_targets(base.iter().map(|(target, level)| (target.to_owned(), level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(rust_log: Option<&str>, lambda_level: Option<&str>) -> Targets {
        filter(rust_log.map(str::to_owned), lambda_level.map(str::to_owned)).unwrap()
    }

    #[test]
    fn libraries_are_capped_unless_named() {
        let plain = filtered(None, None);
        assert!(plain.would_enable("millrace_delivery::outbox", &Level::INFO));
        assert!(plain.would_enable("products_api", &Level::INFO));
        assert!(!plain.would_enable("products_api", &Level::DEBUG));
        assert!(!plain.would_enable("krafka::client", &Level::INFO));
        assert!(plain.would_enable("aws_smithy_runtime", &Level::WARN));

        let named = filtered(Some("debug,krafka::producer=trace"), Some("ERROR"));
        assert!(named.would_enable("products_api", &Level::DEBUG), "RUST_LOG goes before Lambda's level");
        assert!(named.would_enable("krafka::producer::engine", &Level::TRACE));
        assert!(!named.would_enable("krafka::client", &Level::INFO));
    }

    #[test]
    fn lambdas_level_is_understood_in_its_own_spelling() {
        for (level, enabled, disabled) in [
            ("DEBUG", Level::DEBUG, Level::TRACE),
            ("FATAL", Level::ERROR, Level::WARN),
            ("odd", Level::INFO, Level::DEBUG),
        ] {
            let filter = filtered(None, Some(level));
            assert!(filter.would_enable("archive", &enabled) && !filter.would_enable("archive", &disabled), "{level}");
        }
        assert!(!filtered(None, Some("ERROR")).would_enable("hyper", &Level::WARN), "a cap never raises the level");
        assert!(filter(Some("millrace=loud".to_owned()), None).is_err());
    }
}
