//! Writes the objects of a batch with `If-None-Match`.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_platform::aws;

use crate::object::{Object, objects};

/// The archive's bucket.
#[derive(Debug, Clone)]
pub struct Archive {
    pub s3: Client,
    pub bucket: String,
}

impl Consumer for Archive {
    const NAME: &'static str = "archive";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let objects = match objects(records) {
            Ok(objects) => objects,
            Err(error) => return vec![Verdict::Retry(error.to_string()); records.len()],
        };
        let mut verdicts = vec![Verdict::Retry("not written".to_owned()); records.len()];
        for object in objects {
            let verdict = match self.put(&object).await {
                Ok(()) => Verdict::Done,
                Err(why) => Verdict::Retry(why),
            };
            for at in object.records {
                if let Some(slot) = verdicts.get_mut(at) {
                    *slot = verdict.clone();
                }
            }
        }
        verdicts
    }
}

impl Archive {
    async fn put(&self, object: &Object) -> Result<(), String> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(&object.key)
            .body(object.body.clone().into())
            .content_type("application/x-ndjson")
            .content_encoding("gzip")
            .if_none_match("*");
        match put.send().await {
            Ok(_) => Ok(()),
            // The name contains the digest of the content, so the existing object is identical.
            Err(error) if status(&error) == Some(412) => Ok(()),
            Err(error) => Err(aws::describe_on(&error, &object.key)),
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
