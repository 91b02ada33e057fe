//! What the local stack takes from a template, with every intrinsic resolved.

use std::collections::BTreeMap;
use std::time::Duration;

/// The template, ready to run.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Functions by name: `FunctionName`, else the binary of `Metadata.BuildProperties`, else the logical id.
    pub functions: BTreeMap<String, Function>,
    /// HTTP API routes.
    pub routes: Vec<Route>,
    /// Which pages of other origins may use the HTTP API; `None` if it does not say.
    pub cors: Option<Cors>,
    /// Function URLs, by the name of the function.
    pub function_urls: BTreeMap<String, FunctionUrl>,
    /// Kafka event source mappings.
    pub kafka_mappings: Vec<KafkaMapping>,
    /// DynamoDB stream event source mappings.
    pub stream_mappings: Vec<StreamMapping>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// Kafka topics.
    pub topics: Vec<Topic>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Logical id in the template.
    pub logical_id: String,
    /// Name.
    pub name: String,
    /// Time after which an invocation is ended and its process killed.
    pub timeout: Duration,
    /// Memory of the function in MB; reported to the process, not enforced.
    pub memory_mb: u32,
    /// Maximum number of concurrent instances, from `ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<u32>,
    /// Environment variables, resolved.
    pub environment: BTreeMap<String, String>,
    /// How its asynchronous invocations are retried.
    pub asynchronous: Asynchronous,
}

/// How asynchronous invocations of a function are retried (`EventInvokeConfig`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asynchronous {
    /// Retries of an invocation that ends in a function error, 0 to 2.
    pub retries: usize,
    /// Age at which an invocation that has not run is dropped.
    pub max_age: Duration,
}

impl Default for Asynchronous {
    /// Lambda's defaults: two retries within 6 hours.
    fn default() -> Self {
        Self { retries: 2, max_age: Duration::from_secs(6 * 60 * 60) }
    }
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `None` for `ANY`.
    pub method: Option<String>,
    /// Path as in the template, with `{name}` and `{proxy+}`.
    pub path: String,
    /// Name of the function.
    pub function: String,
    /// Who decides whether a request may pass.
    pub authorizer: Option<Authorizer>,
}

/// What an HTTP API says of pages of other origins (`CorsConfiguration`). How it answers preflights is left to the functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// Origins; `*` is any.
    pub origins: Vec<String>,
    /// Headers that pages may read.
    pub exposed: Vec<String>,
}

/// A Lambda authorizer of an HTTP API, with payload format 2.0 and simple responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// Name in the template.
    pub name: String,
    /// Name of the function.
    pub function: String,
    /// What has to be in a request, and its answers are remembered by.
    pub identity: Vec<Identity>,
    /// How long an answer is remembered; zero if it is not.
    pub ttl: Duration,
    /// Whether the API has CORS, and so answers preflights itself: they never come to the authorizer.
    pub preflights_pass: bool,
}

/// A part of a request that tells who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A header, by its name.
    Header(String),
    /// A parameter of the query, by its name.
    Query(String),
}

/// A URL of a function of its own (`FunctionUrlConfig`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUrl {
    /// Who may call it.
    pub auth: UrlAuth,
    /// Whether the function may stream its answers (`InvokeMode` `RESPONSE_STREAM`).
    pub streams: bool,
    /// Whose pages may use it in a browser.
    pub cors: Option<UrlCors>,
}

/// Who may call a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlAuth {
    /// Everybody, as far as Lambda is concerned.
    None,
    /// Whoever signs the request and has the permission.
    Iam,
}

/// CORS of a function URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlCors {
    /// Origins, or `*`.
    pub origins: Vec<String>,
    /// Methods, or `*`.
    pub methods: Vec<String>,
    /// Headers that a page may send.
    pub headers: Vec<String>,
    /// Headers that a page may read.
    pub exposed: Vec<String>,
    /// How long a browser may remember a preflight, in seconds.
    pub max_age: Option<u64>,
    /// Whether cookies may be sent.
    pub credentials: bool,
}

/// Where a new consumer group starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartingPosition {
    /// At the oldest record.
    TrimHorizon,
    /// At records written from now on.
    Latest,
    /// At the first record at or after this time, in seconds since the epoch.
    AtTimestamp(f64),
}

/// What both kinds of event source mappings share.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Logical id in the template.
    pub logical_id: String,
    /// Name of the function.
    pub function: String,
    /// Where to start.
    pub starting_position: StartingPosition,
    /// Maximum number of records in an invocation.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
    /// Filter patterns, ORed; without any, everything passes.
    pub filters: Vec<serde_json::Value>,
    /// Whether the function answers `batchItemFailures`.
    pub report_batch_item_failures: bool,
    /// Retries before the batch is given up; `None` means unlimited.
    pub maximum_retry_attempts: Option<u32>,
    /// Records older than this are given up; `None` means no limit.
    pub maximum_record_age: Option<Duration>,
    /// Whether a failing batch is halved.
    pub bisect: bool,
    /// ARN or `kafka://topic` that receives what was given up.
    pub on_failure: Option<String>,
    /// Whether the mapping runs.
    pub enabled: bool,
}

impl Delivery {
    /// Lambda's defaults, but starting at the oldest record and with a window of zero.
    pub fn new(logical_id: &str, function: &str) -> Self {
        Self {
            logical_id: logical_id.to_owned(),
            function: function.to_owned(),
            starting_position: StartingPosition::TrimHorizon,
            batch_size: 100,
            window: Duration::ZERO,
            filters: Vec::new(),
            report_batch_item_failures: false,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            bisect: false,
            on_failure: None,
            enabled: true,
        }
    }
}

/// A Kafka event source mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaMapping {
    /// Batching, retries and the like.
    pub delivery: Delivery,
    /// The topic.
    pub topic: String,
    /// Consumer group id.
    pub group: String,
}

/// A DynamoDB stream event source mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamMapping {
    /// Batching, retries and the like.
    pub delivery: Delivery,
    /// Name of the table whose stream is read.
    pub table: String,
    /// Length of the tumbling windows, if it has them.
    pub tumbling: Option<Duration>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Name of the function.
    pub function: String,
    /// Time between two starts, from `rate(...)`.
    pub every: Duration,
    /// Payload; EventBridge Scheduler's default if absent.
    pub input: Option<String>,
    /// Retries of a run that ends in a function error, 0 to 2; from the function's `EventInvokeConfig`.
    pub retries: usize,
}

/// A DynamoDB table: the properties of `AWS::DynamoDB::Table` as `CreateTable` takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Logical id in the template.
    pub logical_id: String,
    /// Name.
    pub name: String,
    /// Body of a `CreateTable` call.
    pub create: serde_json::Value,
    /// TTL attribute.
    pub ttl_attribute: Option<String>,
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Logical id in the template.
    pub logical_id: String,
    /// Name.
    pub name: String,
}

/// A Kafka topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Configuration, such as `retention.ms`.
    pub configs: BTreeMap<String, String>,
}
