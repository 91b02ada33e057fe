//! The outbox entry of an order. Pure: time and ids are arguments.

use millrace_delivery::outbox::{Entry, EntryError};
use millrace_domain::event::{Context, Event, EventType};
use millrace_domain::order::{Order, OrderCreated, Status};
use uuid::Uuid;

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "order";

/// The event for the order's current status: created, confirmed or rejected.
///
/// # Errors
/// The event is too large.
pub fn entry(order: &Order, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let of = |kind| Entry::new(AGGREGATE, 0, &Event::of(kind, id, context, order.clone()));
    match order.status {
        Status::Pending => {
            let data = OrderCreated(order.clone());
            Entry::new(AGGREGATE, 0, &Event::of(EventType::OrderCreated, id, context, data))
        }
        Status::Confirmed => of(EventType::OrderConfirmed),
        Status::Rejected => of(EventType::OrderRejected),
    }
}
