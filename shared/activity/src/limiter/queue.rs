//! Who waits for a decision. Requests of one user that wait together are decided by one write. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// What is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// How many requests are accepted.
    pub accepted: usize,
    /// After what time each refused one finds room, unless others of the user take it.
    pub retry_after: Vec<Duration>,
}

impl Grant {
    /// The part of the first `count` requests; the rest stays.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let accepted = count.min(self.accepted);
        self.accepted -= accepted;
        let refused = (count - accepted).min(self.retry_after.len());
        Self { accepted, retry_after: self.retry_after.drain(..refused).collect() }
    }
}

/// Requests by user, with somebody to tell. A user is decided about by one write at a time.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: HashMap<String, Vec<(usize, T)>>,
    /// Users who wait and are not being decided about, in the order in which they came.
    order: VecDeque<String>,
    in_flight: HashSet<String>,
}

/// A user's requests that are decided together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch<T> {
    pub user: String,
    /// How many they are.
    pub count: usize,
    /// Who asked for how many of them, in order.
    pub parts: Vec<(usize, T)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), order: VecDeque::new(), in_flight: HashSet::new() }
    }
}

impl<T> Queue<T> {
    /// `count` requests of a user begin to wait.
    pub fn push(&mut self, user: &str, count: usize, tell: T) {
        let parts = self.waiting.entry(user.to_owned()).or_default();
        if parts.is_empty() && !self.in_flight.contains(user) {
            self.order.push_back(user.to_owned());
        }
        parts.push((count, tell));
    }

    /// The next users, at most `most`; they are being decided about from now on.
    pub fn next(&mut self, most: usize) -> Vec<Batch<T>> {
        let mut next = Vec::new();
        while next.len() < most
            && let Some(user) = self.order.pop_front()
        {
            let parts = self.waiting.remove(&user).unwrap_or_default();
            self.in_flight.insert(user.clone());
            next.push(Batch { user, count: parts.iter().map(|(count, _)| count).sum(), parts });
        }
        next
    }

    /// A user was decided about.
    pub fn done(&mut self, user: &str) {
        self.in_flight.remove(user);
        if self.waiting.contains_key(user) {
            self.order.push_back(user.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_wait_together_are_one_and_a_user_is_decided_about_once_at_a_time() {
        let mut queue = Queue::default();
        queue.push("ann", 2, 'a');
        queue.push("bob", 1, 'b');
        queue.push("ann", 3, 'c');
        let next = queue.next(1);
        assert_eq!(next, [Batch { user: "ann".to_owned(), count: 5, parts: vec![(2, 'a'), (3, 'c')] }]);
        queue.push("ann", 1, 'd');
        assert_eq!(queue.next(9).iter().map(|it| it.user.as_str()).collect::<Vec<_>>(), ["bob"]);
        assert!(queue.next(9).is_empty(), "ann is in flight");
        queue.done("bob");
        queue.done("ann");
        assert_eq!(queue.next(9).iter().map(|it| it.count).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn who_came_first_gets_the_room() {
        let wait = |seconds| Duration::from_secs(seconds);
        let mut grant = Grant { accepted: 3, retry_after: vec![wait(1), wait(2)] };
        assert_eq!(grant.take(2), Grant { accepted: 2, retry_after: Vec::new() });
        assert_eq!(grant.take(2), Grant { accepted: 1, retry_after: vec![wait(1)] });
        assert_eq!(grant.take(1), Grant { accepted: 0, retry_after: vec![wait(2)] });
    }
}
