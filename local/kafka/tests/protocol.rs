//! What the embedded broker tells clients of what it does not support, on the wire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use local_kafka::{Broker, Source};
use local_template::model::Topic;
use nisshi_sans_io::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use nisshi_sans_io::{
    ApiKey, ApiVersionsRequest, Body, ConsumerGroupHeartbeatRequest, ErrorCode, FindCoordinatorRequest, Frame, Header,
    InitProducerIdRequest, ListOffsetsRequest,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

async fn start() -> Box<dyn Broker> {
    let topic = Topic { name: "events".into(), partitions: 2, configs: BTreeMap::new() };
    local_kafka::start(Source::Embedded { port: 0, data: None }, &[topic], Arc::default()).await.unwrap()
}

/// Sends bytes as a frame and returns the frame that comes back.
async fn exchange(stream: &mut TcpStream, frame: &[u8]) -> Vec<u8> {
    stream.write_all(frame).await.unwrap();
    let mut size = [0; 4];
    stream.read_exact(&mut size).await.unwrap();
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer).await.unwrap();
    [&size[..], &answer].concat()
}

async fn ask<Q: ApiKey + Into<Body>>(stream: &mut TcpStream, api_version: i16, request: Q) -> Body {
    let header = Header::Request { api_key: Q::KEY, api_version, correlation_id: 7, client_id: Some("test".into()) };
    let answer = exchange(stream, &Frame::request(header, request.into()).unwrap()).await;
    let frame = Frame::response_from_bytes(&answer[..], Q::KEY, api_version).unwrap();
    assert_eq!(frame.correlation_id().unwrap(), 7);
    frame.body
}

fn software() -> ApiVersionsRequest {
    ApiVersionsRequest::default().client_software_name(Some("test".into())).client_software_version(Some("1".into()))
}

fn code(error: ErrorCode) -> i16 {
    error.into()
}

