//! Why the control API refuses a request.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// A refused request.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The valid names, if a name is unknown.
    pub(super) known: Option<Vec<String>>,
}

/// An answer of the control API.
pub(super) type Answer = Result<(StatusCode, Json<Value>), Refusal>;

impl Refusal {
    pub(super) fn bad(message: impl Into<String>) -> Refusal {
        Refusal { status: StatusCode::BAD_REQUEST, message: message.into(), known: None }
    }

    pub(super) fn unknown(message: String, known: Vec<String>) -> Refusal {
        Refusal { status: StatusCode::NOT_FOUND, message, known: Some(known) }
    }

    pub(super) fn failed(message: String) -> Refusal {
        Refusal { status: StatusCode::SERVICE_UNAVAILABLE, message, known: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message });
        if let (Some(known), Some(fields)) = (self.known, body.as_object_mut()) {
            fields.insert("known".to_owned(), json!(known));
        }
        (self.status, Json(body)).into_response()
    }
}
