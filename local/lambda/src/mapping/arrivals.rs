//! News of records, from a broker that can tell them.

use std::sync::Arc;

use tokio::sync::watch;

/// The news of a topic.
type OfTopic = dyn Fn(&str) -> watch::Receiver<()> + Send + Sync;

/// Tells of new records, so that nobody has to ask the broker again and again.
#[derive(Clone)]
pub struct Arrivals(Arc<OfTopic>);

impl Arrivals {
    /// `of_topic` gives what changes with each batch that is stored in a topic, after it can be read.
    pub fn new(of_topic: impl Fn(&str) -> watch::Receiver<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(of_topic))
    }

    /// Changes with each batch that is stored in the topic.
    pub fn of(&self, topic: &str) -> watch::Receiver<()> {
        (self.0)(topic)
    }
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Arrivals")
    }
}
