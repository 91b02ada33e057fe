//! The HTTP API and its control API over a socket, in front of real processes (`examples/test-function.rs`).

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use local_faults::Faults;
use local_faults::crash_points::CrashPoints;
use local_lambda::functions::{Queue, Settings, Supervisor};
use local_lambda::http::url::PATH;
use local_lambda::http::{Control, Front, Urls, server};
use local_template::model::{Function, FunctionUrl, Route, UrlAuth, UrlCors};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

const NAME: &str = "test-function";
/// Every condition must hold within this time, or the test fails.
const LIMIT: Duration = Duration::from_secs(20);

struct Stack {
    url: String,
    client: Client,
    supervisor: Supervisor,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<anyhow::Result<()>>,
}

async fn start() -> Stack {
    start_with(FunctionUrl { auth: UrlAuth::None, streams: true, cors: None }).await
}

async fn start_with(url: FunctionUrl) -> Stack {
    let test = std::env::current_exe().unwrap();
    let settings = Settings { terminal: false, ..Settings::new(test.ancestors().nth(2).unwrap().join("examples")) };
    let function = Function {
        logical_id: "TestFunction".into(),
        name: NAME.into(),
        timeout: LIMIT,
        memory_mb: 128,
        reserved_concurrency: None,
        asynchronous: Default::default(),
        environment: BTreeMap::new(),
    };
    let faults = Arc::new(Faults::default());
    let functions = [(NAME.to_owned(), function)].into();
    let supervisor = Supervisor::start(&functions, settings, faults.clone()).unwrap();
    let (stop, stopped) = watch::channel(false);
    let control = Control {
        supervisor: supervisor.clone(),
        faults,
        crash_points: Arc::new(CrashPoints::new().unwrap()),
        ready: Arc::new(AtomicBool::new(true)),
        lag: Arc::new(|| Box::pin(async { Ok(json!({ "items": [] })) })),
        mail: Arc::new(|| Box::pin(async { Ok(json!({ "items": [] })) })),
        tick: Arc::new(|_| Ok(Vec::new())),
        queue: Arc::new(Queue::new(&functions, Arc::new(supervisor.clone()), stopped.clone())),
    };
    let listener = server::bind(0).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let route = Route { method: None, path: "/things/{id}".into(), function: NAME.into(), authorizer: None };
    let urls = Urls::new([(NAME.to_owned(), url)].into(), supervisor.clone(), port);
    let router = Front::new(&[route], supervisor.clone(), port).with_urls(urls).router(control);
    let served = tokio::spawn(server::serve(listener, router, stopped));
    Stack { url: format!("http://127.0.0.1:{port}"), client: Client::new(), supervisor, stop, served }
}

#[tokio::test]
async fn a_request_reaches_a_process_and_its_answer_comes_back() {
    let stack = start().await;
    let request = stack.client.patch(format!("{}/things/a%20b?do=http&x=1", stack.url)).header("X-Twice", "1");
    let response = request.header("X-Twice", "2").json(&json!({ "name": "\u{fc}" })).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["set-cookie"], "a=b");
    assert!(response.headers().contains_key("x-answered-by") && response.headers().contains_key("apigw-requestid"));
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["requestContext"]["http"]["method"], "PATCH");
    assert_eq!(event["requestContext"]["http"]["protocol"], "HTTP/1.1");
    assert_eq!(event["pathParameters"]["id"], "a b");
    assert_eq!(event["headers"]["x-twice"], "1,2");
    assert_eq!(event["body"], "{\"name\":\"\u{fc}\"}");

    let status = async |path: &str| stack.client.get(format!("{}{path}", stack.url)).send().await.unwrap().status();
    assert_eq!(status("/things/1?do=error").await, 500);
    assert_eq!(status("/things/1?do=exit").await, 500);
    assert_eq!(status("/things/1?do=http").await, 201);
    assert_eq!(status("/things").await, 404);
    stack.supervisor.stop().await;
}

