//! Deletes items whose TTL has passed, one page at a time.
//!
//! dynoxide has its own sweep, but that reads all tables from end to end without a pause: with 100,000 items it
//! occupies the single database for more than a second each time. Unlike on AWS, these deletions look like a caller's
//! in a stream.

use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::operations;
use super::tokens::Tokens;

/// Items per read.
const PAGE: usize = 50;

/// Pause after a page: with items of 1 KB, reading takes about 1 % of a core regardless of their number.
const PAGE_PAUSE: Duration = Duration::from_millis(100);

/// Pause after the last page of the last table. DynamoDB takes up to days; a developer wants to see the deletion
/// happen.
const ROUND_PAUSE: Duration = Duration::from_secs(10);

/// A table with a TTL attribute.
struct Expiring {
    table: String,
    /// Name of the attribute that holds the expiry time, in Unix seconds.
    ttl: String,
    keys: Vec<String>,
}

/// Goes through all tables in an endless loop.
pub(super) async fn sweep(database: Database) {
    let sweeper = Sweeper { database, tokens: Tokens::default() };
    loop {
        if let Err(error) = sweeper.round().await {
            tracing::warn!(%error, "cannot delete items past their TTL");
        }
        tokio::time::sleep(ROUND_PAUSE).await;
    }
}

/// Calls the database through its own request format.
struct Sweeper {
    database: Database,
    tokens: Tokens,
}

impl Sweeper {
    async fn round(&self) -> dynoxide::Result<()> {
        for expiring in self.expiring()? {
            // The table may have been deleted in the meantime.
            if let Err(error) = self.table(&expiring).await {
                tracing::warn!(table = expiring.table, %error, "cannot delete items past their TTL");
            }
        }
        Ok(())
    }

    async fn table(&self, expiring: &Expiring) -> dynoxide::Result<()> {
        let mut from = Value::Null;
        loop {
            from = self.page(expiring, from, Timestamp::now()).await?;
            tokio::time::sleep(PAGE_PAUSE).await;
            if from.is_null() {
                return Ok(());
            }
        }
    }

    /// The tables that have a TTL.
    fn expiring(&self) -> dynoxide::Result<Vec<Expiring>> {
        let mut found = Vec::new();
        // One answer lists up to 100 tables; a stack has fewer.
        for table in list(&self.call("ListTables", &json!({}))?["TableNames"]) {
            let ttl = self.call("DescribeTimeToLive", &json!({ "TableName": table }))?;
            let ttl = &ttl["TimeToLiveDescription"];
            if ttl["TimeToLiveStatus"] != "ENABLED" {
                continue;
            }
            let described = self.call("DescribeTable", &json!({ "TableName": table }))?;
            let schema = described["Table"]["KeySchema"].as_array().into_iter().flatten();
            let keys = schema.filter_map(|key| key["AttributeName"].as_str()).map(str::to_owned).collect();
            let ttl = ttl["AttributeName"].as_str().unwrap_or_default().to_owned();
            found.push(Expiring { table, ttl, keys });
        }
        Ok(found)
    }

    /// Deletes the expired items of the next page; returns where to continue, or null at the end.
    async fn page(&self, expiring: &Expiring, from: Value, now: Timestamp) -> dynoxide::Result<Value> {
        let request = json!({
            "TableName": expiring.table,
            "ExpressionAttributeNames": {"#ttl": expiring.ttl},
            "ExpressionAttributeValues": {":now": {"N": now.as_second().to_string()}},
        });
        let scan = with(&request, json!({"Limit": PAGE, "FilterExpression": "#ttl < :now", "ExclusiveStartKey": from}));
        let mut scanned = self.call("Scan", &scan)?;
        let items = scanned["Items"].take();
        for item in items.as_array().into_iter().flatten() {
            let key: Map<String, Value> = expiring.keys.iter().map(|key| (key.clone(), item[key].clone())).collect();
            // The TTL may have been extended in the meantime.
            let delete = with(&request, json!({"Key": key, "ConditionExpression": "#ttl < :now"}));
            match self.call("DeleteItem", &delete) {
                Ok(_) | Err(DynoxideError::ConditionalCheckFailedException(..)) => {}
                Err(error) => return Err(error),
            }
            // Let other operations use this thread.
            tokio::task::yield_now().await;
        }
        Ok(scanned["LastEvaluatedKey"].take())
    }

    fn call(&self, operation: &str, request: &Value) -> dynoxide::Result<Value> {
        let answer = operations::perform(&self.database, &self.tokens, operation, request.to_string().as_bytes())?;
        serde_json::from_slice(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    }
}

fn list(names: &Value) -> Vec<String> {
    names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn with(base: &Value, more: Value) -> Value {
    let (mut whole, more) = (base.clone(), more);
    if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    whole
}
