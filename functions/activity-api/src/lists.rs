//! Reads events, their status and dead letters, by key or index.

use aws_sdk_dynamodb::Client;
use millrace_activity::item::EventState;
use millrace_activity::keys;
use millrace_delivery::dead_letter;
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{Item, List, OnTable, Partition, StoreError, number, s, text};
use serde::Serialize;

/// Most events with one id that are looked at.
const SOURCES: i32 = 100;

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub activity: String,
    pub dead_letters: String,
}

/// An item of a list, with its sort key.
#[derive(Debug)]
pub struct Listed<T> {
    pub key: String,
    pub item: T,
}

/// A dead letter as the API returns it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    event_id: String,
    /// Source of the event; absent for a record that is not an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    consumer: String,
    reason: String,
    detail: String,
    attempts: u32,
    topic: String,
    partition: i64,
    offset: i64,
    at: String,
    status: String,
}

impl Store {
    /// The state of each source's event with this id, once the processor has seen it; of at most [`SOURCES`] sources.
    pub async fn events(&self, id: &str) -> Result<Vec<EventState>, StoreError> {
        let query = self.dynamo.query().table_name(&self.activity).consistent_read(true);
        let answer = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .filter_expression("attribute_not_exists(reused)")
            .expression_attribute_values(":pk", s(keys::event(id)))
            .expression_attribute_values(":event", s(keys::EVENT))
            .limit(SOURCES)
            .send()
            .await
            .on(&self.activity)?;
        answer.items().iter().map(EventState::from_item).collect()
    }

    /// Processed events after the key `after`, newest first, and whether there may be more.
    pub async fn processed(
        &self,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Listed<EventState>>, bool), StoreError> {
        let list = newest(&self.activity, keys::PROCESSED, keys::PROCESSED_SHARD, keys::PROCESSED_ID);
        self.page(list, limit, after, EventState::from_item).await
    }

    /// Dead letters after the key `after`, newest first, and whether there may be more.
    pub async fn dead_letters(
        &self,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Listed<Letter>>, bool), StoreError> {
        let list = newest(&self.dead_letters, dead_letter::BY_TIME, dead_letter::SHARD, dead_letter::TIME_ID);
        self.page(list, limit, after, letter).await
    }

    /// Events of a user after the key `after`, in the order of seq, and whether there may be more.
    pub async fn of_user(
        &self,
        user: &str,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Listed<EventState>>, bool), StoreError> {
        let list = Partition {
            table: &self.activity,
            index: keys::BY_USER,
            key: (keys::USER_ID, user),
            sort: keys::USER_ORDER,
            direction: Direction::Ascending,
        };
        let (items, more) = list.page(&self.dynamo, limit, after.as_deref()).await?;
        let read = |item: &Item| {
            let key = text(item, keys::USER_ORDER)?.to_owned();
            Ok(Listed { key, item: EventState::from_item(item)? })
        };
        Ok((items.iter().map(read).collect::<Result<_, StoreError>>()?, more))
    }

    async fn page<T>(
        &self,
        list: List<'_>,
        limit: usize,
        after: Option<String>,
        read: impl Fn(&Item) -> Result<T, StoreError>,
    ) -> Result<(Vec<Listed<T>>, bool), StoreError> {
        let listed = |item: &Item| Ok(Listed { key: text(item, list.sort)?.to_owned(), item: read(item)? });
        list.page(&self.dynamo, limit, after, |listed: &Listed<T>| listed.key.clone(), listed).await
    }
}

/// A list that is read from its newest item.
fn newest<'a>(table: &'a str, index: &'a str, shard: &'a str, sort: &'a str) -> List<'a> {
    List { table, index, shard, prefix: "", sort, direction: Direction::Descending }
}

fn letter(item: &Item) -> Result<Letter, StoreError> {
    let owned = |name| text(item, name).map(str::to_owned);
    Ok(Letter {
        event_id: owned("id")?,
        source: owned("source").ok(),
        consumer: owned("consumer")?,
        reason: owned("reason")?,
        detail: owned("detail")?,
        attempts: number(item, "attempts")?,
        topic: owned("topic")?,
        partition: number(item, "partition")?,
        offset: number(item, "offset")?,
        at: owned("at")?,
        status: owned("status")?,
    })
}
