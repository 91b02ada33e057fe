//! `FunctionUrlConfig` of a function.

use anyhow::bail;
use serde_json::Value;

use super::properties::Properties;
use crate::intrinsics::Resolver;
use crate::model::{FunctionUrl, UrlAuth, UrlCors};

/// AWS: longest time for which a browser may remember a preflight.
const MAX_AGE_SECONDS: i64 = 86_400;

/// The URL of a function, if it has one.
pub fn read(resolver: &Resolver, function: &Properties<'_>) -> anyhow::Result<Option<FunctionUrl>> {
    let at = format!("{}.FunctionUrlConfig", function.at());
    let Some(config) = function.value("FunctionUrlConfig")? else { return Ok(None) };
    let run = ["AuthType", "Cors", "InvokeMode"];
    let properties = Properties::new(resolver, at.clone(), "a function URL", &config, &run, &[])?;
    let auth = match properties.required("AuthType")?.as_str() {
        "NONE" => UrlAuth::None,
        "AWS_IAM" => UrlAuth::Iam,
        other => bail!("{at}.AuthType: `{other}` is not known; known are NONE, AWS_IAM"),
    };
    let streams = match properties.text("InvokeMode")?.as_deref() {
        None | Some("BUFFERED") => false,
        Some("RESPONSE_STREAM") => true,
        Some(other) => bail!("{at}.InvokeMode: `{other}` is not known; known are BUFFERED, RESPONSE_STREAM"),
    };
    let cors = properties.value("Cors")?.map(|rules| cors(resolver, &at, &rules)).transpose()?;
    Ok(Some(FunctionUrl { auth, streams, cors }))
}

fn cors(resolver: &Resolver, at: &str, rules: &Value) -> anyhow::Result<UrlCors> {
    let run = ["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"];
    let rules = Properties::new(resolver, format!("{at}.Cors"), "CORS", rules, &run, &[])?;
    Ok(UrlCors {
        origins: rules.texts("AllowOrigins")?,
        methods: rules.texts("AllowMethods")?,
        headers: rules.texts("AllowHeaders")?,
        exposed: rules.texts("ExposeHeaders")?,
        max_age: rules.integer("MaxAge", 0, MAX_AGE_SECONDS)?.map(i64::unsigned_abs),
        credentials: rules.boolean("AllowCredentials")?.unwrap_or(false),
    })
}
