//! Remembers, in this process, users who are at the limit, so that a flood is refused without writes.

use std::collections::HashMap;

use super::window::{Rule, Seen, Write};

/// Most users that are remembered: about 4 MB. For any further user, each refused request costs a failed write.
const MAX_USERS: usize = 4_096;

/// Users' items, as they were when a condition failed. They may be outdated; this is safe, because every write is
/// conditional, and times are removed from an item only after they have left the window.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, Seen>);

impl Known {
    /// The item of a user.
    #[must_use]
    pub fn get(&self, user: &str) -> Option<&Seen> {
        self.0.get(user)
    }

    /// Remembers an item.
    pub fn put(&mut self, rule: &Rule, user: &str, seen: Seen, now: i64) {
        if self.0.len() >= MAX_USERS && !self.0.contains_key(user) {
            self.0.retain(|_, seen| !rule.kept(&seen.stamps, now).is_empty());
            if self.0.len() >= MAX_USERS {
                return;
            }
        }
        self.0.insert(user.to_owned(), seen);
    }

    /// Records a successful write.
    pub fn written(&mut self, user: &str, write: &Write) {
        let Some(seen) = self.0.get_mut(user) else { return };
        match write {
            Write::Append { stamp, count } => {
                seen.stamps.extend(std::iter::repeat_n(*stamp, *count));
                seen.version += 1;
            }
            Write::Replace { to, .. } => seen.clone_from(to),
        }
    }
}
