//! The outcome of an event that a client sent, and its HTTP response.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use millrace_api::Problem;
use serde_json::{Value, json};

/// `Retry-After` for events that Kafka did not acknowledge, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Outcome of an event.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Kafka has acknowledged it.
    Accepted { event_id: String },
    /// Invalid; nothing was stored.
    Invalid(Problem),
    /// The caller may not act for the user; nothing was stored.
    Forbidden(Problem),
    /// Refused by the rate limit; nothing was stored. Seconds after which there is room again.
    RateLimited { retry_after: u64 },
    /// Nothing was stored; the same request may be retried.
    Unavailable,
    /// Kafka did not acknowledge it in time. It may be stored nevertheless.
    Unknown { event_id: String },
}

impl Outcome {
    fn problem(&self) -> Option<Problem> {
        match self {
            Self::Accepted { .. } => None,
            Self::Invalid(problem) | Self::Forbidden(problem) => Some(problem.clone()),
            Self::RateLimited { retry_after } => {
                let detail = "the user has sent 100 events within a second; nothing was stored";
                Some(Problem::rate_limited("rate_limited", detail, *retry_after))
            }
            Self::Unavailable => Some(Problem::unavailable().with("retryAfter", json!(RETRY_AFTER_SECONDS))),
            Self::Unknown { event_id } => {
                let detail = "Kafka has not acknowledged the event in time, and may have stored it; \
                    send it again with this eventId, and it is processed once";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_acknowledged", detail);
                let problem = problem.retry_after(RETRY_AFTER_SECONDS).with("eventId", json!(event_id));
                Some(problem.with("retryAfter", json!(RETRY_AFTER_SECONDS)))
            }
        }
    }

    /// The response to a single event.
    pub fn answer(&self) -> Response {
        match (self, self.problem()) {
            (Self::Accepted { event_id }, _) => {
                (StatusCode::ACCEPTED, Json(json!({"eventId": event_id}))).into_response()
            }
            (_, problem) => problem.unwrap_or_else(Problem::unavailable).into_response(),
        }
    }

    fn result(&self) -> Value {
        match self {
            Self::Accepted { event_id } => json!({"eventId": event_id, "status": self.status()}),
            _ => json!({"status": self.status(), "error": self.problem()}),
        }
    }

    /// The status of an item of a batch.
    fn status(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Invalid(_) => "invalid",
            Self::Forbidden(_) => "forbidden",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable | Self::Unknown { .. } => "not_acknowledged",
        }
    }

    /// Ranks the outcomes of a batch of which nothing was accepted: temporary failures come first, and determine the
    /// response.
    fn rank(&self) -> u8 {
        match self {
            Self::Accepted { .. } => 0,
            Self::Unknown { .. } | Self::Unavailable => 1,
            Self::RateLimited { .. } => 2,
            Self::Invalid(_) => 3,
            Self::Forbidden(_) => 4,
        }
    }
}

/// The response to a batch: 202 with one result per item, in order, if at least one was accepted. Otherwise the problem
/// of one item, preferably a temporary one, with all results.
pub fn answer_all(outcomes: &[Outcome]) -> Response {
    let results: Vec<Value> = outcomes.iter().map(Outcome::result).collect();
    let first = outcomes.iter().min_by_key(|outcome| outcome.rank());
    match first.and_then(Outcome::problem) {
        None => (StatusCode::ACCEPTED, Json(json!({"results": results}))).into_response(),
        Some(problem) => problem.with("results", json!(results)).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_accepted_when_one_of_its_events_is() {
        let accepted = Outcome::Accepted { event_id: "e".to_owned() };
        let limited = Outcome::RateLimited { retry_after: 2 };
        let invalid = Outcome::Invalid(Problem::not_found("x"));
        let unknown = Outcome::Unknown { event_id: "e".to_owned() };
        let forbidden = Outcome::Forbidden(Problem::new(StatusCode::FORBIDDEN, "user_mismatch", "x"));
        let status = |outcomes: &[&Outcome]| {
            answer_all(&outcomes.iter().map(|outcome| (*outcome).clone()).collect::<Vec<_>>()).status().as_u16()
        };
        assert_eq!(status(&[&invalid, &accepted, &forbidden, &limited, &unknown]), 202);
        assert_eq!((status(&[&forbidden]), status(&[&forbidden, &limited])), (403, 429));
        assert_eq!(forbidden.result()["status"], "forbidden");
        assert_eq!(status(&[&invalid, &limited]), 429);
        assert_eq!(status(&[&limited, &unknown, &invalid]), 503);
        assert_eq!(answer_all(std::slice::from_ref(&limited)).headers()["retry-after"], "2");
        let of = |outcome: &Outcome| outcome.result()["status"].clone();
        let statuses = [&accepted, &invalid, &limited, &unknown, &Outcome::Unavailable].map(of);
        assert_eq!(statuses, ["accepted", "invalid", "rate_limited", "not_acknowledged", "not_acknowledged"]);
        let text = unknown.result().to_string();
        assert!(text.contains("\"eventId\":\"e\"") && text.contains("not_acknowledged"), "{text}");
    }
}
