//! A receiver of webhooks that behaves well or badly, as the path says.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

/// The default secret that the local stack signs with, for a timer without its own.
pub const SECRET: &str = "whsec_bWlsbHJhY2UgbG9jYWwgd2ViaG9va3Mh";

/// How long a hanging receiver takes to answer; the sender gives up earlier.
const HANGS: Duration = Duration::from_secs(60);

/// One request as received.
#[derive(Debug, Clone)]
pub struct Received {
    pub at: Timestamp,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    /// Whether the specification's own library accepts its signature.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(self.body.as_bytes(), &self.headers).is_ok()
    }
}

type Shared = Arc<Mutex<Log>>;

/// The requests in order of arrival, and a count per timer: scanning them all for each timer would slow the test down.
#[derive(Debug, Default)]
struct Log {
    received: Vec<Received>,
    times: HashMap<String, usize>,
}

/// A receiver that runs as long as the test.
pub struct Receiver {
    base: String,
    log: Shared,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let log = Shared::default();
        let router = Router::new().fallback(receive).with_state(log.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { base, log }
    }

    /// A URL whose last segment says how it answers: `ok`, `fails-twice`, `gone`, `busy`, `moved`, `large`, `hangs`.
    pub fn url(&self, how: &str) -> String {
        format!("{}/{how}", self.base)
    }

    /// Everything received, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.log.lock().unwrap().received.clone()
    }

    /// What was received for a timer.
    pub fn of(&self, timer: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.id() == timer).collect()
    }

    /// Which of these timers have sent nothing yet.
    pub fn missing<'a>(&self, timers: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        let log = self.log.lock().unwrap();
        timers.filter(|timer| !log.times.contains_key(timer.as_str())).collect()
    }

    /// How many timers were received.
    pub fn timers(&self) -> usize {
        self.log.lock().unwrap().times.len()
    }

    /// Arrival times by timer.
    pub fn arrivals(&self) -> BTreeMap<String, Vec<Timestamp>> {
        let mut arrivals: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
        for received in self.received() {
            arrivals.entry(received.id().to_owned()).or_default().push(received.at);
        }
        arrivals
    }
}

async fn receive(State(log): State<Shared>, request: Request) -> Response {
    let at = Timestamp::now();
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let received = Received { at, path: head.uri.path().to_owned(), headers: head.headers, body };
    let (path, id) = (received.path.clone(), received.id().to_owned());
    let earlier = {
        let mut log = log.lock().unwrap();
        log.received.push(received);
        let times = log.times.entry(id).or_default();
        *times += 1;
        *times - 1
    };
    match path.rsplit('/').next().unwrap_or_default() {
        "fails-twice" if earlier < 2 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "gone" => StatusCode::GONE.into_response(),
        "busy" if earlier == 0 => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "600")]).into_response(),
        "moved" => Redirect::temporary("/ok").into_response(),
        "metadata" => Redirect::temporary("http://169.254.169.254/latest/meta-data/").into_response(),
        "large" => Body::from(vec![b'x'; 10 * 1024 * 1024]).into_response(),
        "hangs" => {
            tokio::time::sleep(HANGS).await;
            StatusCode::OK.into_response()
        }
        _ => StatusCode::OK.into_response(),
    }
}
