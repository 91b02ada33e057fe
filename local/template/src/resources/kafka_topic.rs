//! `AWS::MSK::Topic`.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use base64::Engine as _;
use serde_json::Value;

use super::properties::Properties;
use crate::declaration::{Declaration, TOPIC};
use crate::intrinsics::Resolver;
use crate::model::Topic;
use crate::parameters::text_of;

const RUN: [&str; 3] = ["Configs", "PartitionCount", "TopicName"];

/// There is one broker, and it keeps one copy.
const IGNORED: [&str; 2] = ["ClusterArn", "ReplicationFactor"];

/// A topic.
pub fn read(resolver: &Resolver, declaration: &Declaration) -> anyhow::Result<Topic> {
    let id = &declaration.id;
    let properties = Properties::new(resolver, id.clone(), TOPIC, &declaration.properties, &RUN, &IGNORED)?;
    let partitions = properties.integer("PartitionCount", 1, i64::from(i32::MAX))?;
    let Some(partitions) = partitions else { bail!("{id}: the property PartitionCount is missing") };
    let configs = match properties.text("Configs")? {
        Some(text) => configs(&text).with_context(|| {
            format!("{id}.Configs: `{text}` is neither a JSON map nor lines of key=value, plain or in Base64")
        })?,
        None => BTreeMap::new(),
    };
    Ok(Topic { name: properties.required("TopicName")?, partitions: i32::try_from(partitions)?, configs })
}

/// MSK takes Base64. Its API reference does not say of what, so both forms in use are accepted.
fn configs(text: &str) -> Option<BTreeMap<String, String>> {
    json(text).or_else(|| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok();
        let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.and_then(|decoded| json(&decoded).or_else(|| lines(&decoded))).or_else(|| lines(text))
    })
}

fn json(text: &str) -> Option<BTreeMap<String, String>> {
    let Ok(Value::Object(entries)) = serde_json::from_str(text) else { return None };
    entries.into_iter().map(|(key, value)| Some((key, text_of(&value)?))).collect()
}

fn lines(text: &str) -> Option<BTreeMap<String, String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, value) = line.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}
