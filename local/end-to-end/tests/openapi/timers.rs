//! Timers and the webhooks that they send.

use std::collections::BTreeMap;
use std::time::Duration;

use end_to_end::contract::contract;
use end_to_end::stack::receiver::{Receiver, SECRET};
use end_to_end::stack::timers::{NOBODY, after};
use end_to_end::stack::{Answer, Stack};
use jiff::Timestamp;
use millrace_domain::timer::{MAX_PAYLOAD_BYTES, Status};
use serde_json::{Value, json};

use crate::asked::{Asked, listed_answers_came};

/// Webhook headers that belong to HTTP.
const TRANSPORT: [&str; 4] = ["connection", "content-length", "content-type", "host"];

impl Asked {
    async fn make(&self, body: &Value) -> Answer {
        self.ask("POST", "/timers", None, Some(&body.to_string())).await
    }

    /// Creates a timer that fires now, and waits until it has this status.
    async fn until(&self, url: &str, status: &str) -> String {
        let made = self.make(&json!({"url": url, "seconds": 0})).await.with(202);
        let path = made.header("location").to_owned();
        self.stack
            .eventually(status, async || {
                let timer = self.ask("GET", &path, None, None).await.with(200).json();
                if timer["status"] == status { Ok(()) } else { Err(timer) }
            })
            .await;
        path
    }
}

#[tokio::test]
async fn every_answer_of_timers_is_as_the_contract_says_and_it_lists_none_that_does_not_come() {
    let receiver = Receiver::start().await;
    let asked = Asked::start().await;
    taken(&asked).await;
    mistakes(&asked).await;
    refusals(&asked).await;
    lists(&asked).await;
    ends(&asked, &receiver).await;
    let bodies = [3_600, 3_601].map(|seconds| after(seconds).to_string());
    asked.keys("/timers", (&bodies[0], &bodies[1]), "timers-api", "TimersTable").await;
    let requests = [("GET", "/timers"), ("GET", "/timers/t"), ("DELETE", "/timers/t"), ("POST", "/timers")];
    asked.throttled(&requests.map(|(method, target)| (method, target, after(1).to_string()))).await;
    listed_answers_came(&["timers"]);
}

/// Requests at the limits, which are accepted.
async fn taken(asked: &Asked) {
    let (short, long) = (format!("whsec_{}", "A".repeat(32)), format!("whsec_{}==", "A".repeat(86)));
    let ago = (Timestamp::now() - Duration::from_secs(2)).to_string();
    let ahead = (Timestamp::now() + Duration::from_secs(3_600)).to_string().replace('Z', "+00:00");
    let url = format!("{NOBODY}?{}", "x".repeat(2_048 - NOBODY.len() - 1));
    let payload = "x".repeat(MAX_PAYLOAD_BYTES - 2);
    let bodies = [
        json!({"url": NOBODY, "hours": 8_760, "minutes": 0}),
        json!({"url": NOBODY, "minutes": 525_600}),
        json!({"url": NOBODY, "seconds": 31_536_000, "payload": payload}),
        json!({"url": url, "seconds": 3_600, "payload": null}),
        json!({"url": NOBODY, "hours": 1, "secret": format!("{short} {long}")}),
        json!({"url": NOBODY, "hours": 1, "secret": format!("{long} {short}")}),
        json!({"url": NOBODY, "hours": 1.0, "minutes": 1e1}),
        json!({"url": NOBODY, "fireAt": ago}),
        json!({"url": NOBODY, "fireAt": ahead, "payload": {"table": 7}}),
    ];
    for body in bodies {
        let made = asked.make(&body).await.with(202);
        asked.ask("GET", made.header("location"), None, None).await.with(200);
    }
}

/// Every mistake that has a code.
async fn mistakes(asked: &Asked) {
    let with = |field: &str, value: Value| {
        let mut body = after(3_600);
        body[field] = value;
        body.to_string()
    };
    let bodies = [
        "{".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        with("url", Value::Null),
        with("url", json!(1)),
        with("url", json!("")),
        with("url", json!("x".repeat(2_049))),
        with("fireAt", json!("2027-03-01T18:30:00Z")),
        json!({"url": NOBODY, "fireAt": "tomorrow"}).to_string(),
        json!({"url": NOBODY, "fireAt": null}).to_string(),
        with("hours", json!(8_761)),
        with("minutes", json!(525_601)),
        with("seconds", json!(31_536_001)),
        with("seconds", json!(-1)),
        with("seconds", json!("1")),
        with("seconds", Value::Null),
        with("secret", json!("whsec_short")),
        with("secret", json!(["x"])),
        with("secret", json!(format!("whsec_{}=", "A".repeat(31)))),
        with("secret", json!(format!("whsec_{}=", "A".repeat(87)))),
        with("secret", json!(format!("whsec_{}B==", "A".repeat(33)))),
        with("seconds", json!(1.5)),
        json!({"url": NOBODY, "fireAt": "2027-03-01T18:30:00+25:00"}).to_string(),
        with("userAgent", json!("x")),
    ];
    for body in bodies {
        asked.mistaken("POST", "/timers", None, Some(&body)).await;
    }
    asked.mistaken("POST", "/timers", Some(&"k".repeat(256)), Some(&after(3_600).to_string())).await;
    // Mistakes that depend on the time, or on more than a schema sees.
    let far = (Timestamp::now() + Duration::from_secs(366 * 86_400)).to_string();
    let twice = format!("{{\"url\": \"{NOBODY}\", \"seconds\": 1, \"payload\": 1, \"payload\": 2}}");
    let beyond = [
        json!({"url": NOBODY, "fireAt": far}).to_string(),
        json!({"url": NOBODY, "fireAt": "2020-01-01T00:00:00Z"}).to_string(),
        json!({"url": NOBODY, "hours": 8_760, "seconds": 1}).to_string(),
        with("url", json!("not a url")),
        twice,
    ];
    for body in beyond {
        asked.ask("POST", "/timers", None, Some(&body)).await.with(400);
    }
}

