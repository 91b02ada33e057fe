//! Objects in files: s3s-fs with any key that S3 takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CopySource, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, EncodingType,
    GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Object,
    PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::key;
use super::list::{Asked, page, url_encoded};

/// Name of the directory with the keys of the objects that are kept under a hash. No bucket can have it.
const KEYS: &str = ".keys";

/// Most entries of a page.
const MAX_ENTRIES: i32 = 1_000;

/// The buckets.
pub(super) struct Files {
    files: FileSystem,
    keys: PathBuf,
}

impl Files {
    /// Opens the buckets in `root`.
    pub(super) fn open(root: &Path) -> std::io::Result<Self> {
        let keys = root.join(KEYS);
        std::fs::create_dir_all(&keys)?;
        let files = FileSystem::new(root).map_err(|error| std::io::Error::other(format!("{error:?}")))?;
        Ok(Self { files, keys })
    }

    /// The name of an object, if S3 takes its key.
    fn name(bucket: &str, key: &str) -> S3Result<String> {
        if key::is_inside(key) {
            Ok(key::name(bucket, key))
        } else {
            Err(s3_error!(InvalidURI, "Couldn't parse the specified URI."))
        }
    }

    /// The name of an object that is about to be written.
    async fn new_name(&self, bucket: &str, key: &str) -> S3Result<String> {
        let name = Self::name(bucket, key)?;
        let path = self.keys.join(&name);
        if key::is_hash(&name) && !path.exists() {
            let written = self.keys.join(uuid::Uuid::new_v4().to_string());
            tokio::fs::write(&written, key).await.map_err(S3Error::internal_error)?;
            tokio::fs::rename(&written, &path).await.map_err(S3Error::internal_error)?;
        }
        Ok(name)
    }

    fn source(source: CopySource) -> S3Result<CopySource> {
        Ok(match source {
            CopySource::Bucket { bucket, key, version_id } => {
                let key = Self::name(&bucket, &key)?.into();
                CopySource::Bucket { bucket, key, version_id }
            }
            other => other,
        })
    }

    /// The objects of a bucket by their keys.
    async fn objects(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<BTreeMap<String, Object>> {
        let bucket = request.input.bucket.clone();
        let input = ListObjectsV2Input { bucket: bucket.clone(), max_keys: Some(i32::MAX), ..Default::default() };
        let all = self.files.list_objects_v2(request.map_input(|_| input)).await?;
        let mut objects = BTreeMap::new();
        for object in all.output.contents.unwrap_or_default() {
            let name = object.key.clone().unwrap_or_default();
            let key = if key::is_hash(&name) {
                tokio::fs::read_to_string(self.keys.join(&name)).await.map_err(S3Error::internal_error)?
            } else {
                name.clone()
            };
            // Nothing else can be read by its key.
            if key::name(&bucket, &key) == name {
                objects.insert(key.clone(), Object { key: Some(key), ..object });
            }
        }
        Ok(objects)
    }
}

/// Implements S3: what is written out here, and the rest as s3s-fs does it, with the names of the objects in requests
/// and their keys in answers.
macro_rules! s3 {
    ({ $($own:item)* }
     of_buckets { $($bucket:ident($BucketInput:ty) -> $BucketOutput:ty;)* }
     of_objects { $($object:ident($ObjectInput:ty) -> $ObjectOutput:ty;)* }) => {
        #[async_trait]
        impl S3 for Files {
            $($own)*
            $(async fn $bucket(&self, request: S3Request<$BucketInput>) -> S3Result<S3Response<$BucketOutput>> {
                self.files.$bucket(request).await
            })*
            $(async fn $object(&self, mut request: S3Request<$ObjectInput>) -> S3Result<S3Response<$ObjectOutput>> {
                request.input.key = Self::name(&request.input.bucket, &request.input.key)?;
                self.files.$object(request).await
            })*
        }
    };
}

s3! {
    {
        async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
            request.input.key = self.new_name(&request.input.bucket, &request.input.key).await?;
            self.files.put_object(request).await
        }

        async fn copy_object(&self, mut request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
            request.input.key = self.new_name(&request.input.bucket, &request.input.key).await?;
            request.input.copy_source = Self::source(request.input.copy_source)?;
            self.files.copy_object(request).await
        }

        async fn upload_part_copy(
            &self,
            mut request: S3Request<UploadPartCopyInput>,
        ) -> S3Result<S3Response<UploadPartCopyOutput>> {
            request.input.copy_source = Self::source(request.input.copy_source)?;
            self.files.upload_part_copy(request).await
        }

        async fn create_multipart_upload(
            &self,
            mut request: S3Request<CreateMultipartUploadInput>,
        ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
            let name = self.new_name(&request.input.bucket, &request.input.key).await?;
            let key = std::mem::replace(&mut request.input.key, name);
            let mut answer = self.files.create_multipart_upload(request).await?;
            answer.output.key = Some(key);
            Ok(answer)
        }

        async fn list_parts(&self, mut request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
            let name = Self::name(&request.input.bucket, &request.input.key)?;
            let key = std::mem::replace(&mut request.input.key, name);
            let mut answer = self.files.list_parts(request).await?;
            answer.output.key = Some(key);
            Ok(answer)
        }

        async fn complete_multipart_upload(
            &self,
            mut request: S3Request<CompleteMultipartUploadInput>,
        ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
            let name = Self::name(&request.input.bucket, &request.input.key)?;
            let key = std::mem::replace(&mut request.input.key, name);
            let mut answer = self.files.complete_multipart_upload(request).await?;
            if let Some(future) = answer.output.future.take() {
                answer.output.future = Some(Box::pin(async move {
                    let output = future.await?;
                    Ok(CompleteMultipartUploadOutput { key: Some(key), ..output })
                }));
            }
            Ok(answer)
        }

        async fn delete_objects(
            &self,
            mut request: S3Request<DeleteObjectsInput>,
        ) -> S3Result<S3Response<DeleteObjectsOutput>> {
            let bucket = &request.input.bucket;
            let objects = &mut request.input.delete.objects;
            let keys: Vec<_> = objects
                .iter_mut()
                .map(|object| {
                    let name = key::name(bucket, &object.key);
                    std::mem::replace(&mut object.key, name)
                })
                .collect();
            let mut answer = self.files.delete_objects(request).await?;
            for (deleted, key) in answer.output.deleted.iter_mut().flatten().zip(keys) {
                deleted.key = Some(key);
            }
            Ok(answer)
        }

        async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
            let marker = request.input.marker.clone();
            let token = marker.as_deref().filter(|marker| !marker.is_empty()).map(token);
            let request = request.map_input(|input| ListObjectsV2Input { continuation_token: token, ..input.into() });
            let answer = self.list_objects_v2(request).await?;
            Ok(answer.map_output(|page| {
                let is_url = page.encoding_type.is_some();
                let shown = |text: String| if is_url { url_encoded(&text) } else { text };
                ListObjectsOutput {
                    contents: page.contents,
                    common_prefixes: page.common_prefixes,
                    delimiter: page.delimiter,
                    encoding_type: page.encoding_type,
                    name: page.name,
                    prefix: page.prefix,
                    max_keys: page.max_keys,
                    is_truncated: page.is_truncated,
                    marker: marker.map(shown),
                    next_marker: page.next_continuation_token.as_deref().and_then(entry).map(shown),
                    ..Default::default()
                }
            }))
        }