/// Sends a head as it stands, and returns the status and the body of the answer.
async fn raw(stack: &Stack, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(stack.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(LIMIT, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn a_request_has_one_host_or_is_refused_and_old_clients_need_none() {
    let stack = start().await;
    let port = stack.url.rsplit_once(':').unwrap().1;
    let (close, here) = ("connection: close\r\n\r\n", format!("localhost:{port}"));
    let there = "http://b.example:8080/things/1?do=http";
    for (head, host) in [
        ("GET /things/1?do=http HTTP/1.0\r\n\r\n".to_owned(), here.as_str()),
        ("GET /things/1?do=http HTTP/1.0\r\nhost: a.example\r\n\r\n".to_owned(), "a.example"),
        (format!("GET /things/1?do=http HTTP/1.1\r\nHost:\r\n{close}"), here.as_str()),
        (format!("GET /things/1?do=http HTTP/1.1\r\nHOST: [::1]:3000\r\n{close}"), "[::1]:3000"),
        (format!("GET {there} HTTP/1.1\r\nhost: a.example\r\n{close}"), "b.example:8080"),
    ] {
        let (status, body) = raw(&stack, &head).await;
        assert_eq!(status, 201, "{head}");
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(event["headers"]["host"], host, "{head}");
    }
    for path in ["/things/1?do=http", "/_local/health", "/nothing", there] {
        for (version, hosts) in [
            ("1.1", ""),
            ("1.1", "host: a.example\r\nhost: a.example\r\n"),
            ("1.1", "host: a.example\r\nHost: b.example\r\n"),
            ("1.0", "host: a.example\r\nhost: b.example\r\n"),
            ("1.1", "host: a b\r\n"),
            ("1.1", "host: a/b\r\n"),
        ] {
            let answer = raw(&stack, &format!("GET {path} HTTP/{version}\r\n{hosts}{close}")).await;
            assert_eq!(answer, (400, "{\"message\":\"Bad Request\"}".to_owned()), "{path} {version} {hosts}");
        }
    }
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn the_control_shows_and_kills_processes_and_the_server_stops_in_time() {
    let stack = start().await;
    let things = format!("{}/things/1?do=http", stack.url);
    assert_eq!(stack.client.get(&things).send().await.unwrap().status(), 201);
    let functions = stack.client.get(format!("{}/_local/functions", stack.url)).send().await.unwrap();
    let functions: Value = functions.json().await.unwrap();
    let item = &functions["items"][0];
    assert_eq!((&item["name"], &item["instances"], &item["coldStarts"]), (&json!(NAME), &json!(1), &json!(1)));
    let kill = stack.client.post(format!("{}/_local/functions/{NAME}/kill?signal=SIGKILL", stack.url));
    let killed: Value = kill.send().await.unwrap().json().await.unwrap();
    assert_eq!(killed["pids"], item["pids"]);
    assert_eq!(stack.client.get(&things).send().await.unwrap().status(), 201);

    // An open request does not delay the stop.
    let open = tokio::spawn(stack.client.get(format!("{}/things/1?do=hang", stack.url)).send());
    let began = Instant::now();
    while stack.supervisor.functions()[0].in_flight == 0 {
        assert!(began.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stack.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(3), stack.served).await.unwrap().unwrap().unwrap();
    stack.supervisor.stop().await;
    assert!(open.await.unwrap().map_or(true, |response| response.status() == 500));
}

#[tokio::test]
async fn a_function_is_invoked_as_lambdas_clients_do_and_an_event_is_taken_at_once() {
    let stack = start().await;
    let invoke = async |name: &str, kind: &str, body: &'static str| {
        let url = format!("{}/_local/lambda/2015-03-31/functions/{name}/invocations", stack.url);
        let answer = stack.client.post(url).header("x-amz-invocation-type", kind).body(body).send().await.unwrap();
        let error = answer.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap().to_owned());
        (answer.status().as_u16(), error.unwrap_or_default())
    };
    let arn = format!("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3A{NAME}");
    assert_eq!(invoke(&arn, "Event", "{}").await, (202, String::new()));
    assert_eq!(invoke("unknown", "Event", "{}").await, (404, "ResourceNotFoundException".to_owned()));
    assert_eq!(invoke(NAME, "Event", "{").await, (400, "InvalidRequestContentException".to_owned()));
    assert_eq!(invoke(NAME, "DryRun", "{}").await, (400, "InvalidParameterValueException".to_owned()));
}

/// How many invocations are under way.
fn in_flight(stack: &Stack) -> u32 {
    stack.supervisor.functions()[0].in_flight
}

#[tokio::test]
async fn a_function_url_hands_on_chunks_as_they_come_and_ends_with_its_client() {
    let stack = start().await;
    let ask = |path: &str| stack.client.get(format!("{}{PATH}/{NAME}{path}", stack.url)).send();
    let mut endless = ask("/a%20b?do=stream&then=more").await.unwrap();
    assert_eq!(
        (endless.status().as_u16(), endless.headers()["content-type"].to_str().unwrap()),
        (200, "text/event-stream")
    );
    assert_eq!(endless.headers()["set-cookie"], "a=b");
    assert_eq!(endless.chunk().await.unwrap().unwrap(), "\"/a%20b\"\n", "the first chunk, while the function goes on");
    assert!(endless.chunk().await.unwrap().unwrap().starts_with(b"more\n"));
    assert_eq!(in_flight(&stack), 1);
    drop(endless);
    let began = Instant::now();
    while in_flight(&stack) > 0 {
        assert!(began.elapsed() < LIMIT, "a client that is gone ends the invocation");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ask("/?do=stream&then=end").await.unwrap().text().await.unwrap(), "\"/\"\n");
    let broken = ask("/?do=stream&then=die").await.unwrap();
    assert_eq!(broken.status(), 200);
    assert!(broken.text().await.is_err(), "a function that dies does not end its answer well");
    let plain = ask("/x?do=http").await.unwrap();
    assert_eq!(plain.status(), 201, "one that does not stream answers as ever");
    let event: Value = plain.json().await.unwrap();
    assert_eq!((&event["routeKey"], &event["rawPath"]), (&json!("$default"), &json!("/x")));
    assert_eq!(ask("?do=error").await.unwrap().status(), 502);
    let other = stack.client.get(format!("{}{PATH}/other/", stack.url)).send().await.unwrap();
    assert_eq!(other.status(), 404);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_function_url_with_iam_wants_a_signature_and_answers_preflights_itself() {
    let origin = "https://shop.example.com";
    let cors = UrlCors {
        origins: vec![origin.to_owned()],
        methods: vec!["GET".to_owned()],
        headers: vec!["authorization".to_owned()],
        max_age: Some(60),
        ..UrlCors::default()
    };
    let stack = start_with(FunctionUrl { auth: UrlAuth::Iam, streams: false, cors: Some(cors) }).await;
    let url = format!("{}{PATH}/{NAME}/?do=http", stack.url);
    assert_eq!(stack.client.get(&url).send().await.unwrap().status(), 403);
    let signed =
        "AWS4-HMAC-SHA256 Credential=a/20261128/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
    let request = stack.client.get(&url).header("authorization", signed).header("origin", origin);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["access-control-allow-origin"], origin);
    let invocations = stack.supervisor.functions()[0].invocations;
    let ask = async |origin: &str| {
        let preflight = stack.client.request(reqwest::Method::OPTIONS, &url).header("origin", origin);
        preflight.header("access-control-request-method", "GET").send().await.unwrap()
    };
    let allowed = ask(origin).await;
    let header = |name: &str| allowed.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!((allowed.status().as_u16(), header("access-control-allow-methods")), (200, Some("GET")));
    assert_eq!(
        (header("access-control-allow-headers"), header("access-control-max-age")),
        (Some("authorization"), Some("60"))
    );
    assert!(!ask("https://evil.example.com").await.headers().contains_key("access-control-allow-origin"));
    assert_eq!(stack.supervisor.functions()[0].invocations, invocations, "a preflight does not come to the function");
    stack.supervisor.stop().await;
}
