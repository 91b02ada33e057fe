//! Notifications of new records, from a broker that can send them.

use std::sync::Arc;

use tokio::sync::watch;

/// Gives the notifications of a topic.
type OfTopic = dyn Fn(&str) -> watch::Receiver<()> + Send + Sync;

/// Notifies of new records, so that nobody has to poll the broker.
#[derive(Clone)]
pub struct Arrivals(Arc<OfTopic>);

impl Arrivals {
    /// `of_topic` returns a receiver that changes with each batch stored in a topic, once it can be read.
    pub fn new(of_topic: impl Fn(&str) -> watch::Receiver<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(of_topic))
    }

    /// Changes with each batch stored in the topic.
    pub fn of(&self, topic: &str) -> watch::Receiver<()> {
        (self.0)(topic)
    }
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Arrivals")
    }
}
