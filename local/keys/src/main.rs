//! `millrace-keys`: makes, lists, rotates and revokes API keys, in the table of a deployed stack or of the local one.

mod change;
mod cli;
mod table;
mod view;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use local_aws_client::Access;
use millrace_access::key::ApiKey;
use millrace_platform::{clock, settings};

use crate::cli::{Args, Command};
use crate::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("millrace-keys: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let table = Table::new(access(args.endpoint.as_deref())?.dynamodb(), args.table);
    let now = clock::now().as_second();
    match args.command {
        Command::Create(new) => {
            let key = ApiKey::new(clock::random(), secret());
            table.create(&change::created(&key, new, now)?).await?;
            show(&key)
        }
        Command::List => {
            let mut out = std::io::stdout().lock();
            for item in table.list().await? {
                writeln!(out, "{}", view::line(&item, now)?)?;
            }
            Ok(())
        }
        Command::Rotate { id, grace_hours } => {
            let item = table.read(&id).await?.with_context(|| format!("there is no key {id}"))?;
            let key = ApiKey::with_secret(id, secret());
            table.rotate(&item, &change::rotated(&item, &key, grace_hours, now)?).await?;
            show(&key)
        }
        Command::Revoke { id } => table.revoke(&id, now).await,
    }
}

/// DynamoDB at the endpoint, or that of AWS in the region of the environment.
fn access(endpoint: Option<&str>) -> anyhow::Result<Access> {
    if let Some(endpoint) = endpoint {
        return Ok(Access::external(endpoint, settings::optional));
    }
    if settings::optional("AWS_ACCESS_KEY_ID").is_none() {
        bail!(
            "there are no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             `aws configure export-credentials --format env` prints them"
        );
    }
    let region = settings::setting("AWS_REGION")?;
    Ok(Access::external(&format!("https://dynamodb.{region}.amazonaws.com"), settings::optional))
}

fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    let (first, second) = secret.split_at_mut(16);
    first.copy_from_slice(&clock::random128().to_be_bytes());
    second.copy_from_slice(&clock::random128().to_be_bytes());
    secret
}

/// The key on stdout alone, so that it can be piped on.
fn show(key: &ApiKey) -> anyhow::Result<()> {
    eprintln!("Key {}. It is shown this once; only a hash of its secret is stored.", key.id());
    writeln!(std::io::stdout(), "{}", key.expose()).context("cannot write to stdout, so the key is lost: rotate it")
}