        async fn list_objects_v2(
            &self,
            request: S3Request<ListObjectsV2Input>,
        ) -> S3Result<S3Response<ListObjectsV2Output>> {
            let input = request.input.clone();
            let is_url = match input.encoding_type.as_ref().map(EncodingType::as_str) {
                None => false,
                Some(EncodingType::URL) => true,
                Some(_) => return Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
            };
            let max_keys = input.max_keys.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES);
            let max_entries =
                usize::try_from(max_keys).map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))?;
            let after = match input.continuation_token.as_deref() {
                Some(token) => Some(entry(token).ok_or_else(|| {
                    s3_error!(InvalidArgument, "The continuation token provided is incorrect")
                })?),
                None => None,
            };
            let asked = Asked {
                prefix: input.prefix.as_deref().unwrap_or_default(),
                delimiter: input.delimiter.as_deref(),
                after_key: input.start_after.as_deref(),
                after_entry: after.as_deref(),
                max_entries,
            };
            let page = page(self.objects(request).await?, &asked);
            let shown = |text: String| if is_url { url_encoded(&text) } else { text };
            let objects = page.objects.into_iter();
            let contents: Vec<_> =
                objects.map(|(key, object)| Object { key: Some(shown(key)), ..object }).collect();
            let prefixes = page.prefixes.into_iter();
            let prefixes: Vec<_> = prefixes.map(|prefix| CommonPrefix { prefix: Some(shown(prefix)) }).collect();
            Ok(S3Response::new(ListObjectsV2Output {
                key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
                contents: Some(contents).filter(|contents| !contents.is_empty()),
                common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
                is_truncated: Some(page.next.is_some()),
                next_continuation_token: page.next.as_deref().map(token),
                max_keys: Some(max_keys),
                continuation_token: input.continuation_token,
                delimiter: input.delimiter.map(shown),
                prefix: input.prefix.map(shown),
                start_after: input.start_after.map(shown),
                encoding_type: input.encoding_type,
                name: Some(input.bucket),
                ..Default::default()
            }))
        }
    }
    of_buckets {
        create_bucket(CreateBucketInput) -> CreateBucketOutput;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
        head_bucket(HeadBucketInput) -> HeadBucketOutput;
        list_buckets(ListBucketsInput) -> ListBucketsOutput;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    }
    of_objects {
        get_object(GetObjectInput) -> GetObjectOutput;
        head_object(HeadObjectInput) -> HeadObjectOutput;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        upload_part(UploadPartInput) -> UploadPartOutput;
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    }
}

/// The token with which a listing goes on behind an entry, and the other way round.
fn token(entry: &str) -> String {
    URL_SAFE_NO_PAD.encode(entry)
}

fn entry(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
