//! An independent check that nothing was lost and nothing was invented.
//!
//! It knows what clients sent and what they were answered ([`journal`]) and what is stored, published, logged, archived
//! and given up ([`observed`]), and [`judge()`] decides from both alone. It shares no code with the functions: what an
//! event, a product, an order, an ingredient, an activity and a timer are is defined here independently ([`event`], [`product`],
//! [`order`], [`ingredient`], [`activity`], [`timer`]), so that a mistake of theirs is not also the judge's.
//!
//! [`read`] takes the second from a running stack, after the faults have stopped and [`idle`] has waited for what is
//! under way; [`probe`] shows that the stack still works.

pub mod activity;
pub mod addresses;
pub mod check;
pub mod event;
pub mod idle;
pub mod ingredient;
pub mod journal;
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
