//! One line for people about an event. Pure.

use millrace_domain::event::{AnyEvent, Event, EventType};
use millrace_domain::ingredient::Notify;
use millrace_domain::order::Order;
use millrace_domain::product::LowStockWarning;
use millrace_domain::timer::{TimerFailed, TimerFired};

/// The title of an event.
pub fn title(event: &AnyEvent) -> String {
    let title = match event.kind {
        EventType::LowStockWarning => Event::<LowStockWarning>::typed(event)
            .map(|it| format!("{}: {} left, fewer than {}", it.name, it.stock, it.low_stock_threshold)),
        EventType::Notify => Event::<Notify>::typed(event)
            .map(|it| format!("{}: {} of {} {} left, less than half", it.name, it.stock, it.full_level, it.unit)),
        EventType::OrderConfirmed => Ok(format!("Order {} is confirmed", event.subject)),
        EventType::OrderRejected => Event::<Order>::typed(event).map(|it| match it.reason {
            Some(reason) => format!("Order {} is rejected: {reason}", event.subject),
            None => format!("Order {} is rejected", event.subject),
        }),
        EventType::TimerFired => Event::<TimerFired>::typed(event)
            .map(|it| format!("Timer {} has fired, at attempt {}", event.subject, it.attempt)),
        EventType::TimerFailed => {
            Event::<TimerFailed>::typed(event).map(|it| format!("Timer {} is given up: {}", event.subject, it.error))
        }
        _ => return event.kind.name().to_owned(),
    };
    // What comes off a topic was checked; a title that cannot be made is no reason to lose the entry.
    title.unwrap_or_else(|_| format!("{} {}", event.kind.name(), event.subject))
}
