//! Fires webhooks.
//!
//! Lambda delivers a partition's next batch only after the function has answered the previous one, so a slow receiver
//! would delay all later timers. Therefore a batch is only handed over: the function invokes itself asynchronously with
//! the due attempts, and that invocation makes them, all concurrently. Attempts that are lost on the way are still in
//! the due index, and are produced again.

mod attempt;
mod change;
mod connect;
mod delivery;
mod handoff;
mod head;
mod schedule;
mod send;
mod serve;
mod sign;
mod store;

use std::sync::Arc;

use millrace_domain::webhook::guard::Policy;
use millrace_platform::{aws, dns, settings, telemetry};
use millrace_store::timer::Table;

use crate::delivery::Deliveries;
use crate::handoff::Handoff;
use crate::send::Sender;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let (letters, outbox) = (settings::setting("DEAD_LETTER_TABLE")?, settings::setting("OUTBOX_TABLE")?);
    let policy = Policy::new(settings::switch("WEBHOOK_ALLOW_LOCAL")?, &settings::list("WEBHOOK_PORTS")?);
    let deliveries = Deliveries {
        store: Store::new(Table::from_env(aws::dynamodb()?)?, outbox, letters),
        sender: Sender::new(policy, Arc::new(dns::lookup)),
        secret: sign::secret_from_env()?,
    };
    let handoff = Handoff::new(handoff::client()?, settings::setting("AWS_LAMBDA_FUNCTION_NAME")?);
    serve::serve(handoff, deliveries).await
}
