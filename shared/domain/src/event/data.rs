//! The properties that an event gets from its payload: subject, version and Kafka key.

use serde::Serialize;

use super::MAX_INTEGER;
use crate::activity::UserActivity;
use crate::ingredient::Notify;
use crate::order::{Order, OrderCreated};
use crate::product::{LowStockWarning, Product, ProductDeleted};
use crate::timer::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};

/// Kafka key of every new order. All orders share one pool of stock, and a partition has one reader at a time, so a
/// single writer owns the pool and popular ingredients cause no conflicts.
pub const STOCK_POOL: &str = "main";

/// The payload of one event type.
pub trait Data: Serialize {
    /// Id of the aggregate.
    fn subject(&self) -> String;

    /// Version of the aggregate.
    fn version(&self) -> u64;

    /// Kafka key.
    fn key(&self) -> String {
        self.subject()
    }

    /// The version as an attribute, if it fits in an Integer of `CloudEvents`.
    fn aggregate_version(&self) -> Option<u32> {
        u32::try_from(self.version()).ok().filter(|version| *version <= MAX_INTEGER)
    }
}

impl Data for Product {
    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Data for ProductDeleted {
    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Data for LowStockWarning {
    fn subject(&self) -> String {
        self.product_id.to_string()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Data for OrderCreated {
    fn subject(&self) -> String {
        self.0.id.to_string()
    }

    fn version(&self) -> u64 {
        self.0.version
    }

    fn key(&self) -> String {
        STOCK_POOL.to_owned()
    }
}

impl Data for Order {
    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Data for Notify {
    fn subject(&self) -> String {
        self.ingredient_id.to_string()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

impl Data for UserActivity {
    fn subject(&self) -> String {
        self.user_id.to_string()
    }

    /// The seq, which is the client's own version of the user's activity; 0 without one.
    fn version(&self) -> u64 {
        self.payload.seq().unwrap_or(0)
    }

    /// None: clients count in what they like, such as milliseconds.
    fn aggregate_version(&self) -> Option<u32> {
        None
    }
}

/// Implements the common parts of the payloads of timer events.
macro_rules! of_timer {
    ($($data:ident),*) => {$(
        impl Data for $data {
            fn subject(&self) -> String {
                self.timer_id.to_string()
            }

            fn version(&self) -> u64 {
                self.version
            }
        }
    )*};
}

of_timer!(TimerRequested, TimerCancelled, TimerFired, TimerFailed);

impl Data for TimerDue {
    fn subject(&self) -> String {
        self.timer_id.to_string()
    }

    /// The attempt: these events have a topic of their own, where a timer's attempts are in order.
    fn version(&self) -> u64 {
        u64::from(self.attempt)
    }
}
