//! What is stored about an event, as far as its life is told from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use millrace_activity::EventState;
use millrace_delivery::dead_letter::{ADDRESS, DEAD};
use millrace_domain::event::EventType;
use millrace_domain::order;
use millrace_domain::timer::Timer;
use millrace_platform::dynamo::{Item, StoreError, number, text};

/// All of it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the event says; `None` for a record that is no event, and for one whose bytes are nowhere.
    pub event: Option<Event>,
    /// Where Kafka has it; `None` as long as nobody has read it there.
    pub place: Option<Place>,
    /// What the log knows; `None` if it has not got it.
    pub logged: Option<Logged>,
    /// Since when it waits in the outbox, if it was found there.
    pub pending: Option<Timestamp>,
    /// The object of the archive.
    pub archived: Archived,
    /// Its dead letters.
    pub letters: Vec<Letter>,
    /// What its consumer has made of it.
    pub effect: Effect,
    pub now: Timestamp,
}

/// What an event says, as far as its life depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub source: String,
    pub kind: EventType,
    pub time: Option<Timestamp>,
}

/// A position in Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub topic: String,
    pub partition: i64,
    pub offset: i64,
}

/// The times of the log; `None` for an entry that was written without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    pub published_at: Option<Timestamp>,
    pub logged_at: Option<Timestamp>,
}

/// Whether an object of the archive has the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archived {
    /// Nobody could look, and why.
    NotSought(&'static str),
    /// Not yet, or it was not found.
    NotFound,
    /// This one has, which was written at this time.
    In(String, Timestamp),
}

/// A dead letter of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub address: String,
    pub consumer: String,
    /// Each time that the consumer gave the event up, oldest first. All but the last were redriven, and the last if
    /// `is_open` does not hold.
    pub deaths: Vec<Death>,
    pub is_open: bool,
    /// Whether its last redrive waits in the outbox.
    pub waits: bool,
    pub place: Option<Place>,
}

/// A consumer gave the event up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    pub at: Timestamp,
    pub reason: String,
    pub detail: String,
    pub attempts: u32,
    /// Id and time of the redrive that followed.
    pub redriven: Option<(String, Timestamp)>,
}

/// What the consumer of an event has made of it.
#[derive(Debug, Clone)]
pub enum Effect {
    /// No function but the log and the archive does anything with it.
    Nothing,
    /// An order that was created, and what became of it; `None` if there is no such order.
    Order(Option<Decision>),
    /// An alert, and its mail if one was sent.
    Alert(Option<Mail>),
    /// A timer that was requested; `None` if it is not stored any more.
    Requested(Option<Box<Timer>>, Ends),
    /// The attempt with this number of a timer.
    Attempt(u32, Option<Box<Timer>>),
    /// A user's event, once its processor has seen it.
    Activity(Box<Processing>),
}

/// The state of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub status: order::Status,
    pub at: Timestamp,
    pub reason: Option<String>,
}

/// A mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub at: Timestamp,
    pub message_id: String,
}

/// What the events of a timer tell: when its attempts were due, and when it failed for good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    pub due: BTreeMap<u32, Timestamp>,
    pub failed: BTreeSet<Timestamp>,
}

/// What the processor of users' events knows of one.
#[derive(Debug, Clone, Default)]
pub struct Processing {
    pub state: Option<EventState>,
    /// The outcome of each redrive.
    pub redrives: Vec<EventState>,
    /// The seq that its user's next event has to have; known while the event waits.
    pub next: Option<u64>,
}

impl Letter {
    /// Reads an item of the dead letters.
    pub fn read(item: &Item) -> Result<Self, StoreError> {
        let is_open = text(item, "status")? == DEAD;
        let history = item.get("history").and_then(|history| history.as_l().ok()).into_iter().flatten();
        let mut deaths = history
            .filter_map(|death| death.as_m().ok())
            .map(|death| {
                let redriven = (text(death, "redriveId")?.to_owned(), time(death, "redrivenAt")?);
                Ok(Death { redriven: Some(redriven), ..death_of(death)? })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        if is_open {
            deaths.push(death_of(item)?);
        }
        let partition: i64 = number(item, "partition")?;
        let place = Place { topic: text(item, "topic")?.to_owned(), partition, offset: number(item, "offset")? };
        Ok(Self {
            address: text(item, ADDRESS)?.to_owned(),
            consumer: text(item, "consumer")?.to_owned(),
            deaths,
            is_open,
            waits: false,
            // A gap has no record.
            place: Some(place).filter(|_| partition >= 0),
        })
    }

    /// How often it was redriven.
    pub fn redrives(&self) -> usize {
        self.deaths.len() - usize::from(self.is_open)
    }
}

fn death_of(item: &Item) -> Result<Death, StoreError> {
    Ok(Death {
        at: time(item, "at")?,
        reason: text(item, "reason")?.to_owned(),
        detail: text(item, "detail")?.to_owned(),
        attempts: number(item, "attempts")?,
        redriven: None,
    })
}

/// A time in RFC 3339.
pub fn time(item: &Item, name: &str) -> Result<Timestamp, StoreError> {
    text(item, name)?.parse().map_err(|_| StoreError::Corrupt(format!("{name} is no time")))
}
