//! Finds the archive's object that has a record.

use aws_sdk_s3::Client;
use jiff::Timestamp;
use millrace_platform::aws;
use millrace_store::archive::{MAX_SPAN, before, folder, holds, is_behind};

use super::facts::{Archived, Place};

/// Offsets in front of the record among which its object is sought first. As many objects fit into one answer of S3, so the
/// object is found by one list unless its batch had more records; then the second list has few objects.
const NEAR: i64 = 999;

/// Most objects in an answer of S3.
const PAGE: i32 = 1_000;

/// The object, by at most two lists, whatever is stored.
pub async fn object(s3: &Client, bucket: &str, place: &Place, published_at: Timestamp, count: impl Fn()) -> Archived {
    let folder = folder(&place.topic, published_at, place.partition);
    for span in [NEAR, MAX_SPAN] {
        count();
        let list = s3.list_objects_v2().bucket(bucket).prefix(&folder).max_keys(PAGE);
        let list = match list.start_after(before(&folder, place.offset, span)).send().await {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(error = %aws::describe_on(&error, bucket), "the archive was not listed");
                return Archived::NotSought("the archive did not answer");
            }
        };
        for object in list.contents() {
            let name = object.key().unwrap_or_default();
            if is_behind(&folder, name, place.offset) {
                break;
            }
            if holds(&folder, name, place.offset) {
                let at = object.last_modified().and_then(|at| Timestamp::from_second(at.secs()).ok());
                return Archived::In(name.to_owned(), at.unwrap_or(published_at));
            }
        }
        if place.offset <= span {
            break;
        }
    }
    Archived::NotFound
}
