//! One live krafka producer, and the translation of its errors.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::krafka::auth::{AuthConfig, AwsMskIamCredentials, TlsConfig};
use ::krafka::error::{ErrorCode, KrafkaError, ProtocolErrorKind};
use ::krafka::producer::{Acks, DeliveryHandle, Producer};
use ::krafka::{CloseOptions, Record as KrafkaRecord};

use super::settings::{Auth, KafkaSettings};
use super::{Ack, Ca, Login, MAX_RECORD_BYTES, PublishError, Record, Rejection};

/// Time limit for connecting to one broker, with TLS and authentication.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of one request. A connection that died unnoticed costs this much once.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(1200);
/// How long krafka itself retries a record; its caller may stop waiting earlier.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a send may wait for the topic's metadata. Below the 2 s that a request may spend on Kafka, so that a
/// missing topic is reported as such.
const MAX_BLOCK: Duration = Duration::from_millis(1500);
/// First backoff between krafka's attempts to send a record; it doubles up to 1 s.
const RETRY_BACKOFF: Duration = Duration::from_millis(50);
/// How long an idle connection is kept. Short, because a frozen process does not notice that its peer closed it; krafka
/// drops it right after the thaw.
const CONNECTION_IDLE: Duration = Duration::from_secs(30);
/// Largest request: it has room for a batch with the largest record.
const MAX_REQUEST_BYTES: usize = MAX_RECORD_BYTES + 48 * 1024;
/// Largest batch of records for one partition.
const BATCH_BYTES: usize = 64 * 1024;
/// Memory for records that wait to be sent.
const BUFFER_BYTES: usize = 16 * 1024 * 1024;
/// Time limit for starting a producer: connection, metadata, producer id.
const START_TIMEOUT: Duration = Duration::from_secs(5);
/// After this many consecutive failures a producer is replaced, whatever its errors were.
const MAX_FAILURES: u32 = 3;

/// A connected producer.
pub(super) struct Link {
    pub(super) id: u64,
    kafka: ::krafka::Kafka,
    producer: Producer,
    failures: AtomicU32,
}

/// A failed call, and whether the producer has to be replaced.
pub(super) struct Failure {
    pub(super) error: PublishError,
    pub(super) replace: bool,
}

impl Link {
    /// Connects and obtains a producer id.
    pub(super) async fn start(settings: &KafkaSettings, id: u64) -> Result<Self, PublishError> {
        let start = async {
            let kafka = ::krafka::Kafka::builder(&settings.bootstrap_servers)
                .client_id(&settings.client_id)
                .security(security(&settings.auth, settings.ca.as_ref()))
                .connect_timeout(CONNECT_TIMEOUT)
                .request_timeout(REQUEST_TIMEOUT)
                .connections_max_idle(Some(CONNECTION_IDLE))
                .connect()
                .await?;
            let producer = kafka
                .producer()
                .acks(Acks::All)
                .idempotent(true)
                // No linger: records that arrive while a request is in flight share the next one anyway.
                .linger(Duration::ZERO)
                .delivery_timeout(DELIVERY_TIMEOUT)
                .max_block(MAX_BLOCK)
                .retry_backoff(RETRY_BACKOFF)
                .max_request_size(MAX_REQUEST_BYTES)
                .batch_size(BATCH_BYTES)
                .buffer_memory(BUFFER_BYTES)
                .metrics_push(false)
                .build()
                .await?;
            Ok::<_, KrafkaError>((kafka, producer))
        };
        let (kafka, producer) = tokio::time::timeout(START_TIMEOUT, start)
            .await
            .map_err(|_| PublishError::unavailable("connecting took too long"))?
            .map_err(|error| translate(&error))?;
        Ok(Self { id, kafka, producer, failures: AtomicU32::new(0) })
    }

    /// Queues `record`; cancel safe.
    pub(super) async fn enqueue(&self, record: Record) -> Result<DeliveryHandle, Failure> {
        let mut krafka_record = KrafkaRecord::new(record.topic, record.value).key(record.key);
        for (name, value) in record.headers {
            krafka_record = krafka_record.header(name, value);
        }
        self.producer.enqueue(krafka_record).await.map_err(|error| self.failed(&error))
    }

    /// Waits for the acknowledgement.
    pub(super) async fn delivered(&self, handle: DeliveryHandle) -> Result<Ack, Failure> {
        let metadata = handle.await.map_err(|error| self.failed(&error))?;
        self.failures.store(0, Ordering::Relaxed);
        Ok(Ack { partition: metadata.partition, offset: Some(metadata.offset).filter(|offset| *offset >= 0) })
    }

