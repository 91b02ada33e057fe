//! What the embedded broker answers: nisshi's services, and the protocol's own "unsupported" for what they lack.
//!
//! `ApiVersions` lists neither the requests of transactions nor `CreatePartitions`, so clients refuse these by themselves.
//! A request that has to be listed for another reason is refused here, as Kafka refuses it where a feature is off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes};
use nisshi_broker::Error;
use nisshi_broker::coordinator::group::administrator::Controller;
use nisshi_broker::service::{auth, coordinator, storage};
use nisshi_sans_io::api_versions_response::ApiVersion;
use nisshi_sans_io::find_coordinator_response::Coordinator;
use nisshi_sans_io::list_offsets_request::ListOffsetsTopic;
use nisshi_sans_io::{
    ApiKey, ApiVersionsRequest, Body, BytesInput, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    CoordinatorType, ErrorCode, FindCoordinatorRequest, FindCoordinatorResponse, Frame, FrameInput, Header,
    InitProducerIdResponse,
};
use nisshi_service::{
    BytesFrameLayer, BytesFrameService, FrameRouteBuilder, FrameRouteService, TcpBytesLayer, TcpBytesService,
    TcpContext, TcpContextLayer, TcpContextService,
};
use rama::{Layer, Service};

use super::log::Log;

/// Where clients show a text, it is this one.
const NO_TRANSACTIONS: &str = "the embedded broker has no transactions; use a real Kafka (--kafka HOST:PORT)";
const NO_CONSUMER_PROTOCOL: &str = "the embedded broker has no group.protocol=consumer; set group.protocol=classic";

/// The version of `ApiVersions` from which clients name their software (KIP-511).
const NAMES_SOFTWARE: i16 = 3;

/// The highest version of `ConsumerGroupHeartbeat`, which librdkafka wants; nisshi knows the one below.
const NEWEST_HEARTBEAT: i16 = 1;

/// The version of `FindCoordinator` from which several keys are looked up at once (KIP-699).
const SEVERAL_KEYS: i16 = 4;

/// The lowest of the special timestamps that are looked up: the beginning of a partition.
const EARLIEST: i64 = -2;

type Add = fn(FrameRouteBuilder<Error>, Log) -> Result<FrameRouteBuilder<Error>, Error>;

/// The requests that the log answers: those of nisshi but for transactions.
const OF_THE_LOG: [Add; 20] = [
    storage::alter_user_scram_credentials,
    storage::consumer_group_describe,
    storage::create_acls,
    storage::create_topics,
    storage::delete_acls,
    storage::delete_records,
    storage::delete_topics,
    storage::describe_acls,
    storage::describe_cluster,
    storage::describe_configs,
    storage::describe_topic_partitions,
    storage::describe_user_scram_credentials,
    storage::fetch,
    storage::find_coordinator,
    storage::incremental_alter_configs,
    storage::init_producer_id,
    storage::list_offsets,
    storage::list_partition_reassignments,
    storage::metadata,
    storage::produce,
];

/// The services of one connection.
pub(super) type Services = TcpContextService<TcpBytesService<Frames>>;

/// The services of one connection; no state is shared with another one.
pub(super) fn services(cluster: &str, groups: Controller<Log>, log: &Log) -> Result<Services, Error> {
    let routes = OF_THE_LOG.iter().try_fold(FrameRouteService::builder(), |routes, add| add(routes, log.clone()))?;
    let routes = coordinator::services(routes, groups).and_then(auth::services)?.build()?;
    let requests = Requests { routes, names_software: Arc::default() };
    let frames = Frames(BytesFrameLayer::default().into_layer(requests));
    let context = TcpContext::default().cluster_id(Some(cluster.to_owned()));
    Ok((TcpContextLayer::new(context), TcpBytesLayer).into_layer(frames))
}

/// Answers the frames of one connection: heartbeats of the protocol that is not supported before they are decoded,
/// because there is no decoder for their newest version.
#[derive(Debug, Clone)]
pub(super) struct Frames(BytesFrameService<Requests>);

impl Service<BytesInput> for Frames {
    type Output = Bytes;
    type Error = Error;

    async fn serve(&self, input: BytesInput) -> Result<Bytes, Error> {
        match heartbeat(&input.bytes) {
            Some(correlation_id) => {
                let (key, header) = (ConsumerGroupHeartbeatRequest::KEY, Header::Response { correlation_id });
                Ok(Frame::response(header, no_consumer_protocol().into(), key, 0)?)
            }
            None => self.0.serve(input).await,
        }
    }
}

/// The correlation id of a `ConsumerGroupHeartbeat`. Each request begins with its size, key, version and correlation id.
fn heartbeat(frame: &Bytes) -> Option<i32> {
    let mut fields = frame.get(4..12)?;
    let (key, _version) = (fields.get_i16(), fields.get_i16());
    (key == ConsumerGroupHeartbeatRequest::KEY).then(|| fields.get_i32())
}

/// Answers the requests of one connection.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    routes: FrameRouteService<Error>,
    /// Whether the client has named its software, as all but old ones and kafkajs do.
    names_software: Arc<AtomicBool>,
}

