//! What an invocation is about: events, users' events to count, or dead letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use millrace_delivery::consumer::{self, BatchResponse, KafkaBatch, KafkaRecord, Report};
use millrace_delivery::dead_letter::DeadLetters;
use millrace_platform::dynamo::StoreError;
use millrace_platform::invocations;
use serde::Deserialize;

use crate::append::Feed;
use crate::counts;
use crate::letters::{self, StreamRecord};
use crate::notify::Notifier;

/// The function.
pub struct Function {
    pub notifier: Notifier,
    pub feed: Arc<Feed>,
    pub dead_letters: DeadLetters,
    pub report: Report,
}

/// The payload of either kind of event source mapping.
#[derive(Debug, Deserialize)]
pub struct Payload {
    /// Of a Kafka topic, by partition.
    #[serde(default)]
    records: BTreeMap<String, Vec<KafkaRecord>>,
    /// Of a table's stream.
    #[serde(rename = "Records", default)]
    changes: Vec<StreamRecord>,
}

/// Serves until Lambda ends the process.
///
/// # Errors
/// The runtime API does not answer.
pub async fn serve(function: Function) -> Result<(), lambda_runtime::Error> {
    let function = Arc::new(function);
    let handle = move |event: LambdaEvent<Payload>| {
        let function = function.clone();
        async move { function.answer(event.payload, &event.context).await }
    };
    invocations::serve(handle, async {}).await
}

impl Function {
    /// A failure that is no record's own is that of the whole batch, which then comes again.
    async fn answer(&self, payload: Payload, context: &Context) -> Result<BatchResponse, Diagnostic> {
        let Payload { mut records, changes } = payload;
        let users = records.extract_if(.., |partition, _| partition.starts_with(counts::PREFIX)).collect();
        counts::count(&self.feed, &users).await.map_err(failed)?;
        self.feed.append(letters::news(&changes)).await.map_err(failed)?;
        if records.is_empty() {
            return Ok(BatchResponse::default());
        }
        consumer::answer(&self.notifier, &self.dead_letters, self.report, KafkaBatch { records }, context).await
    }
}

fn failed(error: StoreError) -> Diagnostic {
    Diagnostic { error_type: "StoreUnavailable".to_owned(), error_message: error.to_string() }
}
