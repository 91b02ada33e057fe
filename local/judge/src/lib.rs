//! An independent check that nothing was lost and nothing was invented.
//!
//! It knows what clients sent and what they were answered ([`journal`]) and what is stored, published, logged, archived
//! and given up ([`observed`]); [`judge()`] decides from these two alone. It shares no code with the functions: events,
//! products, orders, ingredients, user activity and timers are defined here again ([`event`], [`product`], [`order`],
//! [`ingredient`], [`activity`], [`timer`]), so that a mistake in the functions is not also the judge's.
//!
//! [`read`] observes a running stack, after the faults have stopped and [`idle`] has waited for what is in progress;
//! [`probe`] shows that the stack still works.

pub mod activity;
pub mod addresses;
pub mod analytics;
pub mod check;
pub mod event;
pub mod idle;
pub mod ingredient;
pub mod journal;
pub mod json;
pub mod judge;
pub mod observed;
pub mod order;
pub mod probe;
pub mod product;
pub mod read;
pub mod timer;

pub use addresses::Addresses;
pub use journal::{Journal, Recorder};
pub use judge::{Violation, judge};
pub use observed::Observed;
