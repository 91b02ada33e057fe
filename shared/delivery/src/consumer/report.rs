//! How uncompleted records are reported to Lambda.

use lambda_runtime::Diagnostic;
use serde::Serialize;

use millrace_platform::settings::{self, MissingSetting};

/// Lambda's partial batch response.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Every record that was not completed.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A record that was not completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its position.
    pub item_identifier: ItemIdentifier,
}

/// Identifies a record of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemIdentifier {
    /// Key in the batch's map: `topic-partition`.
    pub partition: String,
    /// Offset.
    pub offset: i64,
}

/// How failures are reported to Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Per record, through `batchItemFailures`.
    Records,
    /// The whole batch, as an error. For pollers that may not read `batchItemFailures` (on-demand pollers, LocalStack):
    /// one that ignores it would commit failed records.
    Batch,
}

impl Report {
    /// Reads the setting `PARTIAL_BATCHES`: `on` or `off`.
    ///
    /// # Errors
    /// It is missing or has another value.
    pub fn from_env() -> Result<Self, MissingSetting> {
        match settings::setting("PARTIAL_BATCHES")?.as_str() {
            "on" => Ok(Self::Records),
            "off" => Ok(Self::Batch),
            _ => Err(MissingSetting::new("PARTIAL_BATCHES")),
        }
    }

    pub(super) fn answer(self, response: BatchResponse) -> Result<BatchResponse, Diagnostic> {
        let failed = response.batch_item_failures.len();
        if self == Self::Records || failed == 0 {
            return Ok(response);
        }
        let error_message = format!("{failed} records were not completed");
        Err(Diagnostic { error_type: "RecordsNotCompleted".to_owned(), error_message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_partial_answers_may_not_be_read_a_failure_fails_the_batch() {
        let failed = || BatchResponse {
            batch_item_failures: vec![BatchItemFailure {
                item_identifier: ItemIdentifier { partition: "product-events-0".to_owned(), offset: 7 },
            }],
        };
        assert_eq!(Report::Records.answer(failed()).unwrap(), failed());
        assert_eq!(Report::Batch.answer(failed()).unwrap_err().error_type, "RecordsNotCompleted");
        assert_eq!(Report::Batch.answer(BatchResponse::default()).unwrap(), BatchResponse::default());
        let wire = r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"product-events-0","offset":7}}]}"#;
        assert_eq!(serde_json::to_string(&failed()).unwrap(), wire);
    }
}
