//! `AWS::Serverless::HttpApi`: which authorizer a route has. What the API answers is in its routes and their functions.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::properties::Properties;
use crate::declaration::{Declaration, HTTP_API};
use crate::document::object;
use crate::intrinsics::Resolver;
use crate::model::{Authorizer, Cors, Identity};
use crate::names;

/// Properties of an API that change what it answers.
const RUN: [&str; 3] = ["Auth", "CorsConfiguration", "DefinitionBody"];

/// Properties that matter only on AWS.
const IGNORED: [&str; 8] = [
    "AccessLogSettings",
    "DefaultRouteSettings",
    "Description",
    "DisableExecuteApiEndpoint",
    "Domain",
    "FailOnWarnings",
    "RouteSettings",
    "Tags",
];

/// Value of an event's `Authorizer` that leaves its route open.
const NONE: &str = "NONE";

/// How OpenAPI writes the method `ANY` (API Gateway developer guide, "x-amazon-apigateway-any-method").
const ANY: &str = "x-amazon-apigateway-any-method";

/// API Gateway: how long an authorizer's answer is remembered unless the template says otherwise, and at most.
const DEFAULT_TTL_SECONDS: i64 = 300;
const MAX_TTL_SECONDS: i64 = 3_600;

/// Rejects properties that would change how the API answers.
pub fn check(resolver: &Resolver, declaration: &Declaration) -> anyhow::Result<()> {
    let properties = properties(resolver, declaration)?;
    let at = format!("{}.DefinitionBody", declaration.id);
    let Some(body) = properties.raw("DefinitionBody") else { return Ok(()) };
    for (path, operations) in paths(body) {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            if let Some(unknown) = operation.as_object().into_iter().flat_map(Map::keys).find(|key| *key != "security")
            {
                bail!(
                    "{at}: {path} {method}: the local stack knows `security` only, not `{unknown}`; routes are events"
                );
            }
        }
    }
    Ok(())
}

/// What the API says of pages of other origins. SAM takes `true` and one origin too.
pub fn cors(resolver: &Resolver, declaration: &Declaration) -> anyhow::Result<Option<Cors>> {
    let texts = |list: Option<&Value>| {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let origin = |origin: &str| Some(Cors { origins: vec![origin.to_owned()], exposed: Vec::new() });
    Ok(match properties(resolver, declaration)?.value("CorsConfiguration")? {
        Some(Value::Object(cors)) => {
            Some(Cors { origins: texts(cors.get("AllowOrigins")), exposed: texts(cors.get("ExposeHeaders")) })
        }
        Some(Value::Bool(true)) => origin("*"),
        Some(Value::String(text)) => origin(&text),
        _ => None,
    })
}

/// The authorizer of a route, as SAM gives it: the event's own, or else what the operation in `DefinitionBody` says, or
/// else the default of the API. `api` is the event's `ApiId`, `own` its `Auth`.
pub fn authorizer(
    resolver: &Resolver,
    api: Option<&Value>,
    own: Option<&Value>,
    (method, path): (Option<&str>, &str),
) -> anyhow::Result<Option<Authorizer>> {
    let named = api.and_then(|api| api.get("Ref").or(Some(api))).and_then(Value::as_str);
    let Some(declaration) = named.and_then(|name| resolver.resources().get(name)).filter(|it| it.kind == HTTP_API)
    else {
        return Ok(None);
    };
    let properties = properties(resolver, declaration)?;
    let own = own.and_then(|own| own.get("Authorizer")).and_then(Value::as_str);
    let name = match (own, operation(&properties, method, path)) {
        (Some(own), _) => Some(own.to_owned()),
        (None, Some(security)) => {
            let security = resolver.resolve(security, &format!("{}.DefinitionBody", declaration.id))?;
            let first = security.as_ref().and_then(|security| security.get(0)).and_then(Value::as_object);
            first.and_then(|first| first.keys().next().cloned())
        }
        (None, None) => {
            let auth = properties.raw("Auth").and_then(|auth| auth.get("DefaultAuthorizer"));
            auth.and_then(Value::as_str).map(str::to_owned)
        }
    };
    match name {
        Some(name) if name != NONE => declared(resolver, &properties, &name),
        _ => Ok(None),
    }
}

fn properties<'a>(resolver: &'a Resolver, declaration: &Declaration) -> anyhow::Result<Properties<'a>> {
    Properties::new(resolver, declaration.id.clone(), HTTP_API, &declaration.properties, &RUN, &IGNORED)
}

