//! Users and their events in `DynamoDB`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::plan::{Expected, Page, Plan, State, Write};
use crate::process::{Clock, Store};
use crate::progress::Progress;
use crate::{Activity, CONSUMER, Cursor, EventState, Profile, Waiting, keys, outcome};
use millrace_delivery::dead_letter::{self, DeadLetter};
use millrace_domain::activity::UserId;
use millrace_platform::dynamo::{Item, OnTable, StoreError, batch_get_keys, n, number, s, text, transact};

/// Concurrent requests of a process. A transaction of 100 items needs some 100 KB while it is sent.
const REQUESTS_AT_ONCE: usize = 8;

/// The activity table, the dead-letter table, and the analytics table for outcomes.
#[derive(Debug, Clone)]
pub struct Tables {
    dynamo: Client,
    activity: String,
    dead_letters: String,
    analytics: String,
    gate: Arc<Semaphore>,
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        millrace_platform::clock::now().as_millisecond()
    }

    async fn sleep(&self, milliseconds: i64) {
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))).await;
    }

    fn fraction(&self) -> f64 {
        millrace_platform::clock::fraction()
    }
}

fn key(pk: String, sk: &str) -> Item {
    Item::from([(keys::PK.to_owned(), s(pk)), (keys::SK.to_owned(), s(sk))])
}

fn corrupt(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

impl Store for Tables {
    async fn users(&self, users: &[&UserId]) -> Result<BTreeMap<UserId, State>, StoreError> {
        let _turn = self.turn().await;
        let of_user = |user: &&UserId| {
            let user = user.as_str();
            [key(keys::order(user), keys::CURSOR_SK), key(keys::profile(user), keys::PROFILE_SK)]
        };
        let wanted: Vec<Item> = users.iter().flat_map(of_user).collect();
        let mut states: BTreeMap<UserId, State> = BTreeMap::new();
        for item in batch_get_keys(&self.dynamo, &self.activity, &wanted).await? {
            if text(&item, keys::SK)? == keys::CURSOR_SK {
                let (user, cursor) = Cursor::from_item(&item)?;
                states.entry(user).or_default().cursor = cursor;
            } else {
                let (user, profile) = Profile::from_item(&item)?;
                states.entry(user).or_default().profile = profile;
            }
        }
        Ok(states)
    }

    async fn events(&self, events: &[&Activity], states: &mut BTreeMap<UserId, State>) -> Result<(), StoreError> {
        let _turn = self.turn().await;
        // By key, because events of two users may claim one.
        let mut wanted: BTreeMap<(&str, String), Vec<&UserId>> = BTreeMap::new();
        for event in events {
            wanted.entry((&event.id, keys::event_of(&event.claimed()))).or_default().push(&event.user);
            if event.reused {
                wanted.entry((&event.id, keys::event_of(&event.identity()))).or_default().push(&event.user);
            }
            if let Some(redrive) = &event.redrive {
                wanted.entry((&event.id, keys::redrive(redrive))).or_default().push(&event.user);
            }
        }
        let items: Vec<Item> = wanted.keys().map(|(id, sk)| key(keys::event(id), sk)).collect();
        for item in batch_get_keys(&self.dynamo, &self.activity, &items).await? {
            let state = EventState::from_item(&item)?;
            let sk = text(&item, keys::SK)?.to_owned();
            let is_event = sk.starts_with(keys::EVENT);
            for user in wanted.get(&(state.event_id.as_str(), sk)).into_iter().flatten() {
                let of_user = states.entry((*user).clone()).or_default();
                if is_event {
                    of_user.known.insert(state.identity(), state.clone());
                } else if let Some(redrive) = &state.redrive {
                    of_user.redriven.insert((state.event_id.clone(), redrive.clone()));
                }
            }
        }
        Ok(())
    }

    async fn waiting(&self, user: &UserId, most: usize) -> Result<Page, StoreError> {
        let _turn = self.turn().await;
        let query = self.dynamo.query().table_name(&self.activity).consistent_read(true);
        let answer = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :waiting)")
            .expression_attribute_values(":pk", s(keys::order(user.as_str())))
            .expression_attribute_values(":waiting", s(keys::WAITING))
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await
            .on(&self.activity)?;
        let events = answer.items.unwrap_or_default().iter().map(Waiting::from_item).collect::<Result<_, _>>()?;
        Ok(Page { events, more: answer.last_evaluated_key.is_some() })
    }

    async fn commit(&self, plan: &Plan) -> Result<(), StoreError> {
        let _turn = self.turn().await;
        let table = &self.activity;
        if let (None, [Write::Event { state, was }]) = (&plan.next, plan.writes.as_slice()) {
            let put = self.dynamo.put_item().table_name(table).set_item(Some(state.to_item()));
            let (condition, values) = condition(*was);
            let put = put.condition_expression(condition).set_expression_attribute_values(values);
            let put = put.set_expression_attribute_names(names(*was));
            return put.send().await.map(drop).on(table);
        }
        let mut actions = Vec::with_capacity(plan.writes.len() + 2);
        if let Some((cursor, profile)) = &plan.next {
            actions.push(self.put_cursor(&plan.user, cursor)?);
            actions.push(self.put(profile.to_item(&plan.user))?);
        }
        for write in &plan.writes {
            self.push(&mut actions, plan, write)?;
        }
        transact(&self.dynamo, actions).await
    }
}

