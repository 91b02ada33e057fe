//! The resources of a template: what runs on a laptop, and by name what is passed over.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::intrinsics::{Resolver, intrinsic};
use super::model::Template;

mod function;
mod kafka_topic;
mod mapping;
pub mod physical;
mod properties;
mod storage;

const FUNCTION: &str = "AWS::Serverless::Function";
const HTTP_API: &str = "AWS::Serverless::HttpApi";
const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
const TABLE: &str = "AWS::DynamoDB::Table";
const BUCKET: &str = "AWS::S3::Bucket";
const TOPIC: &str = "AWS::MSK::Topic";

/// Types that run.
const RUN: [&str; 6] = [FUNCTION, HTTP_API, MAPPING, TABLE, BUCKET, TOPIC];

/// Types that matter only on AWS. A type that is in neither list stops the local stack, so that somebody decides.
const PASSED_OVER: [&str; 20] = [
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::MSK::BatchScramSecret",
    "AWS::MSK::Cluster",
    "AWS::MSK::Configuration",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "Custom::MskBootstrap",
];

/// Keys that a resource may have beside its properties.
const ATTRIBUTES: [&str; 7] =
    ["Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"];

/// A resource as it stands in the template, SAM's `Globals` merged in.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Logical id.
    pub id: String,
    /// `Type`.
    pub kind: String,
    /// Name of the condition.
    pub condition: Option<String>,
    /// `Properties`, not resolved.
    pub properties: Value,
    /// `Metadata`.
    pub metadata: Value,
}

/// Reads `Resources` with `Globals`.
pub fn declarations(resources: Value, globals: &Value) -> anyhow::Result<BTreeMap<String, Declaration>> {
    for section in globals.as_object().into_iter().flat_map(Map::keys) {
        if section != "Function" {
            bail!("Globals.{section}: the local stack knows Globals.Function only");
        }
    }
    let mut declarations = BTreeMap::new();
    for (id, resource) in super::object(resources, "Resources")? {
        let mut resource = super::object(resource, &id)?;
        if let Some(unknown) = resource.keys().find(|key| !ATTRIBUTES.contains(&key.as_str())) {
            bail!("{id}: `{unknown}` is not known; a resource has {}", ATTRIBUTES.join(", "));
        }
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !RUN.contains(&kind.as_str()) && !PASSED_OVER.contains(&kind.as_str()) {
            bail!(
                "{id}: the local stack does not know the resource type `{kind}`; it runs {}, and passes over {}",
                RUN.join(", "),
                PASSED_OVER.join(", ")
            );
        }
        let mut properties = resource.remove("Properties").unwrap_or_else(|| Value::Object(Map::new()));
        if let Some(globals) = globals.get("Function").filter(|_| kind == FUNCTION) {
            properties = merge(globals.clone(), properties);
        }
        let condition = match resource.remove("Condition") {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(other) => bail!("{id}: Condition takes a name, not {other}"),
        };
        let metadata = resource.remove("Metadata").unwrap_or_default();
        declarations.insert(id.clone(), Declaration { id, kind, condition, properties, metadata });
    }
    Ok(declarations)
}

/// As SAM merges `Globals`: maps entry by entry, lists one after the other, and of anything else the resource's own.
fn merge(global: Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) if intrinsic(&global).is_none() && intrinsic(&own).is_none() => {
            let mut merged = global;
            for (key, value) in own {
                let value = match merged.remove(&key) {
                    Some(inherited) => merge(inherited, value),
                    None => value,
                };
                merged.insert(key, value);
            }
            Value::Object(merged)
        }
        (Value::Array(mut global), Value::Array(own)) => {
            global.extend(own);
            Value::Array(global)
        }
        (_, own) => own,
    }
}

/// Everything that runs.
pub fn build(resolver: &Resolver) -> anyhow::Result<Template> {
    let mut template = Template::default();
    for declaration in resolver.resources().values() {
        // The local stack runs with KafkaMode=selfManaged, where CloudFormation makes no topics: whoever owns the
        // brokers does, and here that is the local stack. So a topic's condition does not count.
        if declaration.kind == TOPIC {
            template.topics.push(kafka_topic::read(resolver, declaration)?);
        }
        if !resolver.includes(declaration).with_context(|| declaration.id.clone())? {
            continue;
        }
        match declaration.kind.as_str() {
            FUNCTION => function::read(resolver, declaration, &mut template)?,
            HTTP_API => function::check_http_api(resolver, declaration)?,
            MAPPING => mapping::read(resolver, declaration, &mut template)?,
            TABLE => template.tables.push(storage::table(resolver, declaration)?),
            BUCKET => template.buckets.push(storage::bucket(resolver, declaration)?),
            _ => {}
        }
    }
    check_links(&template)?;
    Ok(template)
}

/// What one resource says about another must be there.
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
        let same = |other: &&super::model::Route| other.path == route.path && other.method == route.method;
        if let Some(other) = template.routes.iter().skip(index + 1).find(same) {
            bail!("the route {} belongs to {} and to {}", route.path, route.function, other.function);
        }
    }
    Ok(())
}
