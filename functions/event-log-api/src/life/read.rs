//! Reads the facts by key, in two rounds: three reads by the id, and then at most two lists of the archive, three of related
//! events, one of the outbox, and one of what the event's consumer has stored. So a life takes at most ten reads, whatever
//! is stored.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use futures::future::try_join_all;
use jiff::Timestamp;
use millrace_activity::item::Status;
use millrace_activity::{Cursor, keys};
use millrace_api::Problem;
use millrace_delivery::dead_letter::outbox_key;
use millrace_delivery::outbox;
use millrace_domain::event::EventType;
use millrace_domain::event::identity::source_key;
use millrace_domain::id::TimerId;
use millrace_domain::timer::Timer;
use millrace_platform::dynamo::shards::{Direction, shard_key};
use millrace_platform::dynamo::{Item, OnTable, Partition, StoreError, batch_get_keys, s, text};
use millrace_store::event_log::{BY_TRACE, SUBJECT_ORDER, TIME_ID, TRACE_SHARD};
use millrace_store::{ingredient, order, product, timer};

use super::facts::{Archived, Decision, Effect, Ends, Facts, Letter, Mail, Processing, time};
use super::known::{self, Known, NotOne, UnderId};
use super::related::{self, Related};
use super::{ambiguous, archive};
use crate::chosen::{Named, of_subject};
use crate::stores::Stores;

/// Most items with one id that are looked at: sources, dead letters, redrives.
const MOST: i32 = 200;

/// Most related events on either side of the event in its aggregate, and of its trace.
const BESIDE: usize = 20;

/// Reads, and counts its reads.
#[derive(Debug)]
pub struct Reader<'a> {
    dynamo: &'a Client,
    stores: &'a Stores,
    now: Timestamp,
    reads: AtomicUsize,
}

impl<'a> Reader<'a> {
    pub fn new(dynamo: &'a Client, stores: &'a Stores, now: Timestamp) -> Self {
        Self { dynamo, stores, now, reads: AtomicUsize::new(0) }
    }

    /// How many reads it has made.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// What is known of the event with this id, of this source if several have it. One that is nowhere else is sought
    /// among the pending events of `subject`.
    pub async fn known(&self, id: &str, source: Option<&str>, subject: Option<&str>) -> Result<Option<Known>, Problem> {
        let activity = keys::event(id);
        let (log, letters, activity) = tokio::try_join!(
            self.under(&self.stores.log, "eventId", id),
            self.under(&self.stores.dead_letters, "id", id),
            self.under(&self.stores.activity, keys::PK, &activity),
        )?;
        match known::known(id, source, UnderId { log, letters, activity }, self.now) {
            Ok(Some(known)) => Ok(Some(known)),
            Ok(None) => match subject {
                Some(subject) => Ok(self.pending(id, source, subject).await?),
                None => Ok(None),
            },
            Err(NotOne::Several(sources)) => Err(ambiguous(&sources)),
            Err(NotOne::Store(error)) => Err(error.into()),
        }
    }

    /// All further facts of an event, and the events that belong to it.
    pub async fn facts(&self, known: &Known) -> Result<(Facts, Vec<Related>), StoreError> {
        let (archived, effect, of_subject, of_trace, letters) = tokio::try_join!(
            async { Ok::<_, StoreError>(self.archived(known).await) },
            self.effect(known),
            self.of_subject(known),
            self.of_trace(known),
            self.letters(known),
        )?;
        let effect = match effect {
            Effect::Requested(timer, _) => Effect::Requested(timer, related::ends(&of_subject)),
            other => other,
        };
        let facts = Facts {
            event: known.event.clone(),
            place: known.place.clone(),
            logged: known.logged,
            pending: known.pending,
            archived,
            letters,
            effect,
            now: self.now,
        };
        let own = source_key(known.shown.source.as_deref().unwrap_or_default());
        let own = (known.shown.event_id.as_str(), own.as_ref());
        Ok((facts, related::related(own, &of_subject, &of_trace, self.now)))
    }

