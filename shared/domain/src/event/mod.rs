//! Events: `CloudEvents` 1.0 in JSON, with one schema per type.
//!
//! [`Event::new`] creates the events for a topic, in structured mode; [`read()`] checks the events from a topic, in
//! structured or binary mode. An event is identified by its source and id, as `CloudEvents` has it ([`identity`]).

mod binary;
mod data;
pub mod identity;
mod read;
pub mod schema;

pub use binary::structured;
pub use data::Data;
pub use read::{Unreadable, read};

use std::fmt::Display;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Largest event on a topic, in bytes of its JSON; the API answers 413 for a larger one.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// Largest `aggregateversion`: an Integer of `CloudEvents` has 32 bits with a sign.
pub const MAX_INTEGER: u32 = i32::MAX as u32;

/// A `CloudEvent`. `D` is the type of `data`; [`RawValue`] keeps it byte for byte.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(description = "An event: CloudEvents 1.0 in JSON. Other attributes are allowed and kept, but for `kafka`.")]
pub struct Event<D> {
    /// `1.0`.
    pub specversion: SpecVersion,
    /// Id, unique among the events of its source.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// What made the event, such as `urn:millrace:products-api`; for an activity that a client sent, its user too.
    #[schemars(length(min = 1, max = 2048))]
    pub source: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Id of the aggregate, which is also the Kafka key unless the type has another. Without it, the id in the data.
    #[schemars(length(min = 1, max = 256))]
    pub subject: String,
    /// When it happened. Without it, when Kafka got the event.
    pub time: Timestamp,
    /// `application/json`, also with parameters, or another type with the suffix `+json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// Names the schema and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<String>,
    /// Version of the aggregate after this event (an extension attribute). Events of one version share it. User activity
    /// has none: its order is that of `data.payload.seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = MAX_INTEGER))]
    pub aggregateversion: Option<u32>,
    /// W3C trace context of the request that caused it (the distributed tracing extension).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Id of the redrive that sent a dead letter again (an extension attribute); it joins the deduplication key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriveid: Option<String>,
    /// The consumer that a redriven event is for; the others pass it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriveconsumer: Option<String>,
    /// The payload.
    pub data: D,
}

/// An event whose payload was checked and keeps its original bytes.
pub type AnyEvent = Event<Box<RawValue>>;

/// The only supported version of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SpecVersion {
    /// `CloudEvents` 1.0.
    #[serde(rename = "1.0")]
    V1,
}

/// The content type of the `data` that this code creates.
const JSON: &str = "application/json";

/// Event types. The name is the `type` on the wire, in the log and in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EventType {
    /// A product was created.
    ProductCreated,
    /// A product was changed.
    ProductUpdated,
    /// A product was deleted.
    ProductDeleted,
    /// A product's stock is below its threshold.
    LowStockWarning,
    /// An order was created and is not decided yet.
    OrderCreated,
    /// An order was filled.
    OrderConfirmed,
    /// An order could not be filled and took nothing.
    OrderRejected,
    /// An ingredient's stock has fallen below half of its full level.
    Notify,
    /// A user did something.
    UserActivity,
    /// A timer was created.
    TimerRequested,
    /// A timer was cancelled.
    TimerCancelled,
    /// The receiver has accepted a timer's webhook.
    TimerFired,
    /// All attempts to deliver a timer's webhook have failed.
    TimerFailed,
    /// An attempt to deliver a timer's webhook is due.
    TimerDue,
}

/// A Kafka topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `product-events`: product changes, keyed by product id.
    ProductEvents,
    /// `order_created`: new orders, keyed by the pool of stock that fills them.
    OrderCreated,
    /// `order-events`: decisions about orders, keyed by order id. A topic of their own, because on `order_created` they
    /// would invoke the stock consumer, which emits them.
    OrderEvents,
    /// `notify`: alerts for people, keyed by ingredient id.
    Notify,
    /// `user-activity-events`: user activity, keyed by user id, so that each user is processed by one consumer at a
    /// time.
    UserActivityEvents,
    /// `timer-requests`: timer changes, keyed by timer id.
    TimerRequests,
    /// `timer-due`: due attempts, keyed by timer id. A topic of their own, so that the consumers of `timer-requests`
    /// and `timer-due` do not wait for each other.
    TimerDue,
}

