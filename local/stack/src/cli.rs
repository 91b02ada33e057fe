//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use local_lambda::mapping::retry;

/// Runs what a SAM template describes on this machine: HTTP API, functions, Kafka, DynamoDB, S3 and SES.
#[derive(Debug, Clone, Parser)]
#[command(name = "millrace-local", version)]
pub struct Args {
    /// Port of the HTTP API and of its control under /_local/; 0 picks a free one.
    #[arg(long, default_value_t = 3000)]
    pub http_port: u16,
    /// Port of DynamoDB, S3 and SES; 0 picks a free one.
    #[arg(long, default_value_t = 4566)]
    pub aws_port: u16,
    /// Port of the embedded Kafka broker; 0 picks a free one.
    #[arg(long, default_value_t = 9092)]
    pub kafka_port: u16,
    /// Keeps everything in this directory across restarts; without it, everything is in memory.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Uses this Kafka, without TLS and authentication, instead of the embedded broker.
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,
    /// Uses this endpoint for DynamoDB, S3 and SES (LocalStack, say) instead of the embedded ones.
    #[arg(long, value_name = "URL")]
    pub aws_endpoint: Option<String>,
    /// The SAM template.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub template: PathBuf,
    /// SAM's configuration: `stack_name`, and `parameter_overrides` of `[local.deploy.parameters]`, in which {kafka} stands
    /// for the broker's address. The default is samconfig.toml beside the template, if there is one.
    #[arg(long, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Directory of the functions' binaries: `<function's name>`, or `<logical id>/bootstrap` as `sam build` leaves them.
    /// The default is the directory of this program.
    #[arg(long, value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// Runs this shell command when a file below a --watch directory changes, and replaces the functions whose binaries it
    /// has changed.
    #[arg(long, value_name = "COMMAND", requires = "watch")]
    pub rebuild: Option<String>,
    /// A directory of source files for --rebuild; may be repeated.
    #[arg(long, value_name = "DIR", requires = "rebuild")]
    pub watch: Vec<PathBuf>,
    /// Sets a parameter of the template; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameter: Vec<(String, String)>,
    /// Lets only those in whom the template's authorizer knows. Prints an API key that may do everything, and starts an OpenID
    /// Connect issuer that knows every user. Adds the `parameter_overrides` of `[local_auth.deploy.parameters]`, in which
    /// {issuer} stands for the issuer's address.
    #[arg(long)]
    pub auth: bool,
    /// Most processes of one function.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub instances: u32,
    /// Most invocations that one process serves at once; 1 is how Lambda runs functions by default.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub concurrency: u32,
    /// Which records of a partly failed Kafka batch come again; AWS's documentation does not settle it.
    #[arg(long, value_enum, default_value_t = PartialRetry::Reported)]
    pub partial_retry: PartialRetry,
    /// Writes each function's output to a file in this directory too.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// Keeps the functions' output off the terminal.
    #[arg(long)]
    pub quiet: bool,
}

/// The rule for partial batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartialRetry {
    /// The reported records.
    Reported,
    /// Everything from the first reported record on.
    FromFirst,
}

impl From<PartialRetry> for retry::PartialRetry {
    fn from(rule: PartialRetry) -> Self {
        match rule {
            PartialRetry::Reported => Self::ReportedOnly,
            PartialRetry::FromFirst => Self::FromFirstFailure,
        }
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE was expected")?;
    Ok((name.to_owned(), value.to_owned()))
}
