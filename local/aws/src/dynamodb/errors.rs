//! Errors that DynamoDB returns and dynoxide does not produce.

use dynoxide::DynoxideError;
use dynoxide::errors::CancellationReason;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The error of a table over its capacity. Every table here is on-demand.
pub(super) fn throttled() -> DynoxideError {
    DynoxideError::ProvisionedThroughputExceededException(
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
         provisioning level with the UpdateTable API."
            .into(),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Transaction {
    transact_items: Vec<IgnoredAny>,
}

/// A transaction cancelled because another one held its first item. There is one reason per item, in order.
///
/// Source: `TransactWriteItems` in the DynamoDB API reference, `TransactionCanceledException`.
pub(super) fn transaction_conflict(body: &[u8]) -> DynoxideError {
    let items = serde_json::from_slice::<Transaction>(body).map_or(1, |transaction| transaction.transact_items.len());
    let reasons: Vec<_> = (0..items.max(1))
        .map(|index| match index {
            0 => CancellationReason {
                code: "TransactionConflict".into(),
                message: Some("Transaction is ongoing for the item".into()),
                item: None,
            },
            _ => CancellationReason { code: "None".into(), message: None, item: None },
        })
        .collect();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    DynoxideError::TransactionCanceledException(message, reasons)
}

/// DynamoDB's error for a body that is not a valid request of the operation.
///
/// dynoxide marks the class of an error in its text: `VALIDATION:`, `VALIDATION_REQUEST:`, `SERIALIZATION:` and the
/// like. Without a mark, a missing or unknown field is a validation error and a wrong type a serialization error.
pub(super) fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let (mark, message) = match text.split_once(':') {
        Some((mark, rest)) if mark.starts_with("VALIDATION") || mark.starts_with("SERIALIZATION") => (mark, rest),
        _ => ("", text),
    };
    let message = match message {
        "empty AttributeValue object" => {
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        }
        other => other,
    };
    let serialization = match mark {
        "" => error.is_syntax() || error.is_eof() || message.starts_with("invalid type"),
        mark => mark.starts_with("SERIALIZATION"),
    };
    if serialization {
        DynoxideError::SerializationException(message.to_owned())
    } else {
        DynoxideError::ValidationException(message.to_owned())
    }
}