impl Tables {
    /// The tables with these names.
    #[must_use]
    pub fn new(dynamo: Client, activity: String, dead_letters: String, analytics: String) -> Self {
        Self { dynamo, activity, dead_letters, analytics, gate: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)) }
    }

    /// Waits for a permit; the semaphore is never closed.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.gate.acquire().await.ok()
    }

    fn put(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.activity).set_item(Some(item)).build().map_err(corrupt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes a cursor on condition that it is unchanged since it was read.
    fn put_cursor(&self, user: &UserId, cursor: &Cursor) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.activity).set_item(Some(cursor.to_item(user)));
        let put = if cursor.version == 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            let before = n(cursor.version - 1);
            put.condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", before)
        };
        Ok(TransactWriteItem::builder().put(put.build().map_err(corrupt)?).build())
    }

    fn push(&self, actions: &mut Vec<TransactWriteItem>, plan: &Plan, write: &Write) -> Result<(), StoreError> {
        let (user, table) = (plan.user.as_str(), &self.activity);
        match write {
            Write::Event { state, was } => {
                let (condition, values) = condition(*was);
                let put = Put::builder().table_name(table).set_item(Some(state.to_item()));
                let put = put.condition_expression(condition).set_expression_attribute_values(values);
                let put = put.set_expression_attribute_names(names(*was)).build().map_err(corrupt)?;
                actions.push(TransactWriteItem::builder().put(put).build());
            }
            Write::Redriven(state) => {
                let put = Put::builder().table_name(table).set_item(redriven(state));
                let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(corrupt)?;
                actions.push(TransactWriteItem::builder().put(put).build());
            }
            Write::Outcome { state, at } => {
                let item = outcome::item(state, *at, plan.now);
                let put = Put::builder().table_name(&self.analytics).set_item(Some(item)).build().map_err(corrupt)?;
                actions.push(TransactWriteItem::builder().put(put).build());
            }
            Write::Buffer(waiting) => actions.push(self.put(waiting.to_item())?),
            Write::RemoveWaiting(rank, identity) => {
                let delete = Delete::builder().table_name(table);
                let delete = delete.set_key(Some(key(keys::order(user), &keys::waiting(*rank, identity))));
                actions.push(TransactWriteItem::builder().delete(delete.build().map_err(corrupt)?).build());
            }
            Write::Gap(first, last) => {
                let mut item = key(keys::order(user), &keys::gap(*first));
                item.extend([("user".to_owned(), s(user)), ("at".to_owned(), n(plan.now))]);
                item.extend([("first".to_owned(), n(first)), ("last".to_owned(), n(last))]);
                actions.push(self.put(item)?);
                actions.push(self.letter(&gap_letter(user, *first, *last), plan.now)?);
            }
            Write::DeadLetter { activity, attempts, reason, detail } => {
                let letter = event_letter(activity, *attempts, reason, detail);
                actions.push(self.letter(&letter, plan.now)?);
            }
        }
        Ok(())
    }

    /// Reports the progress of a partition's consumer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn report(&self, partition: i64, progress: Progress) -> Result<(), StoreError> {
        let mut item = key(keys::partition(partition), keys::PROGRESS_SK);
        item.extend([("partition".to_owned(), n(partition)), ("at".to_owned(), n(progress.at))]);
        item.insert("behind".to_owned(), AttributeValue::Bool(progress.behind));
        let put = self.dynamo.put_item().table_name(&self.activity).set_item(Some(item));
        put.send().await.map(drop).on(&self.activity)
    }

    /// The last reported progress of these partitions.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn progress(&self, partitions: &BTreeSet<i64>) -> Result<BTreeMap<i64, Progress>, StoreError> {
        let wanted: Vec<Item> = partitions.iter().map(|it| key(keys::partition(*it), keys::PROGRESS_SK)).collect();
        let items = batch_get_keys(&self.dynamo, &self.activity, &wanted).await?;
        let progress = |item: &Item| {
            let behind = item.get("behind").and_then(|behind| behind.as_bool().ok()).copied();
            Ok((number(item, "partition")?, Progress { at: number(item, "at")?, behind: behind.unwrap_or(false) }))
        };
        items.iter().map(progress).collect()
    }

    /// Users of a shard with waiting events who are due at `now`: at most `most`, continuing an earlier page, and the
    /// start of the next page. The index is eventually consistent.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn due(
        &self,
        shard: &str,
        now: i64,
        most: i32,
        after: Option<Item>,
    ) -> Result<(Vec<(UserId, Cursor)>, Option<Item>), StoreError> {
        let query = self.dynamo.query().table_name(&self.activity).index_name(keys::DUE);
        let answer = query
            .key_condition_expression("#shard = :shard AND #at <= :now")
            .expression_attribute_names("#shard", keys::DUE_SHARD)
            .expression_attribute_names("#at", keys::DUE_AT)
            .expression_attribute_values(":shard", s(shard))
            .expression_attribute_values(":now", s(keys::time(now)))
            .set_exclusive_start_key(after)
            .limit(most)
            .send()
            .await
            .on(&self.activity)?;
        let items = answer.items.unwrap_or_default();
        let users = items.iter().map(Cursor::from_item).collect::<Result<_, StoreError>>()?;
        Ok((users, answer.last_evaluated_key))
    }

    fn letter(&self, letter: &DeadLetter, now: i64) -> Result<TransactWriteItem, StoreError> {
        dead_letter::put(&self.dead_letters, letter, Timestamp::from_millisecond(now).unwrap_or_default())
    }
}

