//! `AWS::Serverless::Function` with its events.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::properties::Properties;
use super::{function_url, http_api};
use crate::declaration::{Declaration, FUNCTION};
use crate::document::object;
use crate::intrinsics::Resolver;
use crate::model::{Asynchronous, Function, Route, Schedule, Template};
use crate::parameters::text_of;
use crate::physical;

/// Properties of a function that change how it runs here.
const FUNCTION_RUN: [&str; 8] = [
    "Environment",
    "EventInvokeConfig",
    "Events",
    "FunctionName",
    "FunctionUrlConfig",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Timeout",
];

/// Properties of a function that matter only on AWS.
const FUNCTION_IGNORED: [&str; 14] = [
    "Architectures",
    "CodeUri",
    "Description",
    "EphemeralStorage",
    "Handler",
    "LoggingConfig",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "Runtime",
    "RuntimeManagementConfig",
    "Tags",
    "Tracing",
    "VpcConfig",
];

/// Event types that run locally.
const EVENTS: [&str; 3] = ["HttpApi", "Schedule", "ScheduleV2"];

/// Methods of a route besides `ANY`.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// AWS: default timeout.
const DEFAULT_TIMEOUT_SECONDS: i64 = 3;
/// AWS: maximum timeout.
const MAX_TIMEOUT_SECONDS: i64 = 900;
/// AWS: default memory, which is also the minimum.
const DEFAULT_MEMORY_MB: i64 = 128;
/// AWS: maximum memory.
const MAX_MEMORY_MB: i64 = 10_240;
/// AWS: maximum number of retries of an asynchronous invocation.
const MAX_ASYNC_RETRIES: i64 = 2;
/// AWS: limits of the age of an asynchronous invocation.
const ASYNC_AGE_SECONDS: std::ops::RangeInclusive<i64> = 60..=21_600;
/// AWS: a schedule runs at most once a minute.
const MINUTE_SECONDS: u64 = 60;

/// Adds a function, its routes and its schedules.
pub fn read(resolver: &Resolver, declaration: &Declaration, template: &mut Template) -> anyhow::Result<()> {
    let id = &declaration.id;
    let properties =
        Properties::new(resolver, id.clone(), FUNCTION, &declaration.properties, &FUNCTION_RUN, &FUNCTION_IGNORED)?;
    if properties.raw("FunctionName").is_some_and(|name| !name.is_string()) {
        bail!("{id}.FunctionName: the local stack takes plain text only");
    }
    let name = physical::function_name(declaration);
    let timeout = properties.integer("Timeout", 1, MAX_TIMEOUT_SECONDS)?.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let memory = properties.integer("MemorySize", DEFAULT_MEMORY_MB, MAX_MEMORY_MB)?.unwrap_or(DEFAULT_MEMORY_MB);
    let reserved = properties.integer("ReservedConcurrentExecutions", 0, i64::from(u32::MAX))?;
    let function = Function {
        logical_id: id.clone(),
        name: name.clone(),
        timeout: Duration::from_secs(timeout.unsigned_abs()),
        memory_mb: u32::try_from(memory)?,
        reserved_concurrency: reserved.map(u32::try_from).transpose()?,
        environment: environment(&properties)?,
        asynchronous: asynchronous(&properties)?,
    };
    let retries = function.asynchronous.retries;
    if let Some(other) = template.functions.insert(name.clone(), function) {
        bail!("{id}: {} has the same name {name}", other.logical_id);
    }
    if let Some(url) = function_url::read(resolver, &properties)? {
        template.function_urls.insert(name.clone(), url);
    }
    let events = properties.raw("Events").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    for (event, content) in object(events, &format!("{id}.Events"))? {
        read_event(resolver, &format!("{id}.Events.{event}"), &content, &name, template)?;
    }
    for schedule in template.schedules.iter_mut().filter(|schedule| schedule.function == name) {
        schedule.retries = retries;
    }
    Ok(())
}

/// How asynchronous invocations are retried, including those of schedules.
fn asynchronous(properties: &Properties<'_>) -> anyhow::Result<Asynchronous> {
    let at = format!("{}.EventInvokeConfig", properties.at());
    let mut asynchronous = Asynchronous::default();
    let Some(config) = properties.value("EventInvokeConfig")? else { return Ok(asynchronous) };
    for (name, value) in object(config, &at)? {
        let number = |range: std::ops::RangeInclusive<i64>| {
            let number = value.as_i64().filter(|number| range.contains(number));
            number.with_context(|| format!("{at}.{name} is not {} to {}", range.start(), range.end()))
        };
        match name.as_str() {
            "MaximumRetryAttempts" => asynchronous.retries = usize::try_from(number(0..=MAX_ASYNC_RETRIES)?)?,
            "MaximumEventAgeInSeconds" => {
                asynchronous.max_age = Duration::from_secs(number(ASYNC_AGE_SECONDS)?.unsigned_abs());
            }
            unknown => bail!(
                "{at}: the local stack does not know the property `{unknown}`; it knows MaximumEventAgeInSeconds and \
                 MaximumRetryAttempts"
            ),
        }
    }
    Ok(asynchronous)
}