#[tokio::test]
async fn what_is_not_supported_is_not_listed_and_features_are_left_to_their_defaults() {
    let broker = start().await;
    let mut stream = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    for version in [0, 3, 4] {
        let Body::ApiVersionsResponse(answer) = ask(&mut stream, version, software()).await else { panic!() };
        let listed: BTreeMap<_, _> =
            answer.api_keys.unwrap().iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        // Produce, Fetch, ListOffsets without the newest timestamp, Metadata, InitProducerId, the refused heartbeat.
        for key in [0, 1, 3, 22] {
            assert!(listed.contains_key(&key), "{key}");
        }
        assert_eq!((listed[&2], listed[&68]), ((0, 6), (0, 1)));
        // Transactions, CreatePartitions.
        for key in [24, 25, 26, 28, 37] {
            assert!(!listed.contains_key(&key), "{key}");
        }
        let features = (answer.supported_features, answer.finalized_features, answer.finalized_features_epoch);
        assert_eq!((features, answer.zk_migration_ready), ((None, None, None), None));
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_transactional_producer_is_told_at_once_and_others_are_served() {
    let broker = start().await;
    let connect = async || TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    let one = |kind| FindCoordinatorRequest::default().key(Some("key".into())).key_type(Some(kind));
    let several = FindCoordinatorRequest::default().key_type(Some(TRANSACTION));
    let several = several.coordinator_keys(Some(vec!["a".into(), "b".into()]));

    let mut librdkafka = connect().await;
    ask(&mut librdkafka, 3, software()).await;
    let Body::FindCoordinatorResponse(answer) = ask(&mut librdkafka, 2, one(TRANSACTION)).await else { panic!() };
    assert_eq!(answer.error_code, Some(code(ErrorCode::TransactionalIdAuthorizationFailed)));
    assert!(answer.error_message.unwrap().contains("no transactions"));
    let Body::FindCoordinatorResponse(answer) = ask(&mut librdkafka, 2, one(GROUP)).await else { panic!() };
    assert_eq!((answer.error_code, answer.node_id), (Some(0), Some(1)));

    let mut java = connect().await;
    ask(&mut java, 4, software()).await;
    let Body::FindCoordinatorResponse(answer) = ask(&mut java, 4, several).await else { panic!() };
    let coordinators = answer.coordinators.unwrap();
    assert_eq!(coordinators.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    for coordinator in coordinators {
        assert_eq!(coordinator.error_code, code(ErrorCode::UnsupportedVersion));
        assert!(coordinator.error_message.unwrap().contains("no transactions"));
    }

    let mut kafkajs = connect().await;
    ask(&mut kafkajs, 1, ApiVersionsRequest::default()).await;
    let Body::FindCoordinatorResponse(answer) = ask(&mut kafkajs, 2, one(TRANSACTION)).await else { panic!() };
    assert_eq!((answer.error_code, answer.node_id), (Some(0), Some(1)));
    let init = |id: Option<&str>| {
        let request = InitProducerIdRequest::default().transactional_id(id.map(str::to_owned));
        request.transaction_timeout_ms(1_000).producer_id(Some(-1)).producer_epoch(Some(-1))
    };
    for (id, expected) in [(Some("id"), ErrorCode::UnsupportedVersion), (None, ErrorCode::None)] {
        let Body::InitProducerIdResponse(answer) = ask(&mut kafkajs, 3, init(id)).await else { panic!() };
        assert_eq!(answer.error_code, code(expected), "{id:?}");
        assert_eq!(answer.producer_id == -1, id.is_some());
    }
    broker.stop().await;
}

#[tokio::test]
async fn special_timestamps_that_no_listed_version_has_are_not_supported() {
    let broker = start().await;
    let mut stream = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    for (timestamp, expected) in [
        (-1, ErrorCode::None),
        (-2, ErrorCode::None),
        (1_000, ErrorCode::None),
        (-3, ErrorCode::UnsupportedVersion),
        (-4, ErrorCode::UnsupportedVersion),
        (i64::MIN, ErrorCode::UnsupportedVersion),
    ] {
        let partition = |index, timestamp| {
            let partition = ListOffsetsPartition::default().partition_index(index).timestamp(timestamp);
            partition.current_leader_epoch(Some(-1))
        };
        let topic = ListOffsetsTopic::default().name("events".into());
        let topic = topic.partitions(Some(vec![partition(0, timestamp), partition(1, -1)]));
        let request = ListOffsetsRequest::default().replica_id(-1).isolation_level(Some(0)).topics(Some(vec![topic]));
        let Body::ListOffsetsResponse(answer) = ask(&mut stream, 6, request).await else { panic!() };
        let topics = answer.topics.unwrap();
        let mut errors: Vec<_> =
            topics[0].partitions.iter().flatten().map(|one| (one.partition_index, one.error_code)).collect();
        errors.sort_unstable();
        assert_eq!(errors, [(0, code(expected)), (1, 0)], "{timestamp}");
    }
    broker.stop().await;
}

#[tokio::test]
async fn the_heartbeat_of_the_consumer_protocol_is_refused_in_every_version() {
    let broker = start().await;
    let mut stream = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    for version in [0, 1, 2] {
        // The body does not matter.
        let mut frame = Vec::from([0, 0, 0, 14, 0, 68, 0, version, 0, 0, 0, 9, 0xff, 0xff, 0]);
        frame.extend_from_slice(b"xyz");
        let answer = exchange(&mut stream, &frame).await;
        let frame = Frame::response_from_bytes(&answer[..], ConsumerGroupHeartbeatRequest::KEY, 0).unwrap();
        assert_eq!(frame.correlation_id().unwrap(), 9);
        let Body::ConsumerGroupHeartbeatResponse(answer) = frame.body else { panic!() };
        assert_eq!(answer.error_code, code(ErrorCode::UnsupportedVersion));
        assert!(answer.error_message.unwrap().contains("group.protocol=classic"));
    }
    broker.stop().await;
}