impl Service<FrameInput> for Requests {
    type Output = Frame;
    type Error = Error;

    async fn serve(&self, input: FrameInput) -> Result<Frame, Error> {
        let (version, correlation_id) = (input.frame.api_version()?, input.frame.correlation_id()?);
        if input.frame.api_key()? == ApiVersionsRequest::KEY && version >= NAMES_SOFTWARE {
            self.names_software.store(true, Ordering::Relaxed);
        }
        let refused = |body| Ok(Frame { size: 0, header: Header::Response { correlation_id }, body });
        let names_software = self.names_software.load(Ordering::Relaxed);
        match &input.frame.body {
            Body::FindCoordinatorRequest(request) if is_of_transaction(request) => {
                match no_transactions(names_software, version) {
                    Some(error) => refused(no_coordinator(request, error).into()),
                    None => self.routes.serve(input).await,
                }
            }
            Body::InitProducerIdRequest(request) if request.transactional_id.is_some() => refused(no_producer().into()),
            Body::ListOffsetsRequest(request) => {
                let topics = request.topics.clone().unwrap_or_default();
                let answer = self.routes.serve(input).await?;
                Ok(Frame { body: without_unknown_times(answer.body, &topics), ..answer })
            }
            Body::ApiVersionsRequest(_) => {
                let answer = self.routes.serve(input).await?;
                Ok(Frame { body: supported(answer.body), ..answer })
            }
            _ => self.routes.serve(input).await,
        }
    }
}

fn is_of_transaction(request: &FindCoordinatorRequest) -> bool {
    let kind = request.key_type.map(CoordinatorType::try_from);
    matches!(kind, Some(Ok(CoordinatorType::Transaction)))
}

/// The error at which a client gives up, rather than asking again and again; `None` if that has to wait for its
/// `InitProducerId`.
///
/// Only librdkafka and some older clients name their software and look up one key at a time. librdkafka gives up at no
/// error but those of authorization, and shows the text with it. kafkajs shows only that of `InitProducerId`.
fn no_transactions(names_software: bool, version: i16) -> Option<ErrorCode> {
    match (version < SEVERAL_KEYS, names_software) {
        (true, true) => Some(ErrorCode::TransactionalIdAuthorizationFailed),
        (true, false) => None,
        (false, _) => Some(ErrorCode::UnsupportedVersion),
    }
}

fn no_coordinator(request: &FindCoordinatorRequest, error: ErrorCode) -> FindCoordinatorResponse {
    let of_key = |key: &String| {
        let none = Coordinator::default().key(key.clone()).node_id(-1).host(String::new()).port(-1);
        none.error_code(error.into()).error_message(Some(NO_TRANSACTIONS.to_owned()))
    };
    FindCoordinatorResponse::default()
        .throttle_time_ms(Some(0))
        .error_code(Some(error.into()))
        .error_message(Some(NO_TRANSACTIONS.to_owned()))
        .node_id(Some(-1))
        .host(Some(String::new()))
        .port(Some(-1))
        .coordinators(request.coordinator_keys.as_ref().map(|keys| keys.iter().map(of_key).collect()))
}

fn no_producer() -> InitProducerIdResponse {
    let refused = InitProducerIdResponse::default().error_code(ErrorCode::UnsupportedVersion.into());
    refused.producer_id(-1).producer_epoch(-1)
}

fn no_consumer_protocol() -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .error_code(ErrorCode::UnsupportedVersion.into())
        .error_message(Some(NO_CONSUMER_PROTOCOL.to_owned()))
}

/// The versions, without the features, all of which have their default values: librdkafka 2.0 fails at tagged fields. The
/// heartbeat is listed so that it is sent and refused; librdkafka waits for good for a broker that does not list it.
fn supported(answer: Body) -> Body {
    let Body::ApiVersionsResponse(mut answer) = answer else { return answer };
    let heartbeat = ApiVersion::default().api_key(ConsumerGroupHeartbeatRequest::KEY).min_version(0);
    answer.api_keys.get_or_insert_default().push(heartbeat.max_version(NEWEST_HEARTBEAT));
    answer
        .supported_features(None)
        .finalized_features_epoch(None)
        .finalized_features(None)
        .zk_migration_ready(None)
        .into()
}

/// Says of the special timestamps that no version listed here has, such as that of the newest record, that they are not
/// supported, as Kafka does; nisshi calls them invalid.
fn without_unknown_times(answer: Body, asked: &[ListOffsetsTopic]) -> Body {
    let is_unknown = |topic: &str, partition: i32| {
        let partitions =
            asked.iter().filter(|asked| asked.name == topic).flat_map(|asked| asked.partitions.iter().flatten());
        partitions.into_iter().any(|asked| asked.partition_index == partition && asked.timestamp < EARLIEST)
    };
    let Body::ListOffsetsResponse(mut answer) = answer else { return answer };
    for topic in answer.topics.iter_mut().flatten() {
        for partition in topic.partitions.iter_mut().flatten() {
            if is_unknown(&topic.name, partition.partition_index) {
                partition.error_code = ErrorCode::UnsupportedVersion.into();
            }
        }
    }
    answer.into()
}