async fn refusals(asked: &Asked) {
    for url in ["ftp://example.com/", "http://user:secret@127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/"] {
        asked.make(&json!({"url": url, "seconds": 1})).await.with(422);
    }
    asked.make(&json!({"url": NOBODY, "seconds": 1, "payload": "x".repeat(MAX_PAYLOAD_BYTES - 1)})).await.with(413);
    asked.bodies("POST", "/timers", &after(1).to_string()).await;
    for id in ["none", "no%20id", "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a60"] {
        asked.ask("GET", &format!("/timers/{id}"), None, None).await.with(404);
        asked.ask("DELETE", &format!("/timers/{id}"), None, None).await.with(404);
    }
}

async fn lists(asked: &Asked) {
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
    assert_eq!(json!(names), contract().at("/components/schemas/TimerStatus")["enum"]);
    for status in names {
        asked.ask("GET", &format!("/timers?status={status}"), None, None).await.with(200);
    }
    let first = asked.ask("GET", "/timers?limit=1", None, None).await.with(200).json();
    let next = format!("/timers?limit=100&cursor={}", first["nextCursor"].as_str().unwrap());
    assert_eq!(asked.ask("GET", &next, None, None).await.with(200).json()["nextCursor"], Value::Null);
    asked.mistaken("GET", "/timers?status=gone", None, None).await;
    asked.lists("/timers").await;
}

/// Each way in which a timer ends, and what a cancellation then answers.
async fn ends(asked: &Asked, receiver: &Receiver) {
    let cancel = async |path: &str| asked.ask("DELETE", path, None, None).await;
    let waiting = asked.make(&after(3_600)).await.with(202).header("location").to_owned();
    for _ in 0..2 {
        cancel(&waiting).await.with(204);
    }
    asked.ask("GET", &waiting, None, None).await.with(200);
    for (how, status) in [("hangs", "firing"), ("ok", "fired"), ("gone", "failed")] {
        let path = asked.until(&receiver.url(how), status).await;
        assert_eq!(cancel(&path).await.with(409).json()["code"], format!("timer_{status}"));
    }
    let path = asked.until(&receiver.url("fails-twice"), "scheduled").await;
    asked
        .stack
        .eventually("an attempt has failed", async || {
            let timer = asked.ask("GET", &path, None, None).await.with(200).json();
            if timer["attempts"][0]["status"] == 500 { Ok(()) } else { Err(timer) }
        })
        .await;
}

#[tokio::test]
async fn a_receiver_gets_what_the_contract_says_and_nothing_else() {
    let (contract, receiver, stack) = (contract(), Receiver::start().await, Stack::start().await);
    let own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let payload = json!({"table": 7, "say": "Dinner is ready"});
    let with =
        json!({"url": receiver.url("ok"), "seconds": 0, "payload": payload, "secret": format!("{own} {SECRET}")});
    let without = json!({"url": receiver.url("ok"), "seconds": 0});
    let ids = [stack.timer(&with).await, stack.timer(&without).await];
    stack.eventually("both came", async || if receiver.received().len() == 2 { Ok(()) } else { Err(()) }).await;
    let operation = "/webhooks/timer/post";
    let parameters = contract.children(&format!("{operation}/parameters"));
    let names: BTreeMap<String, String> =
        parameters.into_iter().map(|(_, at)| (contract.at(&at)["name"].as_str().unwrap().to_owned(), at)).collect();
    for (id, body) in ids.iter().zip([payload, json!({})]) {
        let came = receiver.of(id).remove(0);
        for (name, at) in &names {
            contract.validate(&format!("{at}/schema"), &json!(came.headers[name].to_str().unwrap())).unwrap();
        }
        let known = |name: &str| names.contains_key(name) || TRANSPORT.contains(&name);
        assert!(came.headers.keys().all(|name| known(name.as_str())), "{:?}", came.headers);
        let kind = came.headers["content-type"].to_str().unwrap();
        let media = contract.child(&format!("{operation}/requestBody/content"), kind).unwrap();
        contract.validate(&format!("{media}/schema"), &body).unwrap();
        assert_eq!((serde_json::from_str::<Value>(&came.body).unwrap(), came.is_signed_by(SECRET)), (body, true));
    }
    assert!(receiver.of(&ids[0])[0].is_signed_by(own));
    assert_eq!(contract.at("/info/version"), env!("CARGO_PKG_VERSION"));
}