    /// The items of a partition of a table, read consistently.
    async fn under(&self, table: &str, key: &str, value: &str) -> Result<Vec<Item>, StoreError> {
        self.count();
        let query = self.dynamo.query().table_name(table).consistent_read(true).limit(MOST);
        let query = query.key_condition_expression("#key = :key").expression_attribute_names("#key", key);
        let answer = query.expression_attribute_values(":key", s(value)).send().await.on(table)?;
        Ok(answer.items.unwrap_or_default())
    }

    async fn get(&self, table: &str, key: Item) -> Result<Option<Item>, StoreError> {
        self.count();
        let get = self.dynamo.get_item().table_name(table).consistent_read(true).set_key(Some(key));
        Ok(get.send().await.on(table)?.item)
    }

    /// An event that waits in the outbox, of an aggregate with this id. The kind of the aggregate is not known.
    async fn pending(&self, id: &str, source: Option<&str>, subject: &str) -> Result<Option<Known>, StoreError> {
        let kinds = [
            product::entries::AGGREGATE,
            order::entries::AGGREGATE,
            ingredient::entries::AGGREGATE,
            timer::entries::AGGREGATE,
        ];
        let aggregates = kinds.map(|kind| outbox::aggregate(kind, subject));
        let waiting = aggregates.iter().map(|aggregate| self.under(&self.stores.outbox, "aggregate", aggregate));
        let waiting = try_join_all(waiting).await?;
        let item = waiting.iter().flatten().find(|item| text(item, "eventId").is_ok_and(|it| it == id));
        let known = item.map(|item| Known::pending(id, item)).transpose()?;
        Ok(known.filter(|known| source.is_none_or(|source| known.shown.source.as_deref() == Some(source))))
    }

    async fn archived(&self, known: &Known) -> Archived {
        let at = known.logged.and_then(|logged| logged.published_at);
        match (&known.place, at) {
            (Some(place), Some(at)) => {
                archive::object(&self.stores.s3, &self.stores.bucket, place, at, || self.count()).await
            }
            _ => Archived::NotSought("the time of its record is not stored, which the name of its object has"),
        }
    }

    /// The dead letters, and whether their last redrives wait in the outbox.
    async fn letters(&self, known: &Known) -> Result<Vec<Letter>, StoreError> {
        let mut letters = known.letters.clone();
        let key = |letter: &Letter| outbox_key(&known.shown.event_id, &letter.address, letter.redrives());
        let redriven = letters.iter().filter(|letter| !letter.is_open && letter.redrives() > 0).map(key);
        let keys: Vec<Item> = redriven
            .map(|(aggregate, entry)| {
                Item::from([("aggregate".to_owned(), s(aggregate)), ("entry".to_owned(), s(entry))])
            })
            .collect();
        if keys.is_empty() {
            return Ok(letters);
        }
        self.count();
        let waiting = batch_get_keys(self.dynamo, &self.stores.outbox, &keys).await?;
        for letter in &mut letters {
            let (aggregate, _) = key(letter);
            letter.waits = waiting.iter().any(|item| text(item, "aggregate").is_ok_and(|it| it == aggregate));
        }
        Ok(letters)
    }

    /// Up to [`BESIDE`] events of its aggregate before it, and as many behind it.
    async fn of_subject(&self, known: &Known) -> Result<Vec<Named>, StoreError> {
        let (Some(subject), Some(order)) = (&known.subject, &known.order) else { return Ok(Vec::new()) };
        let page = async |direction| {
            self.count();
            let list = of_subject(&self.stores.log, subject, direction);
            let (items, _) = list.page(self.dynamo, BESIDE, Some(order.as_str())).await?;
            items.iter().map(|item| Named::read(item, SUBJECT_ORDER)).collect::<Result<Vec<_>, StoreError>>()
        };
        let (mut beside, behind) = tokio::try_join!(page(Direction::Descending), page(Direction::Ascending))?;
        beside.extend(behind);
        // Another kind of aggregate may have the same id.
        let kind = order.split('#').next();
        beside.retain(|named| named.order.split('#').next() == kind);
        Ok(beside)
    }

