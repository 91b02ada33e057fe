//! What an event is, defined here independently of the functions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::activity::Activity;
use super::json;
use super::observed::TopicRecord;
use super::order::{Notify, Order};
use super::product::{Content, Product};
use super::timer::TimerEvent;

/// Largest event, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Maximum length of the ids of an event and of its subject, in bytes.
const MAX_ID_BYTES: usize = 256;

/// The header of each record that an API produces.
pub const CONTENT_TYPE: (&str, &str) = ("content-type", "application/cloudevents+json");

/// The key of every `OrderCreated`, which is not its subject.
const STOCK_POOL: &str = "main";

/// The source of product events caused by orders.
const STOCK: &str = "urn:millrace:stock";

/// The source of the demo data's products.
const ORDERS_API: &str = "urn:millrace:orders-api";

/// Names of attributes, each with its JSON.
pub type Attributes = BTreeMap<String, String>;

/// Source and id of an event, which together identify it.
pub type Identity = (String, String);

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Id.
    pub id: String,
    /// Type.
    pub kind: Kind,
    /// The producer.
    pub source: String,
    /// Id of the product, order or ingredient.
    pub subject: String,
    /// When it happened; `None` if the event does not say it.
    pub time: Option<Timestamp>,
    /// Version of the subject.
    pub version: u64,
    /// Trace context.
    pub traceparent: Option<String>,
    /// The redrive that produced it again, if any.
    pub redrive: Option<String>,
    /// Every attribute, with its JSON.
    pub attributes: Attributes,
    /// The payload, byte for byte.
    pub data: String,
    /// The payload, parsed.
    pub payload: Payload,
}

/// Types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    LowStockWarning,
    OrderCreated,
    OrderConfirmed,
    OrderRejected,
    Notify,
    UserActivity,
    TimerRequested,
    TimerCancelled,
    TimerFired,
    TimerFailed,
    TimerDue,
}

/// What an event carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// The product after its change.
    Product(Product),
    /// What is left of a product.
    Deleted(Deleted),
    /// A warning.
    Warning(Warning),
    /// An order.
    Order(Order),
    /// A notice about an ingredient that runs low.
    Notify(Notify),
    /// User activity.
    Activity(Activity),
    /// A change in a timer's state.
    Timer(TimerEvent),
}

/// What is left of a deleted product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// A product whose stock is low.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Id of the product.
    pub product_id: String,
    /// Version of the product.
    pub version: u64,
    /// Name of the product.
    pub name: String,
    /// Pieces left.
    pub stock: u64,
    /// The threshold.
    pub low_stock_threshold: u64,
}

#[derive(Deserialize)]
struct Envelope {
    specversion: String,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: Kind,
    subject: Option<String>,
    time: Option<Timestamp>,
    datacontenttype: Option<String>,
    aggregateversion: Option<u32>,
    traceparent: Option<String>,
    redriveid: Option<String>,
    data: Box<RawValue>,
}

impl Kind {
    /// The name on the wire.
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

    /// The topic that carries it.
    pub fn topic(self) -> &'static str {
        match self {
            Self::ProductCreated | Self::ProductUpdated | Self::ProductDeleted | Self::LowStockWarning => {
                "product-events"
            }
            Self::OrderCreated => "order_created",
            Self::OrderConfirmed | Self::OrderRejected => "order-events",
            Self::Notify => "notify",
            Self::UserActivity => "user-activity-events",
            Self::TimerRequested | Self::TimerCancelled | Self::TimerFired | Self::TimerFailed => "timer-requests",
            Self::TimerDue => "timer-due",
        }
    }
}

impl Event {
    /// Parses the value of a record.
    ///
    /// # Errors
    /// Why it is not an event, in words.
    pub fn read(value: &[u8]) -> Result<Self, String> {
        if value.len() > MAX_BYTES {
            return Err(format!("{} bytes", value.len()));
        }
        let envelope: Envelope = object(value)?;
        let Envelope { specversion, id, kind, time, datacontenttype, aggregateversion, .. } = envelope;
        let data = envelope.data.get().to_owned();
        let payload = match kind {
            Kind::ProductCreated | Kind::ProductUpdated => Payload::Product(object(data.as_bytes())?),
            Kind::ProductDeleted => Payload::Deleted(object(data.as_bytes())?),
            Kind::LowStockWarning => Payload::Warning(object(data.as_bytes())?),
            Kind::OrderCreated | Kind::OrderConfirmed | Kind::OrderRejected => Payload::Order(object(data.as_bytes())?),
            Kind::Notify => Payload::Notify(object(data.as_bytes())?),
            Kind::UserActivity => Payload::Activity(object(data.as_bytes())?),
            Kind::TimerRequested | Kind::TimerCancelled | Kind::TimerFired | Kind::TimerFailed | Kind::TimerDue => {
                Payload::Timer(object(data.as_bytes())?)
            }
        };
        let valid = match &payload {
            Payload::Activity(activity) => activity.is_valid(),
            other => is_id(other.subject()),
        };
        if !valid {
            return Err("the id of what it is about breaks its rules".to_owned());
        }
        let (source, traceparent, redrive) = (envelope.source, envelope.traceparent, envelope.redriveid);
        let subject = envelope.subject.unwrap_or_else(|| payload.subject().to_owned());
        let named = |id: &str| (1..=MAX_ID_BYTES).contains(&id.len()) && !id.contains('\0');
        let integer = aggregateversion.is_none_or(|version| i32::try_from(version).is_ok());
        let json = datacontenttype.is_none_or(|it| it == "application/json" || it.starts_with("application/json;"));
        if specversion != "1.0" || !json || !integer || source.is_empty() || !named(&id) || !named(&subject) {
            return Err("the envelope breaks its rules".to_owned());
        }
        let version = aggregateversion.map_or_else(|| payload.version(), u64::from);
        let attributes = attributes(value)?;
        Ok(Self { id, kind, source, subject, time, version, traceparent, redrive, attributes, data, payload })
    }

