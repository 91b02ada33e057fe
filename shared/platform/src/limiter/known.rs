//! Remembers, in this process, subjects that are at their limit, so that a flood is refused without writes.

use std::collections::HashMap;

use super::window::{Rule, Seen, Write};

/// Most subjects that are remembered: about 4 MB with a limit of 100. For any further subject, each refused request costs a failed write.
const MAX_SUBJECTS: usize = 4_096;

/// Subjects' items, as they were when a condition failed. They may be outdated; this is safe, because every write is
/// conditional, and times are removed from an item only after they have left the window.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, Seen>);

impl Known {
    /// The item of a subject.
    #[must_use]
    pub fn get(&self, subject: &str) -> Option<&Seen> {
        self.0.get(subject)
    }

    /// Remembers an item.
    pub fn put(&mut self, rule: &Rule, subject: &str, seen: Seen, now: i64) {
        if self.0.len() >= MAX_SUBJECTS && !self.0.contains_key(subject) {
            self.0.retain(|_, seen| !rule.kept(&seen.stamps, now).is_empty());
            if self.0.len() >= MAX_SUBJECTS {
                return;
            }
        }
        self.0.insert(subject.to_owned(), seen);
    }

    /// Records a successful write.
    pub fn written(&mut self, subject: &str, write: &Write) {
        let Some(seen) = self.0.get_mut(subject) else { return };
        match write {
            Write::Append { stamp, count } => {
                seen.stamps.extend(std::iter::repeat_n(*stamp, *count));
                seen.version += 1;
            }
            Write::Replace { to, .. } => seen.clone_from(to),
        }
    }
}