fn environment(properties: &Properties<'_>) -> anyhow::Result<BTreeMap<String, String>> {
    let at = format!("{}.Environment", properties.at());
    let Some(environment) = properties.value("Environment")? else { return Ok(BTreeMap::new()) };
    let mut environment = object(environment, &at)?;
    let variables = environment.remove("Variables").unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(unknown) = environment.keys().next() {
        bail!("{at}: the local stack does not know the property `{unknown}`; it knows Variables");
    }
    object(variables, &at)?
        .into_iter()
        .map(|(name, value)| {
            let text = text_of(&value).with_context(|| format!("{at}.Variables.{name}: {value} is not a string"))?;
            Ok((name, text))
        })
        .collect()
}

fn read_event(
    resolver: &Resolver,
    at: &str,
    event: &Value,
    function: &str,
    template: &mut Template,
) -> anyhow::Result<()> {
    let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
    let content = event.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let read = |run: &[&str], ignored: &[&str]| Properties::new(resolver, at.to_owned(), kind, &content, run, ignored);
    match kind {
        "HttpApi" => {
            let properties = read(&["ApiId", "Auth", "Method", "Path", "PayloadFormatVersion"], &["RouteSettings"])?;
            template.routes.push(route(resolver, &properties, function)?);
        }
        "ScheduleV2" => {
            let run = ["Input", "ScheduleExpression", "State"];
            let properties =
                read(&run, &["Description", "FlexibleTimeWindow", "Name", "OmitName", "RetryPolicy", "RoleArn"])?;
            if properties.text("State")?.is_none_or(|state| state == "ENABLED") {
                template.schedules.push(schedule(&properties, "ScheduleExpression", function)?);
            }
        }
        "Schedule" => {
            let properties = read(&["Enabled", "Input", "Schedule"], &["Description", "Name", "RetryPolicy"])?;
            if properties.boolean("Enabled")?.unwrap_or(true) {
                template.schedules.push(schedule(&properties, "Schedule", function)?);
            }
        }
        other => bail!(
            "{at}: the local stack does not know the event type `{other}`; it knows {} here, and event source mappings \
             as AWS::Lambda::EventSourceMapping",
            EVENTS.join(", ")
        ),
    }
    Ok(())
}

fn route(resolver: &Resolver, properties: &Properties<'_>, function: &str) -> anyhow::Result<Route> {
    let at = properties.at();
    if let Some(version) = properties.text("PayloadFormatVersion")?.filter(|version| version != "2.0") {
        bail!("{at}.PayloadFormatVersion: the local stack knows 2.0 only, not {version}");
    }
    let path = properties.required("Path")?;
    if !path.starts_with('/') {
        bail!("{at}.Path: `{path}` does not start with `/`");
    }
    let method = properties.required("Method")?.to_uppercase();
    let method = match method.as_str() {
        "ANY" => None,
        known if METHODS.contains(&known) => Some(method),
        other => bail!("{at}.Method: `{other}` is not a method; known are ANY, {}", METHODS.join(", ")),
    };
    let (api, own) = (properties.raw("ApiId"), properties.raw("Auth"));
    let authorizer = http_api::authorizer(resolver, api, own, (method.as_deref(), &path)).context(at.to_owned())?;
    Ok(Route { method, path, function: function.to_owned(), authorizer })
}

fn schedule(properties: &Properties<'_>, name: &str, function: &str) -> anyhow::Result<Schedule> {
    let expression = properties.required(name)?;
    let every = rate(&expression).with_context(|| {
        format!(
            "{}.{name}: the local stack knows rate(<n> minutes|hours|days) only, not `{expression}`",
            properties.at()
        )
    })?;
    let retries = Asynchronous::default().retries;
    Ok(Schedule { function: function.to_owned(), every, input: properties.text("Input")?, retries })
}

/// EventBridge requires the singular for 1 and the plural for more, and so does this.
fn rate(expression: &str) -> Option<Duration> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    let minutes: u64 = match (unit, count) {
        ("minute", 1) => 1,
        ("hour", 1) => 60,
        ("day", 1) => 24 * 60,
        ("minutes", 2..) => 1,
        ("hours", 2..) => 60,
        ("days", 2..) => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(count.checked_mul(minutes)?.checked_mul(MINUTE_SECONDS)?))
}
