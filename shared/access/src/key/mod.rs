//! API keys: their form, and their items in the table of keys.

mod form;
mod item;

pub use form::{ApiKey, InvalidKey, KeyId, PREFIX, SecretHash};
pub use item::{
    ID, KeyItem, LAST_USED_AT, MAX_RATE, PREVIOUS_HASH, PREVIOUS_UNTIL, Previous, REVOKED_AT, SECRET_HASH, stored,
};
