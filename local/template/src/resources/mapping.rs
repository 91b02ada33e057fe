//! `AWS::Lambda::EventSourceMapping` of Kafka topics and DynamoDB streams.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use super::properties::Properties;
use crate::declaration::{Declaration, MAPPING};
use crate::intrinsics::Resolver;
use crate::model::{Delivery, KafkaMapping, StartingPosition, StreamMapping, Template};
use crate::names;

const RUN: [&str; 18] = [
    "AmazonManagedKafkaEventSourceConfig",
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Topics",
    "TumblingWindowInSeconds",
];

/// Billing, authentication and metrics of pollers: nothing that a function sees.
const IGNORED: [&str; 6] =
    ["KmsKeyArn", "LoggingConfig", "MetricsConfig", "ProvisionedPollerConfig", "SourceAccessConfigurations", "Tags"];

/// API_CreateEventSourceMapping: default of `BatchSize` for both Kafka and DynamoDB.
const DEFAULT_BATCH_SIZE: i64 = 100;
/// API_CreateEventSourceMapping: maximum number of records in a batch.
const MAX_BATCH_SIZE: i64 = 10_000;
/// API_CreateEventSourceMapping: the default window of Kafka is half a second; that of streams is zero.
const DEFAULT_KAFKA_WINDOW: Duration = Duration::from_millis(500);
/// API_CreateEventSourceMapping: maximum window.
const MAX_WINDOW_SECONDS: i64 = 300;
/// API_CreateEventSourceMapping: longest tumbling window; 0 means none.
const MAX_TUMBLING_SECONDS: i64 = 900;
/// API_CreateEventSourceMapping: maximum number of retries; -1 means unlimited.
const MAX_RETRY_ATTEMPTS: i64 = 10_000;
/// API_CreateEventSourceMapping: maximum record age; -1 means unlimited.
const MAX_RECORD_AGE_SECONDS: i64 = 604_800;

/// Adds the mapping to the Kafka or the stream mappings.
pub fn read(resolver: &Resolver, declaration: &Declaration, template: &mut Template) -> anyhow::Result<()> {
    let at = declaration.id.clone();
    let properties = Properties::new(resolver, at, MAPPING, &declaration.properties, &RUN, &IGNORED)?;
    let source = properties.text("EventSourceArn")?;
    let is_kafka = properties.value("SelfManagedEventSource")?.is_some()
        || source.as_deref().is_some_and(|arn| arn.starts_with("arn:aws:kafka:"));
    let tumbling = properties.integer("TumblingWindowInSeconds", 0, MAX_TUMBLING_SECONDS)?;
    let tumbling = tumbling.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    if is_kafka {
        if tumbling.is_some() {
            bail!("{}.TumblingWindowInSeconds: only streams have tumbling windows", properties.at());
        }
        template.kafka_mappings.push(kafka(&properties, &declaration.id)?);
        return Ok(());
    }
    let Some(table) = source.as_deref().and_then(names::table_of_stream) else {
        bail!(
            "{}.EventSourceArn: the local stack maps Kafka topics (SelfManagedEventSource, or the ARN of an MSK \
             cluster) and DynamoDB streams, not {}",
            properties.at(),
            source.unwrap_or_else(|| "nothing".to_owned())
        );
    };
    let table = table.to_owned();
    template.stream_mappings.push(StreamMapping {
        delivery: delivery(&properties, &declaration.id, Duration::ZERO)?,
        table,
        tumbling,
    });
    Ok(())
}

fn kafka(properties: &Properties<'_>, id: &str) -> anyhow::Result<KafkaMapping> {
    let topics = properties.texts("Topics")?;
    let [topic] = topics.as_slice() else {
        bail!("{id}.Topics: a mapping reads exactly one topic, not {}", topics.len());
    };
    let mut group = None;
    for config in ["SelfManagedKafkaEventSourceConfig", "AmazonManagedKafkaEventSourceConfig"] {
        let value = properties.value(config)?;
        group = group.or(value.and_then(|value| value.get("ConsumerGroupId")?.as_str().map(str::to_owned)));
    }
    Ok(KafkaMapping {
        delivery: delivery(properties, id, DEFAULT_KAFKA_WINDOW)?,
        topic: topic.clone(),
        // Lambda generates a unique id if the template has none.
        group: group.unwrap_or_else(|| id.to_owned()),
    })
}

