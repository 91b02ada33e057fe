//! Reads the feed once a second and hands on what is new, until the stream has to end or its client is gone.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use millrace_platform::clock;
use millrace_platform::dynamo::StoreError;
use millrace_store::feed::Feed;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::asked::Asked;
use crate::sse;

/// Time between two reads that find nothing.
const EVERY: Duration = Duration::from_secs(1);

/// Longest silence: then a comment is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a reader may take for a piece before it is cut off. What it lacks is in the feed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads that may fail in a row; then the stream ends, and its client tries elsewhere.
const FAILURES: u32 = 10;

/// A piece is handed on when it has this many bytes.
pub const PIECE_BYTES: usize = 64 * 1024;

/// When a stream ends, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub at: Timestamp,
    pub why: &'static str,
}

/// The client is gone, or reads too slowly.
struct Gone;

/// One stream.
pub struct Pump {
    feed: Feed,
    asked: Asked,
    end: End,
}

impl Pump {
    pub fn new(feed: Feed, asked: Asked, end: End) -> Self {
        Self { feed, asked, end }
    }

    /// Runs until the end of the stream.
    pub async fn run(mut self, pieces: mpsc::Sender<Bytes>) {
        let left = self.end.at.duration_since(clock::now());
        let end = Instant::now() + Duration::try_from(left).unwrap_or_default();
        let told = tokio::select! {
            ended = self.follow(&pieces) => ended.map(|why| sse::end(why, self.asked.after)),
            () = tokio::time::sleep_until(end) => Ok(sse::end(self.end.why, self.asked.after)),
        };
        match told {
            Ok(last) => {
                let _ = send(&pieces, last).await;
                tracing::info!(after = self.asked.after, "ends");
            }
            Err(Gone) => tracing::info!(after = self.asked.after, "the client is gone or too slow"),
        }
    }

    /// Hands on entries; returns why it cannot go on.
    async fn follow(&mut self, pieces: &mpsc::Sender<Bytes>) -> Result<&'static str, Gone> {
        send(pieces, sse::begin()).await?;
        let mut failures = 0;
        let mut silent_since = Instant::now();
        let mut is_first = true;
        loop {
            let began = Instant::now();
            match self.step(pieces, &mut is_first).await? {
                Ok(0) => failures = 0,
                Ok(_) => {
                    (failures, silent_since) = (0, Instant::now());
                    // There may be more already.
                    continue;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, failures, "the feed cannot be read");
                    if failures == FAILURES {
                        return Ok("unavailable");
                    }
                }
            }
            if silent_since.elapsed() >= SILENCE {
                send(pieces, sse::HEARTBEAT.to_owned()).await?;
                silent_since = Instant::now();
            }
            tokio::select! {
                () = tokio::time::sleep_until(began + EVERY) => {}
                () = pieces.closed() => return Err(Gone),
            }
        }
    }

    /// One read, and what comes of it: how many entries there were.
    async fn step(
        &mut self,
        pieces: &mpsc::Sender<Bytes>,
        is_first: &mut bool,
    ) -> Result<Result<usize, StoreError>, Gone> {
        let entries = match self.feed.after(self.asked.after).await {
            Ok(entries) => entries,
            Err(error) => return Ok(Err(error)),
        };
        if entries.is_empty() && *is_first {
            let start = match self.feed.start(self.asked.after, clock::now()).await {
                Ok(start) => start,
                Err(error) => return Ok(Err(error)),
            };
            *is_first = false;
            if start != self.asked.after {
                self.asked.after = start;
                send(pieces, sse::reset(start)).await?;
                return Ok(Ok(1));
            }
        }
        *is_first = false;
        let mut piece = String::new();
        for entry in &entries {
            if self.asked.wants(entry) {
                match sse::entry(entry) {
                    Ok(told) => piece.push_str(&told),
                    Err(error) => return Ok(Err(StoreError::Corrupt(error.to_string()))),
                }
            }
            if piece.len() >= PIECE_BYTES {
                send(pieces, std::mem::take(&mut piece)).await?;
            }
            // What has been handed on is never handed on again, also if the next piece is cut short.
            if piece.is_empty() {
                self.asked.after = entry.seq;
            }
        }
        if !piece.is_empty() {
            send(pieces, piece).await?;
        }
        if let Some(last) = entries.last() {
            self.asked.after = last.seq;
        }
        Ok(Ok(entries.len()))
    }
}

async fn send(pieces: &mpsc::Sender<Bytes>, piece: String) -> Result<(), Gone> {
    match tokio::time::timeout(PATIENCE, pieces.send(piece.into())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
