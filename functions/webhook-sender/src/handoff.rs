//! Hands due attempts over to an asynchronous invocation of this function.

use crate::attempt::Due;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use futures::FutureExt;
use futures::future::join_all;
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_domain::event::{Event, EventType};
use millrace_domain::timer::TimerDue;
use millrace_platform::aws;
use millrace_platform::batching::Batcher;
use millrace_platform::settings::{self, MissingSetting};
use serde_json::json;

/// Most attempts of one invocation: 30 KB of payload, and at most some 100 KB of memory for each attempt.
const MAX_ATTEMPTS: usize = 100;

/// The Lambda client. `AWS_ENDPOINT_URL_LAMBDA` is the SDKs' standard variable for a separate endpoint of this service.
pub fn client() -> Result<Client, MissingSetting> {
    let mut config = aws_sdk_lambda::config::Builder::from(aws::sdk_config()?);
    if let Some(url) = settings::optional("AWS_ENDPOINT_URL_LAMBDA") {
        config.set_endpoint_url(Some(url));
    }
    Ok(Client::from_conf(config.build()))
}

/// The consumer of `timer-due`.
pub struct Handoff {
    /// Invokes this function with attempts, combining those of several batches.
    invoke: Batcher<Due, Result<(), String>>,
}

impl Handoff {
    /// Hands over to the function with this name.
    pub fn new(lambda: Client, function: String) -> Self {
        let invoke = Batcher::new(MAX_ATTEMPTS, move |due| invoke(lambda.clone(), function.clone(), due).boxed());
        Self { invoke }
    }
}

impl Consumer for Handoff {
    const NAME: &'static str = "webhook-sender";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        join_all(records.iter().map(|record| self.hand_on(record))).await
    }
}

impl Handoff {
    /// Handing over an attempt twice is safe: the second claim finds it completed or in progress.
    async fn hand_on(&self, record: &Incoming) -> Verdict {
        let due = match read(record) {
            Ok(Some(due)) => due,
            Ok(None) => return Verdict::Done,
            Err(verdict) => return verdict,
        };
        match self.invoke.submit(due).await {
            Ok(Ok(())) => Verdict::Done,
            Ok(Err(why)) => Verdict::Retry(why),
            Err(error) => Verdict::Retry(error.to_string()),
        }
    }
}

async fn invoke(lambda: Client, function: String, due: Vec<Due>) -> Vec<Result<(), String>> {
    let payload = Blob::new(json!({ "due": due }).to_string());
    let invoke = lambda.invoke().function_name(function).invocation_type(InvocationType::Event);
    let invoked = invoke
        .payload(payload)
        .send()
        .await
        .map(drop)
        .map_err(|error| format!("the attempts were not handed on: {}", aws::describe(&error)));
    vec![invoked; due.len()]
}

/// The attempt of a record; `None` for other events.
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
