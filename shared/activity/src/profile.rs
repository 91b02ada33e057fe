//! The profile of a user: a summary of the processed events.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::optional;
use crate::keys;
use millrace_domain::activity::UserId;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// Types that are counted by name; further ones are counted together, so that the item stays small.
pub const MAX_TYPES: usize = 100;

/// A user's profile. It is written together with the cursor, and so needs no condition of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Processed events by type.
    pub counts: BTreeMap<String, u64>,
    /// Processed events of types beyond the first [`MAX_TYPES`].
    pub other: u64,
    /// The latest time of a processed event, in Unix milliseconds.
    pub last_seen: Option<i64>,
    /// The largest seq of a processed event.
    pub last_seq: Option<u64>,
}

impl Profile {
    /// Adds a processed event of the time `at`.
    pub fn fold(&mut self, kind: &str, at: i64, seq: Option<u64>) {
        if let Some(count) = self.counts.get_mut(kind) {
            *count += 1;
        } else if self.counts.len() < MAX_TYPES {
            self.counts.insert(kind.to_owned(), 1);
        } else {
            self.other += 1;
        }
        self.last_seen = self.last_seen.max(Some(at));
        self.last_seq = self.last_seq.max(seq);
    }

    /// The item.
    #[must_use]
    pub fn to_item(&self, user: &UserId) -> Item {
        let counts: HashMap<String, AttributeValue> =
            self.counts.iter().map(|(kind, count)| (kind.clone(), n(count))).collect();
        let mut item = Item::from([
            (keys::PK.to_owned(), s(keys::profile(user.as_str()))),
            (keys::SK.to_owned(), s(keys::PROFILE_SK)),
            ("user".to_owned(), s(user.as_str())),
            ("counts".to_owned(), AttributeValue::M(counts)),
            ("other".to_owned(), n(self.other)),
        ]);
        item.extend(self.last_seen.map(|at| ("lastSeen".to_owned(), n(at))));
        item.extend(self.last_seq.map(|seq| ("lastSeq".to_owned(), n(seq))));
        item
    }

    /// Reads an item.
    ///
    /// # Errors
    /// The item cannot be read.
    pub fn from_item(item: &Item) -> Result<(UserId, Self), StoreError> {
        let user = UserId::try_from(text(item, "user")?.to_owned());
        let counts = item.get("counts").and_then(|counts| counts.as_m().ok());
        let counts = counts.ok_or_else(|| StoreError::Corrupt("counts is no map".to_owned()))?;
        let profile = Self {
            counts: counts
                .keys()
                .map(|kind| Ok((kind.clone(), number(counts, kind)?)))
                .collect::<Result<_, StoreError>>()?,
            other: number(item, "other")?,
            last_seen: optional(item, "lastSeen")?,
            last_seq: optional(item, "lastSeq")?,
        };
        Ok((user.map_err(|error| StoreError::Corrupt(error.to_string()))?, profile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_counts_by_type_is_bounded_and_is_read_as_it_was_stored() {
        let user = UserId::try_from("u".to_owned()).unwrap();
        let mut profile = Profile::default();
        for number in 0..MAX_TYPES as i64 + 3 {
            profile.fold(&format!("type-{number}"), 100 - number, Some(7));
        }
        profile.fold("type-0", 1, None);
        assert_eq!((profile.counts.len(), profile.other, profile.counts["type-0"]), (MAX_TYPES, 3, 2));
        assert_eq!((profile.last_seen, profile.last_seq), (Some(100), Some(7)));
        assert_eq!(Profile::from_item(&profile.to_item(&user)).unwrap(), (user, profile));
    }
}
