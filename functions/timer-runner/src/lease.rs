//! The lease for reading the due index: one run at a time holds it, stored as an item with a holder and an expiry.
//!
//! The lease only prevents two runs from producing everything twice. Correctness does not depend on it: each attempt is
//! claimed before it is sent, so two simultaneous holders (because clocks differ, or a process was frozen) do no harm.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use jiff::Timestamp;
use millrace_platform::dynamo::{Item, OnTable, StoreError, n, number, s};
use millrace_store::timer::keys;

/// A lease that is not renewed expires after this time. For that long nothing is produced after the holder was killed,
/// even if the whole stack was.
pub const LEASE: Duration = Duration::from_secs(3);

/// The lease as one run sees it.
#[derive(Debug, Clone)]
pub struct Lease {
    dynamo: Client,
    table: String,
    holder: String,
}

/// The stored lease, in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseState {
    /// When it expires unless it is renewed; 0 if it was released.
    pub until: i64,
    /// When its holder plans to release it.
    pub ends: i64,
}

impl Lease {
    pub fn new(dynamo: Client, table: String, holder: String) -> Self {
        Self { dynamo, table, holder }
    }

    /// Reads the lease; `None` before the first run.
    pub async fn look(&self) -> Result<Option<LeaseState>, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.table).set_key(Some(key())).consistent_read(true);
        let answer = get.send().await.on(&self.table)?;
        let read = |item| Ok(LeaseState { until: number(item, "until")?, ends: number(item, "ends")? });
        answer.item().map(read).transpose()
    }

    /// Takes the lease if it is free; returns the new expiry.
    pub async fn take(&self, now: Timestamp, ends: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        // `holder = :holder` allows the retry of a request whose response was lost.
        let condition = "attribute_not_exists(pk) OR #until <= :now OR holder = :holder";
        let update = self.hold(now, ends).condition_expression(condition);
        self.write(update.expression_attribute_values(":now", n(now.as_millisecond())), now).await
    }

    /// Renews the lease unless another holder has it; returns the new expiry.
    pub async fn renew(&self, now: Timestamp, ends: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.write(self.hold(now, ends).condition_expression("holder = :holder"), now).await
    }

    /// Releases the lease. Best effort: otherwise it expires.
    pub async fn release(&self) {
        let update = self.update().update_expression("SET #until = :none REMOVE holder");
        let update = update.condition_expression("holder = :holder").expression_attribute_values(":none", n(0));
        match update.send().await.on(&self.table) {
            Ok(_) | Err(StoreError::Condition(_)) => {}
            Err(error) => tracing::warn!(%error, "the lease stays until it ends"),
        }
    }

    fn hold(&self, now: Timestamp, ends: Timestamp) -> UpdateItemFluentBuilder {
        self.update()
            .update_expression("SET holder = :holder, #until = :until, #ends = :ends")
            .expression_attribute_names("#ends", "ends")
            .expression_attribute_values(":until", n(until(now).as_millisecond()))
            .expression_attribute_values(":ends", n(ends.as_millisecond()))
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        self.dynamo
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key()))
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":holder", s(&self.holder))
    }

    async fn write(&self, update: UpdateItemFluentBuilder, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        match update.send().await.on(&self.table) {
            Ok(_) => Ok(Some(until(now))),
            Err(StoreError::Condition(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn until(now: Timestamp) -> Timestamp {
    now + LEASE
}

fn key() -> Item {
    Item::from([(keys::PK.to_owned(), s(keys::RUNNER_PK)), (keys::SK.to_owned(), s(keys::LEASE_SK))])
}