    /// What else its request has caused. A user's event causes nothing.
    async fn of_trace(&self, known: &Known) -> Result<Vec<Named>, StoreError> {
        let is_activity = known.event.as_ref().is_some_and(|event| event.kind == EventType::UserActivity);
        let Some(trace) = known.trace.as_ref().filter(|_| !is_activity) else { return Ok(Vec::new()) };
        self.count();
        let first = format!("{trace}#{}", shard_key(0));
        let list = Partition {
            table: &self.stores.log,
            index: BY_TRACE,
            key: (TRACE_SHARD, &first),
            sort: TIME_ID,
            direction: Direction::Ascending,
        };
        let (items, _) = list.page(self.dynamo, BESIDE, None).await?;
        items.iter().map(|item| Named::read(item, TIME_ID)).collect()
    }

    async fn effect(&self, known: &Known) -> Result<Effect, StoreError> {
        let Some(event) = &known.event else { return Ok(Effect::Nothing) };
        let subject = known.subject.as_deref().unwrap_or_default();
        Ok(match event.kind {
            EventType::OrderCreated => Effect::Order(self.decision(subject).await?),
            EventType::Notify => Effect::Alert(self.mail(known).await?),
            EventType::TimerRequested => Effect::Requested(self.timer(subject).await?.map(Box::new), Ends::default()),
            EventType::TimerDue => match known.attempt() {
                Some(attempt) => Effect::Attempt(attempt, self.timer(subject).await?.map(Box::new)),
                None => Effect::Nothing,
            },
            EventType::UserActivity => Effect::Activity(Box::new(self.processing(known).await?)),
            _ => Effect::Nothing,
        })
    }

    async fn decision(&self, id: &str) -> Result<Option<Decision>, StoreError> {
        let item = self.get(&self.stores.orders, Item::from([("id".to_owned(), s(id))])).await?;
        let order = item.as_ref().map(order::item::order).transpose()?;
        Ok(order.map(|order| Decision { status: order.status, at: order.updated_at, reason: order.reason }))
    }

    async fn mail(&self, known: &Known) -> Result<Option<Mail>, StoreError> {
        let Some(id) = known.id_and_source() else { return Ok(None) };
        let item = self.get(&self.stores.mail, Item::from([("eventId".to_owned(), s(id))])).await?;
        // Without a time it is claimed, and may not be sent.
        let Some(item) = item.filter(|item| item.contains_key("sentAt")) else { return Ok(None) };
        Ok(Some(Mail { at: time(&item, "sentAt")?, message_id: text(&item, "messageId")?.to_owned() }))
    }

    async fn timer(&self, id: &str) -> Result<Option<Timer>, StoreError> {
        let Ok(id) = TimerId::try_from(id.to_owned()) else { return Ok(None) };
        self.get(&self.stores.timers, timer::item::key(&id)).await?.as_ref().map(timer::item::read).transpose()
    }

    async fn processing(&self, known: &Known) -> Result<Processing, StoreError> {
        let (state, redrives) = (known.state.clone(), known.redrives.clone());
        let waits = state.as_ref().filter(|state| state.status == Status::Buffered);
        let Some(user) = waits.map(|state| state.user_id.clone()) else {
            return Ok(Processing { state, redrives, next: None });
        };
        let key = [(keys::PK, keys::order(&user)), (keys::SK, keys::CURSOR_SK.to_owned())];
        let key = key.map(|(name, value)| (name.to_owned(), s(value)));
        let cursor = self.get(&self.stores.activity, Item::from(key)).await?;
        let cursor = cursor.as_ref().map(Cursor::from_item).transpose()?;
        Ok(Processing { state, redrives, next: cursor.map(|(_, cursor)| cursor.next) })
    }
}
