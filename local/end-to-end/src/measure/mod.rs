//! A stack to measure, and what its processes use.

mod stack;
mod usage;

pub use stack::{Addresses, Stack};
pub use usage::{Usage, usage};

/// What the caller of a benchmark passes on to the stack. Cargo says --bench to every benchmark.
pub fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}
