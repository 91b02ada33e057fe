//! Keys of objects as the SDK's client sees them: as they were put, or refused as S3 does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, EncodingType, ObjectIdentifier};
use local_aws::{Access, AwsEndpoint, Settings};
use local_template::model::Bucket;

const BUCKET: &str = "keys";

/// A key is its own neighbour's prefix, hostile to paths, or not what it seems.
const KEYS: [&str; 30] = [
    "a",
    "a/b",
    "a/b/c.txt",
    "a.txt",
    "a.txt/b.txt",
    "A.txt",
    "a+b.txt",
    "a b",
    "a//b",
    "//",
    "/",
    "/lead",
    "trail/",
    "trail//",
    "x/../y",
    "x/./y",
    "./y",
    "x/..",
    "%41",
    "%2F",
    "%252f",
    "\u{fc}",
    "u\u{308}",
    "\u{1f355}/&<>\"'.txt",
    "?x=1#y",
    "a\\b",
    "tab\there",
    ".hidden",
    "~",
    "archive/t/dt=2026-01-01/hour=00/0-1.ndjson.gz",
];

async fn start(data: &Path) -> (AwsEndpoint, Client) {
    let settings = Settings { port: 0, data: Some(data.into()), faults: Arc::default() };
    let endpoint = AwsEndpoint::start(settings).await.unwrap();
    let access = Access::embedded(endpoint.address());
    let buckets = [BUCKET, "other"].map(|name| Bucket { logical_id: name.into(), name: name.into() });
    local_aws::create_missing(&access, &[], &buckets).await.unwrap();
    (endpoint, access.s3())
}

async fn put(client: &Client, key: &str) {
    client.put_object().bucket(BUCKET).key(key).body(key.as_bytes().to_vec().into()).send().await.unwrap();
}

async fn body(client: &Client, key: &str) -> String {
    let object = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}

async fn listed(client: &Client, encoding: Option<EncodingType>) -> BTreeSet<String> {
    let list = client.list_objects_v2().bucket(BUCKET).max_keys(7).set_encoding_type(encoding);
    let mut pages = list.into_paginator().send();
    let mut keys = BTreeSet::new();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            assert!(keys.insert(object.key().unwrap().to_owned()), "listed twice: {object:?}");
        }
    }
    keys
}

