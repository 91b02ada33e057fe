//! Creates the template's tables and buckets, here or at another endpoint.

use std::fmt::Display;
use std::time::Duration;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{TableStatus, TimeToLiveSpecification, TimeToLiveStatus};
use aws_sdk_s3::primitives::SdkBody;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use futures::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use local_aws_client::{Access, DEFAULT_REGION};
use local_template::model::{Bucket, Table};
use tokio::time::Instant;

use super::Error;

/// Maximum wait for a new table to become active.
const TABLE_TIMEOUT: Duration = Duration::from_secs(60);
const TABLE_POLL: Duration = Duration::from_millis(100);

/// Creates each table and bucket that does not exist, and enables TTL where the template does. Existing ones are left
/// as they are.
///
/// # Errors
/// The endpoint does not answer, or rejects a table or a bucket.
pub fn create_missing<'a>(
    access: &'a Access,
    tables: &'a [Table],
    buckets: &'a [Bucket],
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(create(access, tables, buckets))
}

async fn create(access: &Access, tables: &[Table], buckets: &[Bucket]) -> Result<(), Error> {
    let dynamodb = access.dynamodb();
    for table in tables {
        create_table(access, &dynamodb, table).await?;
        if let Some(attribute) = &table.ttl_attribute {
            enable_ttl(access, &dynamodb, &table.name, attribute).await?;
        }
    }
    let s3 = access.s3();
    for bucket in buckets {
        create_bucket(access, &s3, &bucket.name).await?;
    }
    Ok(())
}

async fn create_table(access: &Access, client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<(), Error> {
    let name = &table.name;
    let deadline = Instant::now() + TABLE_TIMEOUT;
    let mut created = false;
    loop {
        match client.describe_table().table_name(name).send().await {
            Ok(found) => {
                if found.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
                    return Ok(());
                }
            }
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_dynamodb::operation::describe_table::DescribeTableError::is_resource_not_found_exception,
                ) =>
            {
                if !created {
                    send_create_table(access, client, table).await?;
                    created = true;
                    continue;
                }
            }
            Err(error) => return Err(failed(access, format!("look up the table {name}"))(error)),
        }
        if Instant::now() > deadline {
            let reason = format!("it is not active after {} s", TABLE_TIMEOUT.as_secs());
            return Err(failure(access, format!("create the table {name}"), reason));
        }
        tokio::time::sleep(TABLE_POLL).await;
    }
}

async fn send_create_table(access: &Access, client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<(), Error> {
    // The template already holds the body of the call, so it replaces the SDK's own and is signed as is.
    let body = table.create.to_string();
    client
        .create_table()
        .table_name(&table.name)
        .customize()
        .mutate_request(move |request| {
            request.headers_mut().insert(CONTENT_LENGTH.as_str(), body.len().to_string());
            *request.body_mut() = SdkBody::from(body.as_str());
        })
        .send()
        .await
        .map_err(failed(access, format!("create the table {}", table.name)))?;
    Ok(())
}

async fn enable_ttl(
    access: &Access,
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    attribute: &str,
) -> Result<(), Error> {
    let found = client.describe_time_to_live().table_name(table).send().await;
    let found = found.map_err(failed(access, format!("look up the TTL of {table}")))?;
    let status = found.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let action = format!("switch on the TTL of {table}");
    let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
    let ttl = ttl.map_err(|error| failure(access, action.clone(), error))?;
    let updated = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    updated.map_err(failed(access, action))?;
    Ok(())
}

async fn create_bucket(access: &Access, client: &aws_sdk_s3::Client, bucket: &str) -> Result<(), Error> {
    match client.head_bucket().bucket(bucket).send().await {
        Ok(_) => return Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(aws_sdk_s3::operation::head_bucket::HeadBucketError::is_not_found) => {}
        Err(error) => return Err(failed(access, format!("look up the bucket {bucket}"))(error)),
    }
    let location = (access.region() != DEFAULT_REGION).then(|| {
        let constraint = BucketLocationConstraint::from(access.region());
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    });
    let created = client.create_bucket().bucket(bucket).set_create_bucket_configuration(location).send().await;
    created.map_err(failed(access, format!("create the bucket {bucket}")))?;
    Ok(())
}

fn failed<E: std::error::Error>(access: &Access, action: String) -> impl FnOnce(E) -> Error {
    move |error| failure(access, action, DisplayErrorContext(error))
}

fn failure(access: &Access, action: String, reason: impl Display) -> Error {
    Error::Resource { action, endpoint: access.endpoint().to_owned(), reason: reason.to_string() }
}
