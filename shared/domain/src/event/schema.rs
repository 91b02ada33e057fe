//! The JSON Schema of each event type, generated from the types; `shared/schemas/` has a copy for readers.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{Event, EventType};
use crate::activity::UserActivity;
use crate::ingredient::Notify;
use crate::order::{Order, OrderCreated};
use crate::product::{LowStockWarning, Product, ProductDeleted};
use crate::timer::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};

/// Attributes that every event has once it is read, and that its producer may leave out.
const OPTIONAL: [&str; 2] = ["subject", "time"];

/// The JSON Schema (draft 2020-12) of an event type, including the envelope.
#[must_use]
pub fn schema(kind: EventType) -> Value {
    let schema = match kind {
        EventType::ProductCreated | EventType::ProductUpdated => of::<Product>(),
        EventType::ProductDeleted => of::<ProductDeleted>(),
        EventType::LowStockWarning => of::<LowStockWarning>(),
        EventType::OrderCreated => of::<OrderCreated>(),
        EventType::OrderConfirmed | EventType::OrderRejected => of::<Order>(),
        EventType::Notify => of::<Notify>(),
        EventType::UserActivity => of::<UserActivity>(),
        EventType::TimerRequested => of::<TimerRequested>(),
        EventType::TimerCancelled => of::<TimerCancelled>(),
        EventType::TimerFired => of::<TimerFired>(),
        EventType::TimerFailed => of::<TimerFailed>(),
        EventType::TimerDue => of::<TimerDue>(),
    };
    let mut schema = Value::from(schema);
    schema["$id"] = json!(kind.schema_id());
    schema["title"] = json!(kind.name());
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| !OPTIONAL.iter().any(|optional| name == optional));
    }
    schema["properties"]["type"] = json!({"const": kind.name(), "type": "string"});
    schema
}

fn of<D: JsonSchema>() -> Schema {
    // Subschemas are inlined, so that each schema is one self-contained document.
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Event<D>>()
}
