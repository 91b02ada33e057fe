//! Who the event is: the one with an id, from what the log, its dead letters, its processor or the outbox has of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use millrace_activity::{EventState, keys};
use millrace_domain::event::EventType;
use millrace_domain::event::identity::source_key;
use millrace_domain::timer::TimerDue;
use millrace_platform::dynamo::{Item, StoreError, number, text};
use millrace_store::event_log::{LOGGED_AT, PUBLISHED_AT, SUBJECT_ORDER, TRACE_SHARD};
use serde::Serialize;
use serde_json::value::RawValue;

use super::facts::{Event, Letter, Logged, Place, time};

/// What is known of an event, and where to read on.
#[derive(Debug)]
pub struct Known {
    pub shown: Shown,
    pub event: Option<Event>,
    pub place: Option<Place>,
    pub logged: Option<Logged>,
    pub letters: Vec<Letter>,
    /// State of a user's event.
    pub state: Option<EventState>,
    pub redrives: Vec<EventState>,
    /// Since when it waits in the outbox, if it was found there.
    pub pending: Option<Timestamp>,
    pub subject: Option<String>,
    /// Its place among the events of its subject.
    pub order: Option<String>,
    pub trace: Option<String>,
}

/// The event as the answer has it: what is known of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    pub event_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
}

/// Everything that is stored under an id.
#[derive(Debug, Default)]
pub struct UnderId {
    pub log: Vec<Item>,
    pub letters: Vec<Item>,
    pub activity: Vec<Item>,
}

/// Why there is not one event.
#[derive(Debug)]
pub enum NotOne {
    /// Those of these sources have the id.
    Several(Vec<String>),
    Store(StoreError),
}

impl From<StoreError> for NotOne {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The event with an id: that of the given source, or the only one. `None` if there is none.
pub fn known(id: &str, source: Option<&str>, mut found: UnderId, now: Timestamp) -> Result<Option<Known>, NotOne> {
    let of = |item: &Item| text(item, "source").ok().map(str::to_owned);
    // DynamoDB may take days to delete what has expired.
    found.log.retain(|item| number::<i64>(item, "expiresAt").is_ok_and(|at| at > now.as_second()));
    let all = found.log.iter().chain(&found.letters).chain(&found.activity);
    let sources: BTreeSet<String> = all.filter_map(of).filter(|it| source.is_none_or(|source| source == it)).collect();
    if sources.len() > 1 {
        return Err(NotOne::Several(sources.into_iter().collect()));
    }
    let chosen = sources.into_iter().next();
    let same = |item: &&Item| of(item) == chosen;
    let nothing = found.log.is_empty() && found.letters.is_empty() && found.activity.is_empty();
    if nothing || (source.is_some() && chosen.is_none()) {
        return Ok(None);
    }
    let letters: Vec<&Item> = found.letters.iter().filter(same).collect();
    let mut known = match found.log.iter().find(same) {
        Some(item) => logged(item)?,
        None => unlogged(id, chosen.clone(), &letters)?,
    };
    known.letters = letters.into_iter().map(Letter::read).collect::<Result<_, _>>()?;
    for item in found.activity.iter().filter(same) {
        let state = EventState::from_item(item)?;
        if !text(item, keys::SK)?.starts_with(keys::EVENT) {
            known.redrives.push(state);
        } else if !state.reused {
            known.of_processor(state);
        }
    }
    Ok(Some(known))
}

impl Known {
    fn new(shown: Shown) -> Self {
        Self {
            shown,
            event: None,
            place: None,
            logged: None,
            letters: Vec::new(),
            state: None,
            redrives: Vec::new(),
            pending: None,
            subject: None,
            order: None,
            trace: None,
        }
    }

    /// The event of an outbox entry, which has the event's JSON.
    pub fn pending(id: &str, item: &Item) -> Result<Self, StoreError> {
        let mut known = Self::new(Shown { event_id: id.to_owned(), ..Shown::default() });
        known.says(text(item, "value")?.as_bytes());
        known.shown.topic = Some(text(item, "topic")?.to_owned());
        known.pending = Some(time(item, "createdAt")?);
        Ok(known)
    }