/// Decodes as clients of S3 do.
fn decoded(key: &str) -> String {
    let plus = key.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = plus.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (first, tail) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).unwrap(), 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_key_comes_back_as_it_was_put_also_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let longest = ["k".repeat(1024), "\u{fc}".repeat(512), "s/".repeat(512), format!("{}.txt", "k".repeat(300))];
    let all: BTreeSet<String> = KEYS.map(str::to_owned).into_iter().chain(longest).collect();
    let (endpoint, client) = start(data.path()).await;
    for key in &all {
        put(&client, key).await;
    }
    endpoint.stop().await;

    let (endpoint, client) = start(data.path()).await;
    for key in &all {
        assert_eq!(&body(&client, key).await, key);
        let head = client.head_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(head.content_length(), Some(key.len() as i64));
    }
    assert_eq!(listed(&client, None).await, all);
    let encoded = listed(&client, Some(EncodingType::Url)).await;
    assert!(encoded.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_graphic())), "{encoded:?}");
    assert_eq!(encoded.iter().map(|key| decoded(key)).collect::<BTreeSet<_>>(), all);
    assert!(client.list_objects_v2().bucket("other").send().await.unwrap().contents().is_empty());

    for key in &all {
        client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert!(
            client.head_object().bucket(BUCKET).key(key).send().await.unwrap_err().into_service_error().is_not_found()
        );
    }
    assert!(listed(&client, None).await.is_empty());
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_s3_refuses_is_refused_and_leads_nowhere() {
    let data = tempfile::tempdir().unwrap();
    let (endpoint, client) = start(data.path()).await;
    client.put_object().bucket("other").key("secret.txt").body(b"x".to_vec().into()).send().await.unwrap();
    let too_long = ["k".repeat(1025), "\u{fc}".repeat(513)];
    let refused =
        [("../other/secret.txt", "InvalidURI"), ("..", "InvalidURI"), ("x/../../other/secret.txt", "InvalidURI")];
    for (key, code) in refused.into_iter().chain(too_long.iter().map(|key| (key.as_str(), "KeyTooLongError"))) {
        let put = client.put_object().bucket(BUCKET).key(key).body(b"y".to_vec().into()).send().await.unwrap_err();
        assert_eq!((put.raw_response().unwrap().status().as_u16(), put.code()), (400, Some(code)), "{key}");
        let get = client.get_object().bucket(BUCKET).key(key).send().await.unwrap_err();
        assert_eq!((get.raw_response().unwrap().status().as_u16(), get.code()), (400, Some(code)), "{key}");
    }
    let copy = client.copy_object().bucket(BUCKET).key("b.txt").copy_source("keys/../other/secret.txt");
    assert!(copy.send().await.is_err());
    assert!(listed(&client, None).await.is_empty());
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_group_by_any_delimiter_and_begin_anywhere() {
    let data = tempfile::tempdir().unwrap();
    let (endpoint, client) = start(data.path()).await;
    for key in KEYS {
        put(&client, key).await;
    }
    let list = async |prefix: &str, delimiter: &str| {
        let page = client.list_objects_v2().bucket(BUCKET).prefix(prefix).delimiter(delimiter).send().await.unwrap();
        let keys: Vec<_> = page.contents().iter().map(|object| object.key().unwrap().to_owned()).collect();
        let prefixes = page.common_prefixes().iter().map(|common| common.prefix().unwrap().to_owned());
        assert_eq!(page.key_count(), Some((keys.len() + page.common_prefixes().len()) as i32));
        (keys, prefixes.collect::<Vec<_>>())
    };
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!(list("a/", "/").await, (owned(&["a/b"]), owned(&["a//", "a/b/"])));
    assert_eq!(list("/", "/").await, (owned(&["/", "/lead"]), owned(&["//"])));
    assert_eq!(list("x/", "../").await, (owned(&["x/..", "x/./y"]), owned(&["x/../"])));
    assert_eq!(list("trail", "//").await, (owned(&["trail/"]), owned(&["trail//"])));

    let after = client.list_objects_v2().bucket(BUCKET).start_after("x/../y").send().await.unwrap();
    let after: Vec<_> = after.contents().iter().map(|object| object.key().unwrap()).collect();
    assert_eq!(after, ["x/./y", "~", "\u{fc}", "\u{1f355}/&<>\"'.txt"]);
    let wrong = client.list_objects_v2().bucket(BUCKET).continuation_token("?").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("InvalidArgument"));

    // The first version of the listing goes on behind a key.
    let mut marker = None;
    let mut keys = BTreeSet::new();
    loop {
        let page = client.list_objects().bucket(BUCKET).max_keys(4).set_marker(marker).send().await.unwrap();
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = page.contents().last().unwrap().key().map(str::to_owned);
    }
    assert_eq!(keys, KEYS.map(str::to_owned).into());
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_objects_takes_any_key() {
    let data = tempfile::tempdir().unwrap();
    let (endpoint, client) = start(data.path()).await;
    let (key, copy) = ("x/../\u{fc} +%41/", "/copy//");
    let upload = client.create_multipart_upload().bucket(BUCKET).key(key).metadata("n", "1").send().await.unwrap();
    assert_eq!(upload.key(), Some(key));
    let id = upload.upload_id().unwrap();
    let part = client.upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(1).body(b"body".to_vec().into());
    let tag = part.send().await.unwrap().e_tag.unwrap();
    let parts = client.list_parts().bucket(BUCKET).key(key).upload_id(id).send().await.unwrap();
    assert_eq!((parts.key(), parts.parts().len()), (Some(key), 1));
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(tag).build());
    let done = client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id).multipart_upload(parts.build());
    assert_eq!(done.send().await.unwrap().key(), Some(key));

    let source = "keys/x%2F..%2F%C3%BC%20%2B%2541%2F";
    client.copy_object().bucket(BUCKET).key(copy).copy_source(source).send().await.unwrap();
    for key in [key, copy] {
        assert_eq!(body(&client, key).await, "body");
        let head = client.head_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(head.metadata(), Some(&[("n".to_owned(), "1".to_owned())].into()), "{key}");
    }
    let aborted = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    let abort = client.abort_multipart_upload().bucket(BUCKET).key(key).upload_id(aborted.upload_id().unwrap());
    abort.send().await.unwrap();

    let again = client.put_object().bucket(BUCKET).key(key).if_none_match("*").send().await.unwrap_err();
    assert_eq!(again.code(), Some("PreconditionFailed"));
    let objects = [key, copy, "absent"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.into())).build().unwrap();
    let deleted = client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    let deleted: BTreeSet<_> = deleted.deleted().iter().map(|object| object.key().unwrap()).collect();
    assert_eq!(deleted.into_iter().collect::<Vec<_>>(), ["/copy//", "absent", key]);
    assert!(listed(&client, None).await.is_empty());
    endpoint.stop().await;
}
