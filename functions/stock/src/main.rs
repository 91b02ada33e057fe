//! Takes the stock of orders, once for each, and says what became of them.

mod decide;
mod fold;
mod store;
mod take;

use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::store::{Expanded, Store};
use crate::take::Stock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let store = Store {
        dynamo: dynamo.clone(),
        orders: settings::setting("ORDERS_TABLE")?,
        products: settings::setting("PRODUCTS_TABLE")?,
        ingredients: settings::setting("INGREDIENTS_TABLE")?,
        outbox: settings::setting("OUTBOX_TABLE")?,
        expanded: Expanded::default(),
    };
    let table = settings::setting("DEAD_LETTER_TABLE")?;
    let dead_letters = DeadLetters::new(dynamo, table, aws::s3()?, settings::setting("ARCHIVE_BUCKET")?);
    consumer::serve(Stock { store }, dead_letters, Report::from_env()?).await
}