/// What the operation in `DefinitionBody` says of its security, unresolved.
fn operation<'a>(properties: &'a Properties<'_>, method: Option<&str>, path: &str) -> Option<&'a Value> {
    let method = method.map_or_else(|| ANY.to_owned(), str::to_ascii_lowercase);
    paths(properties.raw("DefinitionBody")?).find(|(known, _)| *known == path)?.1.get(method)?.get("security")
}

fn paths(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    body.get("paths").and_then(Value::as_object).into_iter().flatten()
}

/// The authorizer that the API declares under this name. IAM and JWT authorizers are AWS's business: locally their routes
/// are open.
fn declared(resolver: &Resolver, api: &Properties<'_>, name: &str) -> anyhow::Result<Option<Authorizer>> {
    let at = format!("{}.Auth.Authorizers.{name}", api.at());
    let Some(content) = api.raw("Auth").and_then(|auth| auth.get("Authorizers")?.get(name)) else {
        if name == "AWS_IAM" {
            return Ok(None);
        }
        bail!("{at}: there is no such authorizer");
    };
    if content.get("JwtConfiguration").is_some() {
        return Ok(None);
    }
    let run = ["AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "FunctionArn", "Identity"];
    let ignored = ["EnableFunctionDefaultPermissions", "FunctionInvokeRole"];
    let properties = Properties::new(resolver, at.clone(), "an authorizer", content, &run, &ignored)?;
    if properties.required("AuthorizerPayloadFormatVersion")? != "2.0" {
        bail!("{at}.AuthorizerPayloadFormatVersion: the local stack knows 2.0 only");
    }
    if properties.boolean("EnableSimpleResponses")? != Some(true) {
        bail!("{at}.EnableSimpleResponses: the local stack knows simple responses only");
    }
    let arn = properties.required("FunctionArn")?;
    let function = names::function_of(&arn).with_context(|| format!("{at}.FunctionArn: `{arn}` is no function's"))?;
    let (identity, ttl) = identity(resolver, &at, properties.raw("Identity"))?;
    let preflights_pass = api.value("CorsConfiguration")?.is_some_and(|cors| cors != Value::Bool(false));
    Ok(Some(Authorizer { name: name.to_owned(), function: function.to_owned(), identity, ttl, preflights_pass }))
}

/// Without an identity, the authorizer is asked for every request.
fn identity(resolver: &Resolver, at: &str, content: Option<&Value>) -> anyhow::Result<(Vec<Identity>, Duration)> {
    let Some(content) = content else { return Ok((Vec::new(), Duration::ZERO)) };
    object(content.clone(), &format!("{at}.Identity"))?;
    let run = ["Headers", "QueryStrings", "ReauthorizeEvery"];
    let properties = Properties::new(resolver, format!("{at}.Identity"), "an identity", content, &run, &[])?;
    let headers = properties.texts("Headers")?.into_iter().map(|name| Identity::Header(name.to_lowercase()));
    let identity: Vec<Identity> =
        headers.chain(properties.texts("QueryStrings")?.into_iter().map(Identity::Query)).collect();
    let ttl = properties.integer("ReauthorizeEvery", 0, MAX_TTL_SECONDS)?.unwrap_or(DEFAULT_TTL_SECONDS);
    let ttl = if identity.is_empty() { Duration::ZERO } else { Duration::from_secs(ttl.unsigned_abs()) };
    Ok((identity, ttl))
}
