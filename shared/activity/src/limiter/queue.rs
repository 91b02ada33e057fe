//! The queue of requests that wait for a decision. Waiting requests of the same user are decided by one write. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// The limiter's decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Number of accepted requests.
    pub accepted: usize,
    /// For each refused request, the time after which it finds room, unless other requests of the user take it first.
    pub retry_after: Vec<Duration>,
}

impl Grant {
    /// Splits off the part for the first `count` requests.
    pub(super) fn take(&mut self, count: usize) -> Self {
        let accepted = count.min(self.accepted);
        self.accepted -= accepted;
        let refused = (count - accepted).min(self.retry_after.len());
        Self { accepted, retry_after: self.retry_after.drain(..refused).collect() }
    }
}

/// Waiting requests by user, each with a receiver for its result. For each user, one write at a time is in progress.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: HashMap<String, Vec<(usize, T)>>,
    /// Users who wait and have no write in progress, in the order of their arrival.
    order: VecDeque<String>,
    in_flight: HashSet<String>,
}

/// Requests of one user that are decided together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch<T> {
    pub user: String,
    /// Total number of requests.
    pub count: usize,
    /// The callers, each with its number of requests, in order.
    pub parts: Vec<(usize, T)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), order: VecDeque::new(), in_flight: HashSet::new() }
    }
}

impl<T> Queue<T> {
    /// Queues `count` requests of a user.
    pub fn push(&mut self, user: &str, count: usize, tell: T) {
        let parts = self.waiting.entry(user.to_owned()).or_default();
        if parts.is_empty() && !self.in_flight.contains(user) {
            self.order.push_back(user.to_owned());
        }
        parts.push((count, tell));
    }

    /// Takes up to `most` users from the queue and marks them as in progress.
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

    /// Marks the decision about a user as complete.
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