/// The condition on the stored state of an event.
fn condition(was: Expected) -> (&'static str, Option<Item>) {
    let values = |status: &str, attempts: u32| {
        Some(Item::from([(":status".to_owned(), s(status)), (":attempts".to_owned(), n(attempts))]))
    };
    match was {
        Expected::Absent => ("attribute_not_exists(pk)", None),
        Expected::Buffered(attempts) => ("#status = :status AND attempts = :attempts", values("buffered", attempts)),
        Expected::Failed(attempts) => ("#status = :status AND attempts = :attempts", values("failed", attempts)),
    }
}

fn names(was: Expected) -> Option<std::collections::HashMap<String, String>> {
    (was != Expected::Absent).then(|| [("#status".to_owned(), "status".to_owned())].into())
}

/// The outcome of a redrive: the event's state under its own key, in no index.
fn redriven(state: &EventState) -> Option<Item> {
    let redrive = state.redrive.as_ref()?;
    let mut item = state.to_item();
    for index in [keys::PROCESSED_SHARD, keys::PROCESSED_ID, keys::USER_ORDER] {
        item.remove(index);
    }
    item.insert(keys::SK.to_owned(), s(keys::redrive(redrive)));
    Some(item)
}

/// The dead letter of a gap, which has no Kafka record.
fn gap_letter(user: &str, first: u64, last: u64) -> DeadLetter {
    let topic = millrace_domain::event::Topic::UserActivityEvents.name();
    DeadLetter {
        id: format!("gap:{user}:{first}"),
        source: None,
        content: None,
        consumer: CONSUMER,
        reason: "gap",
        detail: format!("seq {first} to {last} of the user {user} did not come in time and were stepped over"),
        topic: topic.to_owned(),
        partition: -1,
        offset: -1,
        attempts: 0,
        key: Some(bytes::Bytes::copy_from_slice(user.as_bytes())),
        value: None,
        redrive: None,
    }
}

fn event_letter(event: &Activity, attempts: u32, reason: &'static str, detail: &str) -> DeadLetter {
    let record = &event.record;
    DeadLetter {
        id: event.id.clone(),
        source: Some(event.source.clone()),
        content: event.reused.then(|| event.content.clone()),
        consumer: CONSUMER,
        reason,
        detail: detail.to_owned(),
        topic: record.topic.clone(),
        partition: record.partition,
        offset: record.offset,
        attempts,
        key: record.key.clone(),
        value: Some(record.value.clone()),
        redrive: event.redrive.clone(),
    }
}