fn delivery(properties: &Properties<'_>, id: &str, default_window: Duration) -> anyhow::Result<Delivery> {
    let function = properties.required("FunctionName")?;
    let function = function.rsplit(':').next().unwrap_or(&function).to_owned();
    let batch_size = properties.integer("BatchSize", 1, MAX_BATCH_SIZE)?.unwrap_or(DEFAULT_BATCH_SIZE);
    let window = properties.integer("MaximumBatchingWindowInSeconds", 0, MAX_WINDOW_SECONDS)?;
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    let retries = properties.integer("MaximumRetryAttempts", -1, MAX_RETRY_ATTEMPTS)?.filter(|retries| *retries >= 0);
    let age = properties.integer("MaximumRecordAgeInSeconds", -1, MAX_RECORD_AGE_SECONDS)?.filter(|age| *age >= 0);
    let responses = properties.texts("FunctionResponseTypes")?;
    if let Some(unknown) = responses.iter().find(|kind| *kind != "ReportBatchItemFailures") {
        bail!("{id}.FunctionResponseTypes: `{unknown}` is not known; known is ReportBatchItemFailures");
    }
    Ok(Delivery {
        logical_id: id.to_owned(),
        function,
        starting_position: starting_position(properties)?,
        batch_size: usize::try_from(batch_size)?,
        window: window.map_or(default_window, seconds),
        filters: filters(properties)?,
        report_batch_item_failures: !responses.is_empty(),
        maximum_retry_attempts: retries.map(u32::try_from).transpose()?,
        maximum_record_age: age.map(seconds),
        bisect: properties.boolean("BisectBatchOnFunctionError")?.unwrap_or(false),
        on_failure: on_failure(properties)?,
        enabled: properties.boolean("Enabled")?.unwrap_or(true),
    })
}

fn starting_position(properties: &Properties<'_>) -> anyhow::Result<StartingPosition> {
    let at = properties.at();
    match properties.required("StartingPosition")?.as_str() {
        "TRIM_HORIZON" => Ok(StartingPosition::TrimHorizon),
        "LATEST" => Ok(StartingPosition::Latest),
        "AT_TIMESTAMP" => {
            let text = properties.required("StartingPositionTimestamp")?;
            let seconds =
                text.parse().with_context(|| format!("{at}.StartingPositionTimestamp: `{text}` is no number"))?;
            Ok(StartingPosition::AtTimestamp(seconds))
        }
        other => bail!("{at}.StartingPosition: `{other}` is not known; known are TRIM_HORIZON, LATEST, AT_TIMESTAMP"),
    }
}

fn filters(properties: &Properties<'_>) -> anyhow::Result<Vec<Value>> {
    let at = format!("{}.FilterCriteria", properties.at());
    let Some(criteria) = properties.value("FilterCriteria")? else { return Ok(Vec::new()) };
    let filters = criteria.get("Filters").and_then(Value::as_array);
    filters
        .with_context(|| format!("{at}: the list Filters is missing"))?
        .iter()
        .map(|filter| {
            let pattern = filter.get("Pattern").and_then(Value::as_str);
            let pattern = pattern.with_context(|| format!("{at}.Filters: a filter without Pattern"))?;
            serde_json::from_str(pattern).with_context(|| format!("{at}.Filters: `{pattern}` is not JSON"))
        })
        .collect()
}

fn on_failure(properties: &Properties<'_>) -> anyhow::Result<Option<String>> {
    let at = format!("{}.DestinationConfig", properties.at());
    let Some(config) = properties.value("DestinationConfig")? else { return Ok(None) };
    match config.pointer("/OnFailure/Destination").and_then(Value::as_str) {
        Some(destination) if destination.starts_with("arn:aws:s3:::") || destination.starts_with("kafka://") => {
            Ok(Some(destination.to_owned()))
        }
        Some(other) => bail!("{at}: the local stack knows the ARN of a bucket and kafka://<topic>, not `{other}`"),
        None => bail!("{at}: OnFailure.Destination is missing"),
    }
}
