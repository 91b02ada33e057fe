//! Creates the template's topics.

use std::time::Duration;

use krafka::Kafka;
use krafka::admin::{CreateTopicsOptions, NewTopic};
use krafka::error::{ErrorCode, KrafkaError};
use local_template::model::Topic;

use super::Error;

/// Leaves the number of replicas to the broker.
pub(super) const REPLICATION_OF_BROKER: i16 = -1;

/// Maximum wait for the broker's answer.
const CREATE_TIMEOUT: Duration = Duration::from_secs(20);

/// Creates each topic that does not exist. An existing topic is left as it is, even if its partitions or its
/// configuration differ.
pub(super) async fn create_missing(bootstrap_servers: &str, topics: &[Topic], replication: i16) -> Result<(), Error> {
    let unreachable = |error: KrafkaError| Error::Unreachable {
        bootstrap_servers: bootstrap_servers.into(),
        reason: error.to_string(),
    };
    if topics.is_empty() {
        return Ok(());
    }
    let wanted = topics
        .iter()
        .map(|topic| {
            let mut new = NewTopic::new(&topic.name, topic.partitions, replication)?;
            new.configs.extend(topic.configs.clone());
            Ok(new)
        })
        .collect::<Result<Vec<_>, KrafkaError>>()
        .map_err(unreachable)?;
    let kafka = Kafka::builder(bootstrap_servers).client_id("local-kafka").connect().await.map_err(unreachable)?;
    let admin = kafka.admin().default_api_timeout(CREATE_TIMEOUT);
    let answers = admin.create_topics(wanted, CreateTopicsOptions::default()).await.map_err(unreachable)?;
    for (topic, answer) in answers {
        match answer {
            Ok(()) => tracing::debug!(topic, "topic created"),
            Err(KrafkaError::Broker { code: ErrorCode::TopicAlreadyExists, .. }) => {}
            Err(error) => {
                return Err(Error::Topic {
                    topic,
                    bootstrap_servers: bootstrap_servers.into(),
                    reason: error.to_string(),
                });
            }
        }
    }
    Ok(())
}
