//! `AWS::DynamoDB::Table` and `AWS::S3::Bucket`.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::properties::Properties;
use crate::declaration::{BUCKET, Declaration, TABLE};
use crate::intrinsics::Resolver;
use crate::model::{Bucket, Table};

/// Properties of a table that `CreateTable` takes unchanged.
const CREATE_TABLE: [&str; 6] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

/// Properties of a table that are not passed unchanged in `CreateTable`'s body.
const TABLE_RUN: [&str; 2] = ["StreamSpecification", "TimeToLiveSpecification"];

/// Backups, encryption and the like.
const TABLE_IGNORED: [&str; 6] = [
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "TableClass",
    "Tags",
];

/// Properties of a bucket that do not change what a function sees; others are rejected.
const BUCKET_IGNORED: [&str; 6] = [
    "BucketEncryption",
    "LifecycleConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
];

/// A table as `CreateTable` takes it.
pub fn table(resolver: &Resolver, declaration: &Declaration) -> anyhow::Result<Table> {
    let id = &declaration.id;
    let run = [CREATE_TABLE.as_slice(), TABLE_RUN.as_slice()].concat();
    let properties = Properties::new(resolver, id.clone(), TABLE, &declaration.properties, &run, &TABLE_IGNORED)?;
    let name = resolver.names().table(id);
    let mut create = Map::new();
    create.insert("TableName".to_owned(), Value::from(name.as_str()));
    for property in CREATE_TABLE {
        if let Some(value) = properties.value(property)? {
            create.insert(property.to_owned(), value);
        }
    }
    // CloudFormation enables a stream by its view type; the API also requires `StreamEnabled`.
    if let Some(stream) = properties.value("StreamSpecification")? {
        let view = stream.get("StreamViewType").and_then(Value::as_str);
        let view = view.with_context(|| format!("{id}.StreamSpecification: StreamViewType is missing"))?;
        create.insert("StreamSpecification".to_owned(), json!({"StreamEnabled": true, "StreamViewType": view}));
    }
    let ttl_attribute = match properties.value("TimeToLiveSpecification")? {
        None => None,
        Some(ttl) if ttl.get("Enabled") != Some(&Value::Bool(true)) => None,
        Some(ttl) => match ttl.get("AttributeName").and_then(Value::as_str) {
            Some(attribute) => Some(attribute.to_owned()),
            None => bail!("{id}.TimeToLiveSpecification: AttributeName is missing"),
        },
    };
    Ok(Table { logical_id: id.clone(), name, create: Value::Object(create), ttl_attribute })
}

/// A bucket.
pub fn bucket(resolver: &Resolver, declaration: &Declaration) -> anyhow::Result<Bucket> {
    let id = &declaration.id;
    Properties::new(resolver, id.clone(), BUCKET, &declaration.properties, &[], &BUCKET_IGNORED)?;
    Ok(Bucket { logical_id: id.clone(), name: resolver.names().bucket(id) })
}
