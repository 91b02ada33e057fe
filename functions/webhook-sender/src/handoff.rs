//! Hands the due attempts of a batch on to an invocation of their own.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use millrace::aws;
use millrace::consumer::{Consumer, Incoming, Verdict};
use millrace::event::{Event, EventType};
use millrace::settings::{self, MissingSetting};
use millrace::timer::TimerDue;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most attempts of one invocation. Each takes some 300 bytes of a payload, which has 1 MB at most, and some 40 KB of
/// memory: as it was read and as it was claimed.
const MAX_ATTEMPTS: usize = 100;

/// An attempt that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// Which, and when.
    #[serde(flatten)]
    pub due: TimerDue,
    /// Whether somebody redrove its dead letter: then the timer has failed, and is to be tried once more.
    pub redriven: bool,
    /// Where its record is in `timer-due`.
    pub partition: i64,
    /// Offset in the partition.
    pub offset: i64,
}

/// Lambda's client. `AWS_ENDPOINT_URL_LAMBDA` is the SDKs' name for another endpoint of this service alone.
pub fn client() -> Result<Client, MissingSetting> {
    let mut config = aws_sdk_lambda::config::Builder::from(aws::sdk_config()?);
    if let Some(url) = settings::optional("AWS_ENDPOINT_URL_LAMBDA") {
        config.set_endpoint_url(Some(url));
    }
    Ok(Client::from_conf(config.build()))
}

/// The consumer of `timer-due`.
pub struct Handoff {
    pub lambda: Client,
    /// This function.
    pub function: String,
}

impl Consumer for Handoff {
    const NAME: &'static str = "webhook-sender";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let read: Vec<Result<Option<Due>, Verdict>> = records.iter().map(read).collect();
        let due: Vec<&Due> = read.iter().filter_map(|due| due.as_ref().ok()?.as_ref()).collect();
        let mut failed = None;
        for due in due.chunks(MAX_ATTEMPTS) {
            if let Err(why) = self.invoke(due).await {
                failed = Some(why);
            }
        }
        // Attempts that were handed on and come again find that they were made, or are under way.
        let verdict = |due: Result<Option<Due>, Verdict>| match (due, &failed) {
            (Err(verdict), _) => verdict,
            (Ok(Some(_)), Some(why)) => Verdict::Retry(why.clone()),
            (Ok(_), _) => Verdict::Done,
        };
        read.into_iter().map(verdict).collect()
    }
}

impl Handoff {
    async fn invoke(&self, due: &[&Due]) -> Result<(), String> {
        let payload = Blob::new(json!({ "due": due }).to_string());
        let invoke = self.lambda.invoke().function_name(&self.function).invocation_type(InvocationType::Event);
        let invoked = invoke.payload(payload).send().await;
        invoked.map(drop).map_err(|error| {
            let (code, message) = (error.code().unwrap_or("no answer"), error.message().unwrap_or("no message"));
            format!("the attempts were not handed on, {code}: {message}")
        })
    }
}

/// The attempt that a record is about, if it is about one.
fn read(record: &Incoming) -> Result<Option<Due>, Verdict> {
    let event = &record.event;
    if event.kind != EventType::TimerDue {
        return Ok(None);
    }
    let due = Event::<TimerDue>::typed(event);
    let due = due.map_err(|error| Verdict::DeadLetter { reason: "breaks_schema", detail: error.to_string() })?;
    let (partition, offset) = (record.position.partition, record.position.offset);
    Ok(Some(Due { due, redriven: event.redriveid.is_some(), partition, offset }))
}
