//! Events: `CloudEvents` 1.0 in structured JSON mode, one schema for each type.
//!
//! What goes onto a topic is made by [`Event::new`]; what comes off a topic is checked by [`read()`].

mod data;
mod read;
pub mod schema;

pub use data::Data;
pub use read::{Unreadable, read};

use std::fmt::Display;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Largest event on a topic, in bytes of its JSON; the API answers 413 above it.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// A `CloudEvent`. `D` is the type of `data`; [`RawValue`] keeps it byte for byte.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Event<D> {
    /// `1.0`.
    pub specversion: SpecVersion,
    /// Unique id; the deduplication key of every consumer.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// What made the event, such as `urn:millrace:products-api`.
    pub source: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Id of the aggregate, which is also the Kafka key unless the type has another ([`Data::key`]).
    #[schemars(length(min = 1, max = 256))]
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// `application/json`.
    pub datacontenttype: ContentType,
    /// Names the schema and its version.
    pub dataschema: String,
    /// Version of the aggregate after this event (an extension attribute). Events of one version share it.
    pub aggregateversion: u64,
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

/// An event whose payload was checked and is kept as it came.
pub type AnyEvent = Event<Box<RawValue>>;

/// The only version of the specification that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SpecVersion {
    /// `CloudEvents` 1.0.
    #[serde(rename = "1.0")]
    V1,
}

/// The only content type of `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContentType {
    /// JSON.
    #[serde(rename = "application/json")]
    Json,
}

/// Every event type. Its name is the `type` on the wire, in the log and in the archive.
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
    /// An order was made and waits for its stock.
    OrderCreated,
    /// An order has its stock.
    OrderConfirmed,
    /// An order could not be filled and took nothing.
    OrderRejected,
    /// An ingredient has fallen below half of its full level.
    Notify,
    /// A user did something.
    UserActivity,
    /// A timer was made.
    TimerRequested,
    /// A timer was cancelled.
    TimerCancelled,
    /// The receiver has taken a timer's webhook.
    TimerFired,
    /// A timer was given up.
    TimerFailed,
    /// An attempt of a timer is to be made.
    TimerDue,
}

/// A Kafka topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `product-events`: the life of products, keyed by product id.
    ProductEvents,
    /// `order_created`: orders that wait for their stock, keyed by the pool that they take it from.
    OrderCreated,
    /// `order-events`: what became of orders, keyed by order id. Not on `order_created`, or the stock consumer would be
    /// invoked with what it emits itself.
    OrderEvents,
    /// `notify`: what a person is to be told, keyed by ingredient id.
    Notify,
    /// `user-activity-events`: what users did, keyed by user id, so that one consumer at a time has a user.
    UserActivityEvents,
    /// `timer-requests`: the life of timers, keyed by timer id.
    TimerRequests,
    /// `timer-due`: attempts that are to be made, keyed by timer id. Not on `timer-requests`, so that neither waits for
    /// the other's consumer.
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
    /// All of them.
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

    /// The topic that carries it.
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

    /// The `dataschema` of events made by this code. The number grows with a change that breaks a reader.
    #[must_use]
    pub fn schema_id(self) -> String {
        format!("urn:millrace:schema:{}:1", self.name())
    }
}

/// What a change belongs to, and so its events.
#[derive(Debug, Clone)]
pub struct Context {
    /// When it happens.
    pub now: Timestamp,
    /// The function that makes it.
    pub source: &'static str,
    /// W3C trace context of the request that causes it.
    pub traceparent: Option<String>,
}

impl<D: Data> Event<D> {
    /// An event that `source` (a function's name) makes at `time`.
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
            datacontenttype: ContentType::Json,
            dataschema: kind.schema_id(),
            aggregateversion: data.version(),
            traceparent,
            redriveid: None,
            redriveconsumer: None,
            data,
        }
    }
    /// An event of a change.
    pub fn of(kind: EventType, id: Uuid, context: &Context, data: D) -> Self {
        Self::new(kind, id, context.source, context.now, context.traceparent.clone(), data)
    }
}
