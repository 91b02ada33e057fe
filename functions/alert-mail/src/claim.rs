//! Ensures that one process sends the mail of an event: claim it with a lease, send it, mark it as sent.
//!
//! SES has no idempotency token, so a crash between sending and marking repeats the mail once, after the lease expires.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use millrace_platform::dynamo::{OnTable, StoreError, n, s, text};
use uuid::Uuid;

/// A claim expires after this time, which is longer than the function may run.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long a sent mail is remembered: longer than Kafka retains its event.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The table of sent and claimed mails.
#[derive(Debug, Clone)]
pub struct Claims {
    dynamo: Client,
    table: String,
}

/// Result of claiming a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// This process may send it.
    Ours,
    /// It has been sent.
    Sent,
    /// Another process is sending it, or died while sending it less than [`LEASE`] ago.
    Held,
}

impl Claims {
    pub fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table }
    }

    /// Claims the mail of an event.
    pub async fn claim(&self, event: &str, owner: Uuid, now: Timestamp) -> Result<Claimed, StoreError> {
        let (owner, second) = (owner.to_string(), now.as_second());
        let put = self
            .dynamo
            .put_item()
            .table_name(&self.table)
            .item("eventId", s(event))
            .item("owner", s(&owner))
            .item("claimedUntil", n(second + seconds(LEASE)))
            .item("expiresAt", n(second + seconds(RETENTION)))
            .condition_expression("attribute_not_exists(eventId) OR claimedUntil <= :now")
            .expression_attribute_values(":now", n(second))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = put else { return Ok(Claimed::Ours) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item().cloned().unwrap_or_default();
                Ok(if item.contains_key("sentAt") {
                    Claimed::Sent
                } else if text(&item, "owner").is_ok_and(|other| other == owner) {
                    // The SDK's retry of a claim whose response was lost.
                    Claimed::Ours
                } else {
                    Claimed::Held
                })
            }
            _ => Err(StoreError::of(&error, &self.table)),
        }
    }

    /// Marks a mail as sent, permanently: it no longer has a lease.
    pub async fn sent(&self, event: &str, message: &str, now: Timestamp) -> Result<(), StoreError> {
        let update = self.dynamo.update_item().table_name(&self.table).key("eventId", s(event));
        update
            .update_expression("SET sentAt = :now, messageId = :message REMOVE claimedUntil")
            .expression_attribute_values(":now", s(now.to_string()))
            .expression_attribute_values(":message", s(message))
            .send()
            .await
            .on(&self.table)?;
        Ok(())
    }

    /// Releases a claim after a mail that was certainly not sent. Best effort: otherwise the lease expires.
    pub async fn release(&self, event: &str, owner: Uuid) {
        let delete = self
            .dynamo
            .delete_item()
            .table_name(&self.table)
            .key("eventId", s(event))
            .condition_expression("#owner = :owner AND attribute_exists(claimedUntil)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(owner.to_string()))
            .send()
            .await;
        if let Err(error) = delete {
            tracing::warn!(error = %StoreError::of(&error, &self.table), "the claim stays until its lease ends");
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
