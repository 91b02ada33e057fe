//! Records of one partition that were fetched ahead. Bounded: whoever fills it first checks whether it is full.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::record::Record;
use super::source::Room;

/// Bytes of records fetched ahead per partition. A single fetch may exceed it.
pub const AHEAD_BYTES: usize = 4 * 1024 * 1024;

/// The queue of a partition.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    filled: Notify,
    /// Tells the filler that there is room again; shared by all queues of a topic.
    drained: Arc<Notify>,
    ahead_records: usize,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Queue {
    /// An empty queue that is full at `ahead_records` records or [`AHEAD_BYTES`].
    pub fn new(ahead_records: usize, drained: Arc<Notify>) -> Self {
        Self { state: Mutex::default(), filled: Notify::new(), drained, ahead_records }
    }

    /// Adds a record.
    pub fn push(&self, record: Record) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_add(record.bytes());
        state.records.push_back(record);
        drop(state);
        self.filled.notify_one();
    }

    /// Whether to stop filling.
    pub fn is_full(&self) -> bool {
        self.is_full_with(&self.lock())
    }

    /// Number of waiting records and their bytes.
    pub fn held(&self) -> (usize, usize) {
        let state = self.lock();
        (state.records.len(), state.bytes)
    }

    /// Waits for at least one record, and takes what is there up to `room`.
    pub async fn take(&self, room: Room) -> Vec<Record> {
        loop {
            let filled = self.filled.notified();
            let taken = self.take_now(room);
            if !taken.is_empty() {
                return taken;
            }
            filled.await;
        }
    }

    fn take_now(&self, room: Room) -> Vec<Record> {
        let mut state = self.lock();
        let was_full = self.is_full_with(&state);
        let mut taken = Vec::new();
        let mut bytes = 0_usize;
        while taken.len() < room.records.max(1) && (taken.is_empty() || bytes < room.bytes) {
            let Some(record) = state.records.pop_front() else { break };
            let size = record.bytes();
            bytes = bytes.saturating_add(size);
            state.bytes = state.bytes.saturating_sub(size);
            taken.push(record);
        }
        let has_room = was_full && !self.is_full_with(&state);
        drop(state);
        if has_room {
            self.drained.notify_one();
        }
        taken
    }

    fn is_full_with(&self, state: &State) -> bool {
        state.records.len() >= self.ahead_records || state.bytes >= AHEAD_BYTES
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
