//! Puts news behind the head of the feed, each once, whoever else does so at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use millrace_platform::clock;
use millrace_platform::dynamo::{StoreError, transact};
use millrace_store::feed::{self, Head};
use tokio::sync::Mutex;

use crate::news::{Guard, News};
use crate::plan::plan;

/// Races for the head that may be lost in a row, before the records are given back and come again.
const RACES: u32 = 10;

/// Longest pause after the first lost race; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// The feed, for its writer.
#[derive(Debug)]
pub struct Feed {
    pub dynamo: Client,
    pub table: String,
    reader: feed::Feed,
    /// The head as this process knows it, held while something is put behind it: one process does not race with itself.
    head: Mutex<Option<Head>>,
}

impl Feed {
    pub fn new(dynamo: Client, table: String) -> Self {
        let reader = feed::Feed::new(dynamo.clone(), table.clone());
        Self { dynamo, table, reader, head: Mutex::default() }
    }

    /// Puts what is not in the feed yet into it, in this order; returns how many that were.
    ///
    /// # Errors
    /// Some of them may not be in the feed. All of them may be tried again.
    pub async fn append(&self, news: Vec<News>) -> Result<usize, StoreError> {
        let mut waiting = distinct(news);
        let mut appended = 0;
        let mut lost = 0;
        let mut pause = FIRST_PAUSE;
        let mut head = self.head.lock().await;
        while !waiting.is_empty() {
            let known = match head.take() {
                Some(known) => known,
                None => self.reader.head().await?,
            };
            let plan = plan(&known, &waiting, clock::now())?;
            match transact(&self.dynamo, plan.actions(&self.table)?).await {
                Ok(()) => {
                    waiting.drain(..plan.count);
                    appended += plan.count;
                    lost = 0;
                    *head = Some(plan.head);
                    continue;
                }
                Err(StoreError::Condition(positions)) => {
                    let (head_is_another, there) = plan.failed(&positions);
                    waiting.retain(|news| !news.guards.iter().any(|guard| there.contains(guard)));
                    if !head_is_another {
                        *head = Some(known);
                        continue;
                    }
                }
                Err(StoreError::Cancelled(why)) => tracing::debug!(why, "the feed is contended"),
                Err(error) => return Err(error),
            }
            lost += 1;
            if lost == RACES {
                return Err(StoreError::Unavailable(format!("{lost} races for the head of the feed were lost")));
            }
            tokio::time::sleep(pause.mul_f64(clock::fraction())).await;
            pause = (2 * pause).min(MAX_PAUSE);
        }
        Ok(appended)
    }
}

/// Of several with the same guard, the first: a transaction may write an item once.
fn distinct(news: Vec<News>) -> Vec<News> {
    let mut seen: BTreeSet<Guard> = BTreeSet::new();
    news.into_iter().filter(|news| news.guards.iter().all(|guard| seen.insert(guard.clone()))).collect()
}
