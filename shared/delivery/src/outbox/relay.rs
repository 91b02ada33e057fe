//! Finds entries that were left behind in the outbox, and publishes them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use super::publish::{Outbox, PublishFailure};
use super::{PENDING, SHARDS, bundle};
use millrace_platform::dynamo::shards::shard_key;
use millrace_platform::dynamo::{OnTable, StoreError, s, text};

/// Entries younger than this are left to their writers.
pub const LEFT_BEHIND: Duration = Duration::from_secs(5);

/// Aggregates that are published concurrently.
const AT_ONCE: usize = 32;

/// Index entries read by one query.
const PAGE: i32 = 250;

/// Result of a run of the relay.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RelayReport {
    /// Events published.
    pub published: usize,
    /// Aggregates that still have pending entries.
    pub failed: usize,
    /// Age of the oldest entry found.
    pub oldest: Duration,
}

/// Publishes entries that were left behind, oldest first in each shard, until none is found or `deadline` is reached.
/// `start` is the first shard: a different one in each run, so that failing aggregates in one shard do not use up the
/// time of the others.
///
/// # Errors
/// The index could not be read. Failures of single aggregates are logged and counted.
pub async fn relay(outbox: &Outbox, now: Timestamp, start: u64, deadline: Instant) -> Result<RelayReport, StoreError> {
    let mut report = RelayReport::default();
    let until = format!("{:.3}", now.checked_sub(LEFT_BEHIND).unwrap_or(now));
    for shard in 0..u64::from(SHARDS) {
        let shard = u8::try_from((start.wrapping_add(shard)) % u64::from(SHARDS)).unwrap_or(0);
        let slice = deadline.min(Instant::now() + SHARD_BUDGET);
        // An aggregate that fails stays in the index; the same run must not process it again and again.
        let mut after = None;
        loop {
            let (aggregates, oldest, next) = left_behind(outbox, shard, &until, after).await?;
            if let Some(age) = oldest.and_then(|oldest| Duration::try_from(now.duration_since(oldest)).ok()) {
                report.oldest = report.oldest.max(age);
            }
            let failed_before = report.failed;
            publish_all(outbox, aggregates, slice, &mut report).await;
            if next.is_none() || report.failed > failed_before + AT_ONCE || Instant::now() >= slice {
                break;
            }
            after = next;
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok(report)
}

/// Publishes the pending entries of these aggregates, each in order, and those of the aggregates in any bundles among
/// them.
pub async fn publish_all(outbox: &Outbox, found: BTreeSet<String>, deadline: Instant, report: &mut RelayReport) {
    let (bundles, mut aggregates): (BTreeSet<String>, BTreeSet<String>) =
        found.into_iter().partition(|aggregate| bundle::is_bundle(aggregate));
    for bundle in bundles {
        let left = deadline.saturating_duration_since(Instant::now()).min(AGGREGATE_BUDGET);
        match tokio::time::timeout(left, outbox.expand(&bundle)).await {
            Ok(Ok(expanded)) => aggregates.extend(expanded),
            Ok(Err(error)) => {
                report.failed += 1;
                tracing::error!(bundle, %error, "not expanded");
            }
            Err(_) => report.failed += 1,
        }
    }
    let publish = |aggregate: String| async move {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PublishFailure::OutOfTime);
        }
        let result = outbox.publish(&aggregate, left.min(AGGREGATE_BUDGET)).await;
        result.inspect_err(|failure| tracing::error!(aggregate, error = %failure, "still pending"))
    };
    let mut results = stream::iter(aggregates).map(publish).buffer_unordered(AT_ONCE);
    while let Some(result) = results.next().await {
        match result {
            Ok(published) => report.published += published,
            Err(_) => report.failed += 1,
        }
    }
}

/// Most time for one shard of the index.
const SHARD_BUDGET: Duration = Duration::from_secs(8);

/// Most time for one aggregate, so that a failing one does not use up the run.
const AGGREGATE_BUDGET: Duration = Duration::from_secs(10);

type Position = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

async fn left_behind(
    outbox: &Outbox,
    shard: u8,
    until: &str,
    after: Option<Position>,
) -> Result<(BTreeSet<String>, Option<Timestamp>, Option<Position>), StoreError> {
    let answer = outbox
        .dynamo
        .query()
        .table_name(&outbox.table)
        .index_name(PENDING)
        .key_condition_expression("#shard = :shard AND createdAt <= :until")
        .expression_attribute_names("#shard", "shard")
        .expression_attribute_values(":shard", s(shard_key(shard)))
        .expression_attribute_values(":until", s(until))
        .limit(PAGE)
        .set_exclusive_start_key(after)
        .send()
        .await
        .on(&outbox.table)?;
    let aggregates =
        answer.items().iter().map(|item| text(item, "aggregate").map(str::to_owned)).collect::<Result<_, _>>()?;
    let oldest = answer.items().first().and_then(|item| text(item, "createdAt").ok()?.parse().ok());
    Ok((aggregates, oldest, answer.last_evaluated_key))
}
