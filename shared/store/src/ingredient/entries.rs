//! The outbox entry of an ingredient's fall below half. Pure: time and ids are arguments.

use millrace_delivery::outbox::{Entry, EntryError};
use millrace_domain::event::{Context, Event, EventType};
use millrace_domain::ingredient::Notify;
use uuid::Uuid;

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "ingredient";

/// The outbox entry of the alert.
///
/// # Errors
/// The event is too large.
pub fn low_stock_alert(notify: Notify, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    Entry::new(AGGREGATE, 0, &Event::of(EventType::Notify, id, context, notify))
}
