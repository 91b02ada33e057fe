//! Typed ids, so that one kind cannot be mistaken for another.

use uuid::Uuid;

use crate::text_type::text_type;

/// Longest id that a client may choose, in characters.
pub const MAX_LENGTH: usize = 64;

/// Why a text is not a valid id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 64 characters out of A-Z, a-z, 0-9, '-' and '_'")]
pub struct InvalidId;

fn check(text: &str) -> Result<(), InvalidId> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(known) {
        return Err(InvalidId);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        text_type!($(#[$doc])* $name, check, InvalidId, schema(extend("pattern" = "^[A-Za-z0-9_-]{1,64}$")));

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id.to_string())
            }
        }
    };
}

id!(
    /// Id of a product: a `UUIDv7` unless the client gave one.
    ProductId
);
id!(
    /// Id of an ingredient.
    IngredientId
);
id!(
    /// Id of an order.
    OrderId
);
id!(
    /// Id of a timer.
    TimerId
);
