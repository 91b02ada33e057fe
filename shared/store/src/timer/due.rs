//! The due index: an entry for each attempt that is to be made.
//!
//! An entry is the durable truth that an attempt is due. It goes in the transaction that ends the attempt or cancels the
//! timer, and until then the attempt is produced again and again.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use super::keys;
use millrace_domain::timer::{Timer, TimerDue};
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// An entry of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEntry {
    /// What is due.
    pub due: TimerDue,
    /// Trace of the timer's request.
    pub traceparent: Option<String>,
}

impl DueEntry {
    /// The entry of a timer's next attempt.
    #[must_use]
    pub fn of(timer: &Timer) -> Self {
        let due = TimerDue { timer_id: timer.id.clone(), attempt: timer.attempt, due_at: timer.due_at };
        Self { due, traceparent: timer.traceparent.clone() }
    }

    /// Its sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        keys::due_at(self.due.due_at, &self.due.timer_id)
    }

    /// The action that enters it.
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

    /// The action that takes it out; it need not be there.
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
    /// The item is no entry.
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
