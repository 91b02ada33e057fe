//! The command line.

use std::num::NonZeroU32;

use clap::{Parser, Subcommand};
use millrace_access::Scope;
use millrace_access::key::{KeyId, MAX_RATE};

/// Longest grace of a rotation: 90 days.
const MAX_GRACE_HOURS: i64 = 90 * 24;

/// Makes, lists, rotates and revokes API keys. Credentials come from the environment, as for the AWS CLI.
#[derive(Debug, Parser)]
#[command(name = "millrace-keys", version)]
pub struct Args {
    /// The table of keys: the stack's output ApiKeysTable.
    #[arg(long, env = "API_KEY_TABLE", default_value = "millrace-ApiKeysTable", global = true)]
    pub table: String,
    /// DynamoDB's endpoint, such as http://127.0.0.1:4566 of the local stack; the default is AWS's in AWS_REGION.
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a key and prints it, this once.
    Create(New),
    /// Prints one line of JSON for each key, without secrets.
    List,
    /// Gives a key another secret, and prints the key. The one before works on for a while; one before that ends at once.
    Rotate {
        /// The id: what is between the first two underscores of the key.
        id: KeyId,
        /// How long the secret of now works on, in hours.
        #[arg(long, default_value_t = 168, value_parser = clap::value_parser!(i64).range(0..=MAX_GRACE_HOURS))]
        grace_hours: i64,
    },
    /// Ends a key at once and for good.
    Revoke {
        /// The id: what is between the first two underscores of the key.
        id: KeyId,
    },
}

/// A key to be made.
#[derive(Debug, Clone, clap::Args)]
pub struct New {
    /// Who answers for the key, in words.
    #[arg(long)]
    pub owner: String,
    /// What the key may do, with commas between, such as products:read,orders:write.
    #[arg(long, value_delimiter = ',', required = true)]
    pub scopes: Vec<Scope>,
    /// Requests per second that it may make, at most 100; without it as many as the routes take.
    #[arg(long, value_parser = rate)]
    pub rate: Option<NonZeroU32>,
    /// Days until the key expires.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub days: i64,
    /// The key does not expire.
    #[arg(long, conflicts_with = "days")]
    pub no_expiry: bool,
}

fn rate(text: &str) -> Result<NonZeroU32, String> {
    let rate = text.parse().ok().filter(|rate: &NonZeroU32| rate.get() <= MAX_RATE);
    rate.ok_or_else(|| format!("a whole number from 1 to {MAX_RATE} was expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, clap::error::ErrorKind> {
        let words = ["millrace-keys"].into_iter().chain(line.split_whitespace());
        Args::try_parse_from(words).map(|args| args.command).map_err(|error| error.kind())
    }

    #[test]
    fn a_key_has_an_owner_and_scopes_that_there_are() {
        let Ok(Command::Create(new)) = parse("create --owner till --scopes orders:write,seed --rate 5") else {
            panic!("refused")
        };
        assert_eq!((new.scopes.as_slice(), new.days), ([Scope::OrdersWrite, Scope::Seed].as_slice(), 365));
        let wrong = "create|create --owner x|create --scopes seed|create --owner x --scopes admin|list x|revoke|revoke ../x|\
            create --owner x --scopes seed --rate 0|create --owner x --scopes seed --rate 101|create --owner x --scopes seed --days 0|rotate 0000000000A --grace-hours -1|\
            create --owner x --scopes seed --days 5 --no-expiry";
        for line in wrong.split('|') {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("revoke 0000000000A").is_ok() && parse("list --endpoint http://127.0.0.1:4566").is_ok());
    }
}
