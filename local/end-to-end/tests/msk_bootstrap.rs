//! CloudFormation gets the answer of its custom resource, whatever happens to the function on the way. A local stack
//! has no MSK to ask, so the function runs here beside stand-ins for MSK and for the URL that takes the answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::routing::{get, put};
use bytes::Bytes;
use end_to_end::paths;
use local_faults::Faults;
use local_faults::crash_points::{CrashPoints, Strike, VARIABLE};
use local_lambda::functions::{Settings, Supervisor};
use local_lambda::{Invoke, Outcome};
use local_template::model::Function;
use serde_json::{Value, json};

const NAME: &str = "msk-bootstrap";
const BROKERS: &str = "b-1.example.com:9098,b-2.example.com:9098";

/// The requests that the stand-in received.
type Asked = Arc<Mutex<Vec<Value>>>;

struct Stack {
    supervisor: Supervisor,
    crash_points: CrashPoints,
    address: String,
    /// Answers that arrived.
    answers: Asked,
}

async fn start() -> Stack {
    let answers = Asked::default();
    let taken = answers.clone();
    let take = async move |Json(answer): Json<Value>| taken.lock().unwrap().push(answer);
    let brokers = async || Json(json!({"bootstrapBrokerStringSaslIam": BROKERS}));
    let routes =
        axum::Router::new().route("/answer", put(take)).route("/v1/clusters/{arn}/bootstrap-brokers", get(brokers));
    // CloudFormation's URL is signed for an empty content type, but the Json extractor requires a JSON one.
    let routes = routes.layer(axum::middleware::map_request(async |mut request: axum::extract::Request| {
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request
    }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let crash_points = CrashPoints::new().unwrap();
    let environment = [("AWS_ENDPOINT_URL", address.clone()), (VARIABLE, crash_points.directory())];
    let function = Function {
        logical_id: "MskBootstrap".into(),
        name: NAME.into(),
        timeout: Duration::from_secs(60),
        memory_mb: 256,
        reserved_concurrency: None,
        asynchronous: Default::default(),
        environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let binaries = paths::binaries();
    let settings = Settings { terminal: false, ..Settings::new(binaries) };
    let supervisor =
        Supervisor::start(&BTreeMap::from([(NAME.to_owned(), function)]), settings, Arc::new(Faults::default()));
    Stack { supervisor: supervisor.unwrap(), crash_points, address, answers }
}

impl Stack {
    /// Sends a sample, with the stand-in's URL for the answer or with its own.
    async fn invoke(&self, kind: &str, own_address: bool) -> Outcome {
        let path = paths::root().join(format!("events/{NAME}.{kind}.json"));
        let mut sample: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        if !own_address {
            sample["ResponseURL"] = json!(format!("{}/answer", self.address));
        }
        self.supervisor.invoke(NAME, Bytes::from(sample.to_string())).await
    }

    fn take_answers(&self) -> Vec<Value> {
        std::mem::take(&mut self.answers.lock().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudformation_gets_the_brokers_though_the_function_crashes_at_any_step() {
    let stack = start().await;
    let is_right = |answer: &Value| answer["Status"] == "SUCCESS" && answer["Data"]["BootstrapBrokers"] == BROKERS;
    assert!(matches!(stack.invoke("valid", false).await, Outcome::Success(_)));
    assert_eq!(stack.take_answers().iter().map(is_right).collect::<Vec<_>>(), [true]);
    let steps: Vec<String> = stack.crash_points.all().unwrap().into_iter().map(|point| point.step).collect();
    assert_eq!(steps, ["answer.before", "http.put.after", "http.put.before", "kafka.get.after", "kafka.get.before"]);
    for step in steps {
        stack.crash_points.arm(NAME, &step, Strike::Kill).unwrap();
        let crashed = stack.invoke("valid", false).await;
        assert!(matches!(crashed, Outcome::FunctionError(_)), "{step}: {crashed:?}");
        // CloudFormation invokes asynchronously, and Lambda retries that after an error.
        let again = stack.invoke("valid", false).await;
        assert!(matches!(again, Outcome::Success(_)), "{step}: {again:?}");
        let answers = stack.take_answers();
        assert!(!answers.is_empty() && answers.iter().all(is_right), "{step}: {answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_request_is_answered_as_failed_and_only_where_answers_may_go() {
    let stack = start().await;
    assert!(matches!(stack.invoke("hostile", false).await, Outcome::Success(_)));
    let answers = stack.take_answers();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["Status"], "FAILED");
    let refused = stack.invoke("hostile", true).await;
    assert!(
        matches!(&refused, Outcome::FunctionError(error) if error.windows(11).any(|text| text == b"ResponseURL")),
        "{refused:?}"
    );
    assert_eq!(stack.take_answers(), Vec::<Value>::new());
}
