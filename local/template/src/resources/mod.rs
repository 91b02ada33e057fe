//! The resources that run on a laptop.

use anyhow::{Context, bail};

use crate::declaration::{BUCKET, FUNCTION, HTTP_API, MAPPING, TABLE, TOPIC};
use crate::intrinsics::Resolver;
use crate::model::{Route, Template};

mod function;
mod function_url;
mod http_api;
mod kafka_topic;
mod mapping;
mod properties;
mod storage;

/// Builds everything that runs.
pub fn build(resolver: &Resolver) -> anyhow::Result<Template> {
    let mut template = Template::default();
    for declaration in resolver.resources().values() {
        // By a condition, a template may leave its topics to whoever owns the brokers. Here that is the local stack, so
        // the condition is ignored.
        if declaration.kind == TOPIC {
            template.topics.push(kafka_topic::read(resolver, declaration)?);
        }
        if !resolver.includes(declaration).with_context(|| declaration.id.clone())? {
            continue;
        }
        match declaration.kind.as_str() {
            FUNCTION => function::read(resolver, declaration, &mut template)?,
            HTTP_API => {
                http_api::check(resolver, declaration)?;
                template.cors = http_api::cors(resolver, declaration)?;
            }
            MAPPING => mapping::read(resolver, declaration, &mut template)?,
            TABLE => template.tables.push(storage::table(resolver, declaration)?),
            BUCKET => template.buckets.push(storage::bucket(resolver, declaration)?),
            _ => {}
        }
    }
    check_links(&template)?;
    Ok(template)
}

/// Checks that resources referenced by others exist.
fn check_links(template: &Template) -> anyhow::Result<()> {
    let kafka = template.kafka_mappings.iter().map(|mapping| &mapping.delivery);
    for delivery in kafka.chain(template.stream_mappings.iter().map(|mapping| &mapping.delivery)) {
        if !template.functions.contains_key(&delivery.function) {
            bail!("{}: FunctionName: there is no function `{}`", delivery.logical_id, delivery.function);
        }
    }
    for mapping in &template.kafka_mappings {
        if !template.topics.iter().any(|topic| topic.name == mapping.topic) {
            let id = &mapping.delivery.logical_id;
            bail!("{id}: Topics: no {TOPIC} resource has the name `{}`", mapping.topic);
        }
    }
    for mapping in &template.stream_mappings {
        let id = &mapping.delivery.logical_id;
        match template.tables.iter().find(|table| table.name == mapping.table) {
            None => bail!("{id}: EventSourceArn: there is no table `{}`", mapping.table),
            Some(table) if table.create.get("StreamSpecification").is_none() => {
                bail!("{id}: EventSourceArn: {} has no StreamSpecification", table.logical_id)
            }
            Some(_) => {}
        }
    }
    for (index, route) in template.routes.iter().enumerate() {
        if let Some(authorizer) = &route.authorizer
            && !template.functions.contains_key(&authorizer.function)
        {
            bail!("the authorizer {}: there is no function `{}`", authorizer.name, authorizer.function);
        }
        let same = |other: &&Route| other.path == route.path && other.method == route.method;
        if let Some(other) = template.routes.iter().skip(index + 1).find(same) {
            bail!("the route {} belongs to {} and to {}", route.path, route.function, other.function);
        }
    }
    Ok(())
}
