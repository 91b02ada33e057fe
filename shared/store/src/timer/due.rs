//! The due index: one entry per outstanding attempt.
//!
//! An entry is the durable record that an attempt is outstanding. The transaction that ends the attempt or cancels the
//! timer deletes it; until then the attempt is produced again and again.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use super::keys;
use millrace_domain::timer::{Timer, TimerDue};
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// An entry of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEntry {
    /// The due attempt.
    pub due: TimerDue,
    /// Trace context of the request that created the timer.
    pub traceparent: Option<String>,
}

impl DueEntry {
    /// The entry of a timer's next attempt.
    #[must_use]
    pub fn of(timer: &Timer) -> Self {
        let due = TimerDue { timer_id: timer.id.clone(), attempt: timer.attempt, due_at: timer.due_at };
        Self { due, traceparent: timer.traceparent.clone() }
    }

    /// The sort key of the entry.
    #[must_use]
    pub fn sk(&self) -> String {
        keys::due_at(self.due.due_at, &self.due.timer_id)
    }

    /// The action that adds the entry.
    ///
    /// # Errors
    /// Never in practice: a required field of the request is missing.
    pub fn put(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let mut item = self.key();
        item.insert("attempt".to_owned(), n(self.due.attempt));
        item.extend(self.traceparent.as_ref().map(|trace| ("traceparent".to_owned(), s(trace))));
        let put = Put::builder().table_name(table).set_item(Some(item)).build().map_err(corrupt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The action that removes the entry; the entry need not exist.
    ///
    /// # Errors
    /// As [`DueEntry::put`].
    pub fn delete(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder().table_name(table).set_key(Some(self.key())).build().map_err(corrupt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Reads an item.
    ///
    /// # Errors
    /// The item is not a valid entry.
    pub fn read(item: &Item) -> Result<Self, StoreError> {
        let sk = text(item, keys::SK)?;
        let (due_at, timer_id) =
            keys::read_due(sk).ok_or_else(|| StoreError::Corrupt(format!("{sk} is no key of the due index")))?;
        let due = TimerDue { timer_id, attempt: number(item, "attempt")?, due_at };
        Ok(Self { due, traceparent: text(item, "traceparent").ok().map(str::to_owned) })
    }

    fn key(&self) -> Item {
        Item::from([(keys::PK.to_owned(), s(keys::due_of(&self.due.timer_id))), (keys::SK.to_owned(), s(self.sk()))])
    }
}

fn corrupt(error: BuildError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
