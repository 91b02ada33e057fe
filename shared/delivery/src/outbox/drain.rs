//! The steps that publish an aggregate's pending entries. Pure: both [`super::Outbox`] and a simulation perform the
//! steps.
//!
//! No event is lost because of the order of the steps: an entry is deleted only after its acknowledgement, the next one
//! is published only after that, and the first failure ends the drain, so that no entry overtakes an earlier one.

use std::collections::VecDeque;

use super::Entry;

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a, E> {
    /// Read the aggregate's first pending entries, consistently and in order.
    Query,
    /// Produce this entry and wait for its acknowledgement.
    Publish(&'a E),
    /// Delete this entry, which Kafka has acknowledged.
    Delete(&'a E),
}

/// Result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed<E> {
    /// The first pending entries, and whether there are more.
    Pending(Vec<E>, bool),
    /// Kafka has acknowledged the entry.
    Acknowledged,
    /// The entry is deleted from the outbox.
    Deleted,
}

/// Progress of publishing the entries of one aggregate. `E` is an entry, `F` the error of a failed step.
#[derive(Debug)]
pub struct Drain<E, F> {
    state: State<F>,
    entries: VecDeque<E>,
    more: bool,
    published: usize,
}

#[derive(Debug)]
enum State<F> {
    Query,
    Publish,
    Delete,
    Ended(Result<(), F>),
}

impl<E, F> Default for Drain<E, F> {
    fn default() -> Self {
        Self { state: State::Query, entries: VecDeque::new(), more: false, published: 0 }
    }
}

impl<F> Drain<Entry, F> {
    /// A drain for a writer that has committed these entries. Nothing precedes an aggregate's first version, so these
    /// are all of its pending entries and none need be read. For any later version the pending entries are read first.
    pub fn after_commit(entries: Vec<Entry>) -> Self {
        if entries.first().is_some_and(Entry::is_of_first_version) {
            Self { state: State::Publish, entries: entries.into(), more: false, published: 0 }
        } else {
            Self::default()
        }
    }
}

impl<E, F> Drain<E, F> {
    /// The next step to perform, or none at the end; then [`Drain::outcome`] returns the result.
    pub fn step(&self) -> Option<Step<'_, E>> {
        match &self.state {
            State::Query => Some(Step::Query),
            State::Publish => self.entries.front().map(Step::Publish),
            State::Delete => self.entries.front().map(Step::Delete),
            State::Ended(_) => None,
        }
    }

    /// Records the result of the step. An entry whose publication is uncertain stays in the outbox and is published
    /// again.
    pub fn apply(&mut self, result: Result<Performed<E>, F>) {
        self.state = match result {
            Ok(Performed::Pending(entries, more)) => {
                (self.entries, self.more) = (entries.into(), more);
                self.following()
            }
            Ok(Performed::Acknowledged) => State::Delete,
            Ok(Performed::Deleted) => {
                self.entries.pop_front();
                self.published += 1;
                self.following()
            }
            Err(failure) => State::Ended(Err(failure)),
        };
    }

    fn following(&self) -> State<F> {
        match (self.entries.is_empty(), self.more) {
            (false, _) => State::Publish,
            (true, true) => State::Query,
            // Entries committed after the query are published by their own writer.
            (true, false) => State::Ended(Ok(())),
        }
    }

    /// Number of published entries.
    ///
    /// # Errors
    /// The failure that ended the drain; entries not deleted by then stay pending.
    pub fn outcome(self) -> Result<usize, F> {
        match self.state {
            State::Ended(Err(failure)) => Err(failure),
            _ => Ok(self.published),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Published = Drain<u8, &'static str>;

    /// Performs all steps successfully on these pages, and returns the steps.
    fn steps(mut pages: Vec<Vec<u8>>) -> (Vec<String>, Published) {
        let (mut drain, mut told) = (Published::default(), Vec::new());
        pages.reverse();
        while let Some(step) = drain.step() {
            told.push(format!("{step:?}"));
            let learnt = match step {
                Step::Query => Performed::Pending(pages.pop().unwrap(), !pages.is_empty()),
                Step::Publish(_) => Performed::Acknowledged,
                Step::Delete(_) => Performed::Deleted,
            };
            drain.apply(Ok(learnt));
        }
        (told, drain)
    }

    #[test]
    fn entries_are_published_in_their_order_each_deleted_before_the_next_until_no_page_is_left() {
        let (told, drain) = steps(vec![vec![1, 2], vec![3]]);
        let expected =
            ["Query", "Publish(1)", "Delete(1)", "Publish(2)", "Delete(2)", "Query", "Publish(3)", "Delete(3)"];
        assert_eq!(told, expected);
        assert_eq!(drain.outcome(), Ok(3));
        assert_eq!(steps(vec![vec![]]).1.outcome(), Ok(0));
    }

    #[test]
    fn the_first_failure_of_any_step_ends_it() {
        for successes in 0..3 {
            let mut drain = Published::default();
            let learnt = [Performed::Pending(vec![1, 2], false), Performed::Acknowledged];
            learnt.into_iter().take(successes).for_each(|learnt| drain.apply(Ok(learnt)));
            drain.apply(Err("down"));
            assert_eq!(drain.step(), None);
            assert_eq!(drain.outcome(), Err("down"));
        }
    }
}
