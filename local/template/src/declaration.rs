//! The resources as declared in the template, before anything is resolved.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Map, Value};

use crate::document::{intrinsic, object};

/// A function.
pub const FUNCTION: &str = "AWS::Serverless::Function";
/// An HTTP API.
pub const HTTP_API: &str = "AWS::Serverless::HttpApi";
/// An event source mapping.
pub const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
/// A table.
pub const TABLE: &str = "AWS::DynamoDB::Table";
/// A bucket.
pub const BUCKET: &str = "AWS::S3::Bucket";
/// A Kafka topic.
pub const TOPIC: &str = "AWS::MSK::Topic";

/// Types that run locally.
const RUN: [&str; 6] = [FUNCTION, HTTP_API, MAPPING, TABLE, BUCKET, TOPIC];

/// Types that matter only on AWS. A type that is in neither list stops the local stack, so that somebody has to decide.
const PASSED_OVER: [&str; 20] = [
    "AWS::CloudFormation::CustomResource",
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
];

/// Prefix of custom resources, which a function creates when the template is deployed.
const CUSTOM: &str = "Custom::";

/// Keys that a resource may have besides its properties.
const ATTRIBUTES: [&str; 7] =
    ["Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"];

/// A resource as declared in the template, with SAM's `Globals` merged in.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Logical id.
    pub id: String,
    /// `Type`.
    pub kind: String,
    /// Name of its condition.
    pub condition: Option<String>,
    /// `Properties`, unresolved.
    pub properties: Value,
    /// `Metadata`.
    pub metadata: Value,
}

/// Reads `Resources` and merges in `Globals`.
pub fn read(resources: Value, globals: &Value) -> anyhow::Result<BTreeMap<String, Declaration>> {
    for section in globals.as_object().into_iter().flat_map(Map::keys) {
        if section != "Function" {
            bail!("Globals.{section}: the local stack knows Globals.Function only");
        }
    }
    let mut declarations = BTreeMap::new();
    for (id, resource) in object(resources, "Resources")? {
        let mut resource = object(resource, &id)?;
        if let Some(unknown) = resource.keys().find(|key| !ATTRIBUTES.contains(&key.as_str())) {
            bail!("{id}: `{unknown}` is not known; a resource has {}", ATTRIBUTES.join(", "));
        }
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !RUN.contains(&kind.as_str()) && !PASSED_OVER.contains(&kind.as_str()) && !kind.starts_with(CUSTOM) {
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

/// As SAM merges `Globals`: maps by entry, lists by concatenation; for anything else, the resource's own value wins.
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