    /// Parses a record of a topic, which must be the one that carries the event.
    ///
    /// # Errors
    /// Why it is not an event of the topic, in words.
    pub fn of_record(TopicRecord { place, headers, value, .. }: &TopicRecord) -> Result<Self, String> {
        let value = value.as_deref().ok_or_else(|| "a tombstone".to_owned())?;
        let header = |name: &str| headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_slice());
        let is_structured = header(CONTENT_TYPE.0).is_some_and(|value| value.starts_with(b"application/cloudevents"));
        let event = match header("ce_specversion") {
            Some(_) if !is_structured => Self::read(&structured(headers, value)?)?,
            _ => Self::read(value)?,
        };
        if event.kind.topic() != place.topic {
            return Err(format!("{} does not belong on {}", event.kind.name(), place.topic));
        }
        Ok(event)
    }

    /// What identifies it.
    pub fn identity(&self) -> Identity {
        (self.source.clone(), self.id.clone())
    }

    /// What it says, in one spelling: time and trace do not count.
    pub fn says(&self) -> String {
        let data = json::meaning(&self.data).unwrap_or_else(|_| self.data.clone());
        format!("{} of {}: {data}", self.kind.name(), self.subject)
    }

    /// The expected Kafka key of its record.
    pub fn key(&self) -> &str {
        if self.kind == Kind::OrderCreated { STOCK_POOL } else { &self.subject }
    }

    /// Whether it reports a change of the product; a warning does not.
    pub fn is_change(&self) -> bool {
        matches!(self.kind, Kind::ProductCreated | Kind::ProductUpdated | Kind::ProductDeleted)
    }

    /// Whether orders caused it, rather than a client's request.
    pub fn is_by_orders(&self) -> bool {
        self.source == STOCK
    }

    /// Whether it is a product of the demo data.
    pub fn is_demo_data(&self) -> bool {
        self.source == ORDERS_API && self.kind == Kind::ProductCreated
    }

    /// The client-controlled part of the product, if the event carries it.
    pub fn content(&self) -> Option<&Content> {
        match &self.payload {
            Payload::Product(product) => Some(&product.content),
            Payload::Deleted(_)
            | Payload::Warning(_)
            | Payload::Order(_)
            | Payload::Notify(_)
            | Payload::Activity(_)
            | Payload::Timer(_) => None,
        }
    }
}

impl Payload {
    /// Id of the product, order or ingredient.
    pub fn subject(&self) -> &str {
        match self {
            Self::Product(product) => &product.id,
            Self::Deleted(deleted) => &deleted.id,
            Self::Warning(warning) => &warning.product_id,
            Self::Order(order) => &order.id,
            Self::Notify(notify) => &notify.ingredient_id,
            Self::Activity(activity) => &activity.user_id,
            Self::Timer(timer) => &timer.timer_id,
        }
    }

    /// Version of it.
    pub fn version(&self) -> u64 {
        match self {
            Self::Product(product) => product.version,
            Self::Deleted(deleted) => deleted.version,
            Self::Warning(warning) => warning.version,
            Self::Order(order) => order.version,
            Self::Notify(notify) => notify.version,
            Self::Activity(activity) => activity.seq(),
            Self::Timer(timer) => timer.rank(),
        }
    }
}

/// The attributes of an event in JSON, each without white space: everything but its data.
pub fn attributes(event: &[u8]) -> Result<Attributes, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(event).map_err(|error| error.to_string())?;
    let members = members.into_iter().filter(|(name, _)| name != "data");
    Ok(members.map(|(name, value)| (name, json::without_space(value.get()))).collect())
}

/// The event of a record in binary mode, in structured mode.
fn structured(headers: &[(String, Vec<u8>)], value: &[u8]) -> Result<Vec<u8>, String> {
    let data: &RawValue = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    let mut event = BTreeMap::from([("data".to_owned(), data.to_owned())]);
    for (header, value) in headers {
        let name = if header == CONTENT_TYPE.0 { Some("datacontenttype") } else { header.strip_prefix("ce_") };
        let text = String::from_utf8_lossy(value);
        let text = serde_json::value::to_raw_value(&text).map_err(|error| error.to_string())?;
        event.extend(name.map(|name| (name.to_owned(), text)));
    }
    serde_json::to_vec(&event).map_err(|error| error.to_string())
}

/// Parses a JSON object; serde would also accept an array as the fields of a struct.
fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err("no object".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn is_id(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&id.len()) && id.bytes().all(known)
}
