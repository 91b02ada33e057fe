//! One run of the sweeper.

use std::time::{Duration, SystemTime};

use lambda_runtime::Diagnostic;
use millrace_activity::Cursor;
use millrace_activity::plan::Rules;
use millrace_activity::process::{Arrived, Tally, process_all};
use millrace_activity::store::{SystemClock, Tables};
use millrace_platform::clock;
use millrace_platform::dynamo::StoreError;
use millrace_platform::dynamo::shards::{SHARDS, shard_key};
use millrace_platform::metrics::{self, Metric};

/// Time of the invocation that is kept in reserve; no new work starts after it.
const MARGIN: Duration = Duration::from_secs(5);

/// Users of a shard that are read at once, and then processed concurrently.
const PAGE: i32 = 100;
const USERS_AT_ONCE: usize = 16;

/// Why a run failed. The next run does the remaining work.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error("{0} users were not settled")]
    Unsettled(usize),
    #[error("out of time, with users still due")]
    OutOfTime,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SweepError> for Diagnostic {
    fn from(error: SweepError) -> Self {
        let error_type = match &error {
            SweepError::Unsettled(_) => "UsersUnsettled",
            SweepError::OutOfTime => "OutOfTime",
            SweepError::Store(_) => "StoreUnavailable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Processes every user that is due, shard by shard.
pub async fn run(tables: &Tables, rules: &Rules, deadline: SystemTime) -> Result<(), SweepError> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(MARGIN);
    let (mut sum, mut failed) = (Tally::default(), 0);
    let swept = tokio::time::timeout(left, sweep(tables, rules, &mut sum, &mut failed)).await;
    let counts = [
        Metric::count("ActivityGaps", sum.gaps),
        Metric::count("ActivityProcessed", sum.processed),
        Metric::count("ActivityFailed", sum.failed),
        Metric::count("UnsettledUsers", failed),
    ];
    metrics::emit(&[("Function", "activity-sweeper")], &counts, &[]);
    tracing::info!(gaps = sum.gaps, processed = sum.processed, failed, "swept");
    swept.map_err(|_| SweepError::OutOfTime)??;
    if failed > 0 { Err(SweepError::Unsettled(failed)) } else { Ok(()) }
}

async fn sweep(tables: &Tables, rules: &Rules, sum: &mut Tally, failed: &mut usize) -> Result<(), StoreError> {
    let now = clock::now().as_millisecond();
    for shard in 0..SHARDS {
        let mut after = None;
        loop {
            let (users, more) = tables.due(&shard_key(shard), now, PAGE, after).await?;
            let partitions = users.iter().map(|(_, cursor)| cursor.partition).collect();
            let progress = tables.progress(&partitions).await?;
            // Missing events may still be on the topic; then the consumer continues with the user.
            let held = |cursor: &Cursor| progress.get(&cursor.partition).is_some_and(|progress| progress.holds(now));
            let due: Arrived =
                users.into_iter().filter(|(_, cursor)| !held(cursor)).map(|(user, _)| (user, Vec::new())).collect();
            if !due.is_empty() {
                for (user, settled) in process_all(tables, &SystemClock, rules, due, USERS_AT_ONCE).await {
                    match settled {
                        Ok(tally) => sum.add(tally),
                        Err(why) => {
                            tracing::warn!(user = user.as_str(), why, "not settled");
                            *failed += 1;
                        }
                    }
                }
            }
            after = more;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}
