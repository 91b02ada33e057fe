//! Events of the topics that become entries one by one.

use std::sync::Arc;

use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_platform::clock;

use crate::append::Feed;
use crate::news::{self, News};

/// Puts events into the feed.
#[derive(Debug)]
pub struct Notifier {
    pub feed: Arc<Feed>,
}

impl Consumer for Notifier {
    const NAME: &'static str = "notifier";

    /// `event-log` and `archive` keep them.
    const KEEPS_UNREADABLE: bool = false;

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let now = clock::now();
        let found: Vec<Option<News>> = records.iter().map(|record| news::of(&record.event, now)).collect();
        let is_news: Vec<bool> = found.iter().map(Option::is_some).collect();
        let failed = self.feed.append(found.into_iter().flatten().collect()).await.err();
        let verdict = |is_news| match &failed {
            // Those that are in the feed all the same have a marker.
            Some(error) if is_news => Verdict::Retry(error.to_string()),
            _ => Verdict::Done,
        };
        is_news.into_iter().map(verdict).collect()
    }
}
