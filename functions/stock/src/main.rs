//! Takes the stock for orders, once for each, and publishes the decisions.

mod consumer;
mod decide;
mod fold;
mod store;

use millrace_delivery::consumer::serve;
use millrace_platform::{aws, settings, telemetry};

use crate::consumer::Stock;
use crate::store::{Expanded, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let store = Store {
        dynamo: aws::dynamodb()?,
        orders: settings::setting("ORDERS_TABLE")?,
        products: settings::setting("PRODUCTS_TABLE")?,
        ingredients: settings::setting("INGREDIENTS_TABLE")?,
        outbox: settings::setting("OUTBOX_TABLE")?,
        expanded: Expanded::default(),
    };
    serve(Stock { store }).await
}