    /// Fetches the cluster's metadata.
    pub(super) async fn round_trip(&self) -> Result<(), Failure> {
        let topics = self.kafka.admin().list_topics(Default::default()).await;
        topics.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// The caller stopped waiting. A producer whose calls keep timing out is replaced.
    pub(super) fn timed_out(&self) -> Failure {
        Failure { error: PublishError::unavailable("no answer in time"), replace: self.count_failure() }
    }

    pub(super) async fn close(&self, within: Duration) -> Result<(), PublishError> {
        let closed = self.producer.close_with(CloseOptions::new().timeout(within)).await;
        closed.map_err(|error| translate(&error))
    }

    fn failed(&self, error: &KrafkaError) -> Failure {
        let translated = translate(error);
        let failing = translated.is_retryable() && self.count_failure();
        Failure { replace: ends_producer(error) || failing, error: translated }
    }

    /// Counts a failure, and returns whether the producer has reached [`MAX_FAILURES`].
    fn count_failure(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_FAILURES
    }
}

fn security(auth: &Auth, ca: Option<&Ca>) -> AuthConfig {
    // With a CA of its own, `TlsConfig` trusts no other; without one, Mozilla's roots, which krafka embeds.
    let tls = || match ca {
        Some(ca) => TlsConfig::new().with_ca_cert_pem(ca.pem()),
        None => TlsConfig::new(),
    };
    match auth {
        Auth::Plaintext => AuthConfig::plaintext(),
        Auth::Scram(Login { username, password }) => AuthConfig::sasl_scram_sha512(username, password).with_tls(tls()),
        Auth::Plain(Login { username, password }) => AuthConfig::sasl_plain(username, password).with_tls(tls()),
        Auth::Iam { region, access_key_id, secret_access_key, session_token } => {
            let credentials = AwsMskIamCredentials::new(access_key_id, secret_access_key, region);
            AuthConfig::aws_msk_iam_with_credentials(match session_token {
                Some(token) => credentials.with_session_token(token),
                None => credentials,
            })
        }
    }
}

/// Errors after which krafka's producer refuses, or may refuse, every later send (`Action::Fatal` and
/// `Shared::set_fatal` in its engine). A broker that lost this producer's earlier records (`OutOfOrderSequence`) may
/// refuse further ones too; a new producer id resets the sequence.
fn ends_producer(error: &KrafkaError) -> bool {
    error.is_fatal()
        || matches!(
            error,
            KrafkaError::IllegalState { .. }
                | KrafkaError::OutOfOrderSequence { .. }
                | KrafkaError::Broker { code: ErrorCode::UnsupportedVersion | ErrorCode::InvalidProducerIdMapping, .. }
        )
}

fn translate(error: &KrafkaError) -> PublishError {
    let rejection = match error {
        KrafkaError::Broker { code, .. } => rejection_by_code(*code),
        KrafkaError::Protocol { kind: ProtocolErrorKind::FrameTooLarge, .. } => Some(Rejection::RecordTooLarge),
        KrafkaError::Auth { .. } => Some(Rejection::AuthenticationFailed),
        KrafkaError::UnknownTopic { .. } => Some(Rejection::UnknownTopic),
        KrafkaError::Serialization { .. } | KrafkaError::Compression { .. } => Some(Rejection::InvalidRecord),
        _ => None,
    };
    match rejection {
        Some(rejection) => PublishError::rejected(rejection, error),
        None => PublishError::unavailable(error),
    }
}

fn rejection_by_code(code: ErrorCode) -> Option<Rejection> {
    match code {
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => Some(Rejection::RecordTooLarge),
        ErrorCode::InvalidRecord | ErrorCode::InvalidTimestamp => Some(Rejection::InvalidRecord),
        ErrorCode::UnknownTopicOrPartition | ErrorCode::InvalidTopic => Some(Rejection::UnknownTopic),
        ErrorCode::TopicAuthorizationFailed | ErrorCode::ClusterAuthorizationFailed => Some(Rejection::NotAuthorized),
        ErrorCode::SaslAuthenticationFailed => Some(Rejection::AuthenticationFailed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_record_is_blamed_for_the_record() {
        let cases = [
            (ErrorCode::MessageTooLarge, "record_too_large", true),
            (ErrorCode::InvalidRecord, "invalid_record", true),
            (ErrorCode::UnknownTopicOrPartition, "unknown_topic", false),
            (ErrorCode::TopicAuthorizationFailed, "not_authorized", false),
            (ErrorCode::NotEnoughReplicas, "kafka_unavailable", false),
            (ErrorCode::UnknownServerError, "kafka_unavailable", false),
        ];
        for (code, expected, blamed) in cases {
            let error = translate(&KrafkaError::broker(code, "said so"));
            assert_eq!((error.code(), error.blames_record()), (expected, blamed), "{code:?}");
        }
        assert!(translate(&KrafkaError::timeout("x")).is_retryable());
        assert!(translate(&KrafkaError::delivery_timeout(true, "x")).is_retryable());
    }

    #[test]
    fn errors_that_end_krafkas_producer_replace_it_and_passing_ones_do_not() {
        let code = |code| KrafkaError::broker(code, "x");
        let ending = [
            KrafkaError::fenced("x"),
            KrafkaError::closed("x"),
            KrafkaError::auth("x"),
            KrafkaError::illegal_state("x"),
            KrafkaError::OutOfOrderSequence { topic: "t".to_owned(), partition: 0, message: "x".to_owned() },
            code(ErrorCode::ClusterAuthorizationFailed),
            code(ErrorCode::UnsupportedVersion),
            code(ErrorCode::InvalidProducerIdMapping),
        ];
        for error in ending {
            assert!(ends_producer(&error), "{error}");
        }
        for error in
            [KrafkaError::timeout("x"), code(ErrorCode::NotLeaderForPartition), code(ErrorCode::MessageTooLarge)]
        {
            assert!(!ends_producer(&error), "{error}");
        }
    }
}
