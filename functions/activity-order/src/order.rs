//! From a batch of records to one verdict per record.

use std::collections::BTreeMap;

use millrace_activity::plan::Rules;
use millrace_activity::process::{Arrived, Tally, process_all};
use millrace_activity::progress::{Progress, Reported};
use millrace_activity::store::{SystemClock, Tables};
use millrace_activity::{Activity, CONSUMER, Record};
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_domain::activity::{UserActivity, UserId};
use millrace_domain::event::identity::content_digest;
use millrace_platform::clock;
use millrace_platform::metrics::{self, Metric};

/// Users of a batch that are processed concurrently: all of them, so that no user waits for the retries of another
/// user's event. The number of concurrent requests has a limit of its own.
const USERS_AT_ONCE: usize = 2_000;

/// Longest record key that is stored, in bytes; a user id has at most 256.
const MAX_KEY: usize = 2_048;

/// The activity consumer.
#[derive(Debug)]
pub struct Order {
    pub tables: Tables,
    pub rules: Rules,
    pub reported: Reported,
}

impl Consumer for Order {
    const NAME: &'static str = CONSUMER;

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let Some(newest) = records.iter().max_by_key(|record| record.position.timestamp) else { return Vec::new() };
        let progress = Progress::of(clock::now().as_millisecond(), newest.position.timestamp.as_millisecond());
        let rules = Rules { behind: progress.behind, ..self.rules };
        let partition = newest.position.partition;
        if progress.behind {
            self.report(partition, progress).await;
        }
        let mut arrived = Arrived::new();
        let mut users: Vec<Result<UserId, String>> = Vec::with_capacity(records.len());
        for record in records {
            users.push(activity(record).map(|activity| {
                let user = activity.user.clone();
                arrived.entry(user.clone()).or_default().push(activity);
                user
            }));
        }
        let settled = process_all(&self.tables, &SystemClock, &rules, arrived, USERS_AT_ONCE).await;
        if !progress.behind {
            // Only now, because this batch may contain events that the sweeper would treat as missing.
            self.report(partition, progress).await;
        }
        measure(&settled);
        let verdict = |user: Result<UserId, String>| match user.map(|user| settled.get(&user)) {
            Ok(Some(Ok(_))) => Verdict::Done,
            Ok(Some(Err(why))) => Verdict::Retry(why.clone()),
            Ok(None) => Verdict::Retry("not settled".to_owned()),
            Err(detail) => Verdict::DeadLetter { reason: "breaks_schema", detail },
        };
        users.into_iter().map(verdict).collect()
    }
}

impl Order {
    /// Reports the consumer's progress, if that is due. A failed report is repeated with the next batch.
    async fn report(&self, partition: i64, progress: Progress) {
        if self.reported.is_due(partition, progress) {
            match self.tables.report(partition, progress).await {
                Ok(()) => self.reported.note(partition, progress),
                Err(error) => tracing::warn!(%error, partition, "progress not noted"),
            }
        }
    }
}

/// The event of a record, whose data was validated when it was read.
fn activity(record: &Incoming) -> Result<Activity, String> {
    let event = &record.event;
    let data: UserActivity = serde_json::from_str(event.data.get()).map_err(|error| error.to_string())?;
    Ok(Activity {
        id: event.id.clone(),
        source: event.source.clone(),
        content: content_digest(event),
        reused: false,
        seq: data.payload.seq(),
        fails: data.payload.fails(),
        user: data.user_id,
        kind: data.kind,
        at: event.time.as_millisecond(),
        redrive: event.redriveid.clone(),
        record: Record {
            topic: record.position.topic.clone(),
            partition: record.position.partition,
            offset: record.position.offset,
            // A longer key would not fit into an item, and has no meaning here.
            key: record.key.clone().filter(|key| key.len() <= MAX_KEY),
            value: record.value.clone(),
        },
    })
}

fn measure(settled: &BTreeMap<UserId, Result<Tally, String>>) {
    let mut sum = Tally::default();
    settled.values().flatten().for_each(|tally| sum.add(*tally));
    let counts = [
        Metric::count("ActivityProcessed", sum.processed),
        Metric::count("ActivityFailed", sum.failed),
        Metric::count("ActivityBuffered", sum.buffered),
        Metric::count("ActivityLate", sum.late),
        Metric::count("ActivityGaps", sum.gaps),
        Metric::count("ActivityRepeats", sum.repeats),
    ];
    metrics::emit(&[("Function", CONSUMER)], &counts, &[]);
}