    /// Key of what is stored by id and source.
    pub fn id_and_source(&self) -> Option<String> {
        let source = self.shown.source.as_deref()?;
        Some(format!("{}#{}", self.shown.event_id, source_key(source)))
    }

    /// Number of the attempt that a `TimerDue` is.
    pub fn attempt(&self) -> Option<u32> {
        let due: TimerDue = serde_json::from_str(self.shown.data.as_ref()?.get()).ok()?;
        Some(due.attempt)
    }

    /// The processor may know an event that the log has not got yet.
    fn of_processor(&mut self, state: EventState) {
        if self.event.is_none() {
            let source = state.source.clone();
            self.event = Some(Event { source: source.clone(), kind: EventType::UserActivity, time: None });
            self.subject = Some(state.user_id.clone());
            self.shown.source = Some(source);
            self.shown.kind = Some(EventType::UserActivity.name().to_owned());
        }
        self.state = Some(state);
    }

    /// Reads the JSON of an event, as far as it is one.
    fn says(&mut self, value: &[u8]) {
        let Ok(mut members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(value) else { return };
        let string = |members: &BTreeMap<String, &RawValue>, name: &str| {
            members.get(name).and_then(|value| serde_json::from_str::<String>(value.get()).ok())
        };
        let (source, kind) = (string(&members, "source"), string(&members, "type"));
        let at = string(&members, "time");
        self.event = source.clone().zip(kind.as_deref().and_then(EventType::from_name)).map(|(source, kind)| Event {
            source,
            kind,
            time: at.as_deref().and_then(|at| at.parse().ok()),
        });
        self.subject = string(&members, "subject");
        self.shown.data = members.remove("data").map(ToOwned::to_owned);
        members.remove("data_base64");
        self.shown.attributes = serde_json::value::to_raw_value(&members).ok();
        (self.shown.source, self.shown.kind, self.shown.time) = (source, kind, at);
    }
}

fn logged(item: &Item) -> Result<Known, StoreError> {
    let owned = |name: &str| text(item, name).map(str::to_owned);
    let json = |name| RawValue::from_string(owned(name)?).map_err(|error| StoreError::Corrupt(error.to_string()));
    let millis = |name| number(item, name).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let place =
        Place { topic: owned("topic")?, partition: number(item, "partition")?, offset: number(item, "offset")? };
    let kind = owned("type")?;
    let event = EventType::from_name(&kind);
    let event = event.ok_or_else(|| StoreError::Corrupt(format!("an event of the type {kind}")))?;
    let mut known = Known::new(Shown {
        event_id: owned("eventId")?,
        source: Some(owned("source")?),
        kind: Some(kind),
        topic: Some(place.topic.clone()),
        partition: Some(place.partition),
        offset: Some(place.offset),
        time: Some(owned("time")?),
        attributes: Some(json("attributes")?),
        data: Some(json("data")?),
    });
    known.event = Some(Event { source: owned("source")?, kind: event, time: Some(time(item, "time")?) });
    known.place = Some(place);
    known.logged = Some(Logged { published_at: millis(PUBLISHED_AT), logged_at: millis(LOGGED_AT) });
    known.subject = owned("subject").ok();
    known.order = owned(SUBJECT_ORDER).ok();
    known.trace = owned(TRACE_SHARD).ok().and_then(|shard| Some(shard.split('#').next()?.to_owned()));
    Ok(known)
}

/// An event that the log has not got: as a dead letter has it.
fn unlogged(id: &str, source: Option<String>, letters: &[&Item]) -> Result<Known, StoreError> {
    let mut known = Known::new(Shown { event_id: id.to_owned(), source: source.clone(), ..Shown::default() });
    let Some(letter) = letters.first() else { return Ok(known) };
    let bytes = letter.get("bytes").and_then(|bytes| bytes.as_b().ok());
    // What is no event has no source in its letter, whatever its bytes say.
    if let Some(bytes) = bytes.filter(|_| source.is_some()) {
        known.says(bytes.as_ref());
        known.shown.source = source;
    }
    known.place = Letter::read(letter)?.place;
    if let Some(place) = &known.place {
        (known.shown.topic, known.shown.partition, known.shown.offset) =
            (Some(place.topic.clone()), Some(place.partition), Some(place.offset));
    }
    Ok(known)
}
