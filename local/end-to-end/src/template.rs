//! What `template.yaml` says of the stack under test.

use std::collections::BTreeMap;

use local_template::model::Template;

use crate::paths;

/// The template, read for a stack that uses the broker at this address.
///
/// # Errors
/// The template cannot be read.
pub fn template(kafka: &str) -> anyhow::Result<Template> {
    let parameters = [("KafkaMode", "selfManaged"), ("KafkaAuth", "plaintext"), ("KafkaBootstrapServers", kafka)];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    local_template::load(&paths::root().join("template.yaml"), "millrace", &BTreeMap::from(parameters))
}
