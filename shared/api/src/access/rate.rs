//! The rate of an API key: how many requests a second it may make, on all closed routes together.
//!
//! Only a key that has a rate costs anything: a conditional write for a request that is let in, and nothing for one that is
//! refused while this process knows that the key is at its rate. Tokens are limited by nothing here.

use std::sync::OnceLock;

use millrace_access::key::MAX_RATE;
use millrace_platform::dynamo::{Item, s};
use millrace_platform::limiter::{Limiter, Request, seconds};
use millrace_platform::settings::{self, MissingSetting};
use millrace_platform::{aws, clock};

use super::Access;
use crate::Problem;

/// Key of the table of rates: the id of the API key.
const ID: &str = "id";

/// Holds API keys to their rates.
#[derive(Default)]
pub struct Rates {
    /// Where the times of accepted requests are; `None` for a function that only has open routes.
    table: Option<String>,
    /// Largest difference between the clocks of two instances, in microseconds.
    skew: i64,
    /// Made for the first key with a rate, so that a start does not wait for it.
    limiter: OnceLock<Limiter>,
}

impl Rates {
    /// Reads the settings `RATE_TABLE` and `CLOCK_SKEW_MS`, which a function with closed routes has.
    ///
    /// # Errors
    /// There is a table, and the other setting is missing or is no number.
    pub fn from_env() -> Result<Self, MissingSetting> {
        let Some(table) = settings::optional("RATE_TABLE") else { return Ok(Self::default()) };
        let skew_ms: u32 = settings::parsed("CLOCK_SKEW_MS")?;
        Ok(Self { table: Some(table), skew: i64::from(skew_ms) * 1_000, limiter: OnceLock::new() })
    }

    /// Lets a request pass, and counts it if its caller has a rate.
    ///
    /// # Errors
    /// 429: the key is at its rate. 503: DynamoDB does not answer. A request that cannot be counted is not let in, because
    /// whoever overloads the key's item would be rid of the rate; and what the request is for needs DynamoDB too.
    pub async fn admit(&self, access: &Access) -> Result<(), Problem> {
        let Some((key, rate)) = access.rate() else { return Ok(()) };
        let rate = rate.get().min(MAX_RATE);
        let request = Request { subject: key, limit: rate as usize, count: 1 };
        let grant = match self.limiter()?.acquire(&[request]).await.pop() {
            Some(grant) => grant?,
            None => return Err(Problem::unavailable()),
        };
        if grant.accepted == 1 {
            return Ok(());
        }
        let wait = grant.retry_after.first().copied().unwrap_or_default();
        let detail = format!("the API key has made as many requests as it may in a second, {rate}; nothing was done");
        Err(Problem::rate_limited("key_rate_limited", detail, seconds(wait)))
    }

    fn limiter(&self) -> Result<&Limiter, Problem> {
        if let Some(limiter) = self.limiter.get() {
            return Ok(limiter);
        }
        let unset = |error: MissingSetting| {
            tracing::error!(%error, "the rate of an API key cannot be held");
            Problem::unavailable()
        };
        let table = self.table.clone().ok_or_else(|| unset(MissingSetting::new("RATE_TABLE")))?;
        let dynamo = aws::dynamodb().map_err(unset)?;
        Ok(self.limiter.get_or_init(|| Limiter::new(dynamo, table, item_key, self.skew, clock::micros)))
    }
}

fn item_key(key: &str) -> Item {
    Item::from([(ID.to_owned(), s(key))])
}
