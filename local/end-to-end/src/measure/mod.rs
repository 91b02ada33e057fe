//! A stack to measure, and the resources its processes use.

mod stack;
mod usage;

pub use stack::{Addresses, Stack};
pub use usage::{Usage, usage};

/// The benchmark's arguments for the stack. Cargo passes --bench to every benchmark.
pub fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}