impl Topic {
    /// The topic's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ProductEvents => "product-events",
            Self::OrderCreated => "order_created",
            Self::OrderEvents => "order-events",
            Self::Notify => "notify",
            Self::UserActivityEvents => "user-activity-events",
            Self::TimerRequests => "timer-requests",
            Self::TimerDue => "timer-due",
        }
    }
}

impl EventType {
    /// All event types.
    pub const ALL: [Self; 14] = [
        Self::ProductCreated,
        Self::ProductUpdated,
        Self::ProductDeleted,
        Self::LowStockWarning,
        Self::OrderCreated,
        Self::OrderConfirmed,
        Self::OrderRejected,
        Self::Notify,
        Self::UserActivity,
        Self::TimerRequested,
        Self::TimerCancelled,
        Self::TimerFired,
        Self::TimerFailed,
        Self::TimerDue,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ProductCreated => "ProductCreated",
            Self::ProductUpdated => "ProductUpdated",
            Self::ProductDeleted => "ProductDeleted",
            Self::LowStockWarning => "LowStockWarning",
            Self::OrderCreated => "OrderCreated",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderRejected => "OrderRejected",
            Self::Notify => "Notify",
            Self::UserActivity => "UserActivity",
            Self::TimerRequested => "TimerRequested",
            Self::TimerCancelled => "TimerCancelled",
            Self::TimerFired => "TimerFired",
            Self::TimerFailed => "TimerFailed",
            Self::TimerDue => "TimerDue",
        }
    }

    /// The type with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The topic that this type is published on.
    #[must_use]
    pub fn topic(self) -> Topic {
        match self {
            Self::ProductCreated | Self::ProductUpdated | Self::ProductDeleted | Self::LowStockWarning => {
                Topic::ProductEvents
            }
            Self::OrderCreated => Topic::OrderCreated,
            Self::OrderConfirmed | Self::OrderRejected => Topic::OrderEvents,
            Self::Notify => Topic::Notify,
            Self::UserActivity => Topic::UserActivityEvents,
            Self::TimerRequested | Self::TimerCancelled | Self::TimerFired | Self::TimerFailed => Topic::TimerRequests,
            Self::TimerDue => Topic::TimerDue,
        }
    }

    /// The `dataschema` of events that this code creates. Its number increases with each breaking change.
    #[must_use]
    pub fn schema_id(self) -> String {
        format!("urn:millrace:schema:{}:1", self.name())
    }
}

/// The context of a change, which its events carry.
#[derive(Debug, Clone)]
pub struct Context {
    /// Time of the change.
    pub now: Timestamp,
    /// Name of the function that makes it.
    pub source: &'static str,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
}

impl<D: Data> Event<D> {
    /// An event that `source` (a function's name) creates at `time`.
    pub fn new(
        kind: EventType,
        id: impl Display,
        source: &str,
        time: Timestamp,
        traceparent: Option<String>,
        data: D,
    ) -> Self {
        Self {
            specversion: SpecVersion::V1,
            id: id.to_string(),
            source: format!("urn:millrace:{source}"),
            kind,
            subject: data.subject(),
            time,
            datacontenttype: Some(JSON.to_owned()),
            dataschema: Some(kind.schema_id()),
            aggregateversion: data.aggregate_version(),
            traceparent,
            redriveid: None,
            redriveconsumer: None,
            data,
        }
    }
    /// The event of a change.
    pub fn of(kind: EventType, id: Uuid, context: &Context, data: D) -> Self {
        Self::new(kind, id, context.source, context.now, context.traceparent.clone(), data)
    }
}
