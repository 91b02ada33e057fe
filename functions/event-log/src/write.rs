//! One conditional put per event: the first delivery is logged, a repeat changes nothing.

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use millrace::api::page::{SHARDS, shard_of};
use millrace::clock;
use millrace::consumer::{Consumer, Incoming, Verdict};
use millrace::dynamo::{Item, StoreError, n, s};
use millrace::event_log::{bucket, day, time_id};

/// Puts at once. Order does not matter to the log, only that each event gets there.
const AT_ONCE: usize = 32;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// The event log.
#[derive(Debug, Clone)]
pub struct EventLog {
    pub dynamo: Client,
    pub table: String,
    /// Events are kept for this many days.
    pub days: u16,
}

impl Consumer for EventLog {
    const NAME: &'static str = "event-log";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let puts: Vec<_> = records.iter().map(|record| self.log(record)).collect();
        stream::iter(puts).buffered(AT_ONCE).collect().await
    }
}

impl EventLog {
    async fn log(&self, record: &Incoming) -> Verdict {
        match self.put(record).await {
            // A failed condition means that the event is in the log.
            Ok(()) | Err(StoreError::Condition(_)) => Verdict::Done,
            Err(error) => Verdict::Retry(error.to_string()),
        }
    }

    async fn put(&self, record: &Incoming) -> Result<(), StoreError> {
        let put = self.dynamo.put_item().table_name(&self.table).set_item(Some(item(record, self.days, clock::now())));
        put.condition_expression("attribute_not_exists(eventId)").send().await?;
        Ok(())
    }
}

fn item(record: &Incoming, days: u16, now: Timestamp) -> Item {
    let Incoming { event, position, .. } = record;
    let (day, shard) = (day(event.time), shard_of(&event.id, SHARDS));
    Item::from([
        ("eventId".to_owned(), s(&event.id)),
        ("type".to_owned(), s(event.kind.name())),
        ("topic".to_owned(), s(&position.topic)),
        ("partition".to_owned(), n(position.partition)),
        ("offset".to_owned(), n(position.offset)),
        ("time".to_owned(), s(event.time.to_string())),
        ("data".to_owned(), s(event.data.get())),
        ("timeBucket".to_owned(), s(bucket(None, day, shard))),
        ("typeBucket".to_owned(), s(bucket(Some(event.kind), day, shard))),
        ("timeId".to_owned(), s(time_id(event.time, &event.id))),
        // From now: what a relay or a replay brings late is kept for its full time.
        ("expiresAt".to_owned(), n(now.as_second() + i64::from(days) * SECONDS_PER_DAY)),
    ])
}
