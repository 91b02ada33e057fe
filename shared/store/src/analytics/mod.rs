//! The analytics table: what an event adds to its counters, and how the counters are stored and read.
//!
//! The consumer and a rebuild from the archive share [`Fact::sheet`], so that both count alike.
//!
//! Counters of a bucket are spread over [`SHARDS`] partition keys. A writer has a shard of its own, by what it reads, so that
//! writers seldom meet in a transaction; a reader sums the shards.

mod bucket;
mod fold;
mod row;

pub use bucket::{Bucket, KEPT_DAYS, MINUTE_DAYS, SECONDS_PER_DAY};
pub use fold::{Fact, MAX_LINES, MAX_ROWS_OF_FACT, Sheet, Sums, merge};
pub use row::{Row, product_partition};

/// Partition key of the table.
pub const PK: &str = "pk";
/// Sort key of the table.
pub const SK: &str = "sk";
/// Index of the products of a day by the pieces that were sold: partition key [`PK`], sort key [`PIECES`].
pub const BY_PIECES: &str = "byPieces";
/// Pieces of a product that were sold.
pub const PIECES: &str = "pieces";
/// Amount that a product was sold for, in minor units.
pub const AMOUNT: &str = "amount";
/// Name of a product, as an order of the day had it.
pub const NAME: &str = "name";
/// User activity that failed on every attempt, or found its buffer full.
pub const FAILED: &str = "failed";
/// User activity that was processed after its turn.
pub const LATE: &str = "late";
/// When a row may be deleted, in Unix seconds.
pub const EXPIRES_AT: &str = "expiresAt";

/// Partition keys of a bucket, and of the products of a day.
pub const SHARDS: u8 = 8;
