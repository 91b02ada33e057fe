//! The queue of requests that wait for a decision. Waiting requests of the same subject are decided by one write. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::Request;

/// The limiter's decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Number of accepted requests.
    pub accepted: usize,
    /// For each refused request, the time after which it finds room, unless other requests of the subject take it first.
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

/// Waiting requests by subject, each with a receiver for its result. For each subject, one write at a time is in progress.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: HashMap<String, Batch<T>>,
    /// Subjects that wait and have no write in progress, in the order of their arrival.
    order: VecDeque<String>,
    in_flight: HashSet<String>,
}

/// Requests of one subject that are decided together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch<T> {
    pub subject: String,
    /// The lowest limit that a caller has named: for a moment after it was changed they differ.
    pub limit: usize,
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
    /// Queues requests of a subject.
    pub fn push(&mut self, want: &Request<'_>, tell: T) {
        let Request { subject, limit, count } = *want;
        if let Some(batch) = self.waiting.get_mut(subject) {
            batch.limit = batch.limit.min(limit);
            batch.count += count;
            batch.parts.push((count, tell));
            return;
        }
        if !self.in_flight.contains(subject) {
            self.order.push_back(subject.to_owned());
        }
        let batch = Batch { subject: subject.to_owned(), limit, count, parts: vec![(count, tell)] };
        self.waiting.insert(subject.to_owned(), batch);
    }

    /// Takes up to `most` subjects from the queue and marks them as in progress.
    pub fn next(&mut self, most: usize) -> Vec<Batch<T>> {
        let mut next = Vec::new();
        while next.len() < most
            && let Some(subject) = self.order.pop_front()
        {
            // Whoever is in the order waits.
            let Some(batch) = self.waiting.remove(&subject) else { continue };
            self.in_flight.insert(subject);
            next.push(batch);
        }
        next
    }

    /// Marks the decision about a subject as complete.
    pub fn done(&mut self, subject: &str) {
        self.in_flight.remove(subject);
        if self.waiting.contains_key(subject) {
            self.order.push_back(subject.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_wait_together_are_one_and_a_subject_is_decided_about_once_at_a_time() {
        let mut queue = Queue::default();
        let want = |subject, limit, count| Request { subject, limit, count };
        queue.push(&want("ann", 9, 2), 'a');
        queue.push(&want("bob", 9, 1), 'b');
        queue.push(&want("ann", 7, 3), 'c');
        queue.push(&want("ann", 8, 1), 'd');
        let next = queue.next(1);
        let parts = vec![(2, 'a'), (3, 'c'), (1, 'd')];
        assert_eq!(next, [Batch { subject: "ann".to_owned(), limit: 7, count: 6, parts }]);
        queue.push(&want("ann", 9, 1), 'e');
        assert_eq!(queue.next(9).iter().map(|it| it.subject.as_str()).collect::<Vec<_>>(), ["bob"]);
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
