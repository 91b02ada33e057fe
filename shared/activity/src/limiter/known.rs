//! What this process remembers of users who are at the limit, so that a flood is refused without a write.

use std::collections::HashMap;

use super::window::{Rule, Seen, Write};

/// Most users that are remembered: about 4 MB. Of the users beyond, each request costs a failed write.
const MAX_USERS: usize = 4_096;

/// Items of users, as they were when a condition failed. What they say may be old: every write has its condition, and
/// times leave an item only when they have left the window.
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

    /// Notes a write that succeeded.
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
