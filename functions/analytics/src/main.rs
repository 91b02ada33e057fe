//! Counts every event of the event log once, from the stream of its table, and what became of users' activity.

mod batch;
mod count;
#[cfg(test)]
mod model;
mod sequence;
mod table;

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use millrace_platform::{aws, clock, invocations, settings, telemetry};

use crate::batch::{Answer, StreamBatch};
use crate::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let table = Arc::new(Table { dynamo: aws::dynamodb()?, name: settings::setting("ANALYTICS_TABLE")? });
    let handle = move |event: LambdaEvent<StreamBatch>| {
        let table = table.clone();
        async move { count::run(&*table, &event.payload, clock::now()).await.map(|()| Answer::default()) }
    };
    invocations::serve(handle, async {}).await
}
