//! Users' events, dead letters, the event log, health and the documents.

use std::time::Duration;

use end_to_end::stack::activity::TOPIC;
use krafka::producer::Record;
use serde_json::{Value, json};

use crate::asked::{Asked, listed_answers_came};

/// Routes that take an event.
const ROUTES: [&str; 2] = ["/events", "/events/generate"];

fn event(user: &str, id: &str) -> Value {
    json!({"userId": user, "type": "click", "payload": {}, "eventId": id})
}

fn batch(events: Vec<Value>) -> String {
    json!({"events": events}).to_string()
}

#[tokio::test]
async fn every_answer_of_users_events_is_as_the_contract_says_and_it_lists_none_that_does_not_come() {
    let asked = Asked::start().await;
    taken(&asked).await;
    mistakes(&asked).await;
    sizes(&asked).await;
    limits(&asked).await;
    reads(&asked).await;
    dead_letters(&asked).await;
    let body = event("ann", "e").to_string();
    let batch = batch(vec![event("ann", "e")]);
    let mut requests = ROUTES.map(|path| ("POST", path, body.clone())).to_vec();
    requests.extend([("POST", "/events/batch", batch.clone()), ("POST", "/dlq/fails/redrive", String::new())]);
    let gets = ["/events/e", "/events/processed", "/users/ann/events", "/dlq"];
    requests.extend(gets.map(|path| ("GET", path, String::new())));
    asked.throttled(&requests).await;
    asked.stack.kafka_down(Duration::from_secs(600)).await;
    for (path, body) in [("/events", &body), ("/events/generate", &body), ("/events/batch", &batch)] {
        asked.refused(&("POST", path, body.clone()), 503, "not_acknowledged").await;
    }
    listed_answers_came(&["events", "dead letters"]);
}

/// What a schema has to allow, because the server does.
async fn taken(asked: &Asked) {
    let bodies = [
        json!({"userId": "é".repeat(128), "type": "x".repeat(256), "payload": {"seq": i64::MAX, "fail": "no", "any": [1.5]}}),
        json!({"userId": "...", "type": " a", "payload": {}, "eventId": "a/b"}),
    ];
    for body in &bodies {
        for path in ROUTES {
            asked.with("POST", path, &[], &body.to_string()).await.with(202);
        }
    }
    asked.with("POST", "/events/batch", &[], &batch(bodies.to_vec())).await.with(202);
    let mixed = batch(vec![bodies[0].clone(), json!({}), json!(7), json!(null)]);
    asked.with("POST", "/events/batch", &[], &mixed).await.with(202);
    for named in [json!({"eventType": "click"}), json!({"type": "click", "eventType": 7})] {
        let mut body = json!({"userId": "bob", "payload": {}});
        body.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        asked.with("POST", "/events/generate", &[], &body.to_string()).await.with(202);
        asked.with("POST", "/events", &[], &body.to_string()).await.with(400);
    }
}

async fn mistakes(asked: &Asked) {
    let mistakes = [
        ("/userId", json!(" ")),
        ("/userId", json!("a\u{1}b")),
        ("/userId", json!("a\tb")),
        ("/userId", json!("")),
        ("/userId", json!(".")),
        ("/userId", json!("x".repeat(257))),
        ("/userId", json!(7)),
        ("/userId", Value::Null),
        ("/type", json!(" ")),
        ("/payload", json!([])),
        ("/payload/seq", json!("1")),
        ("/payload/seq", json!(0)),
        ("/payload/seq", json!(1_u64 << 63)),
        ("/eventId", json!("processed")),
        ("/at", json!("now")),
    ];
    for (pointer, value) in mistakes {
        let mut body = event("ann", "e");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        for path in ROUTES {
            asked.mistaken("POST", path, None, Some(&body.to_string())).await;
        }
        asked.refused(&("POST", "/events/batch", batch(vec![body])), 400, "invalid_request").await;
    }
    for body in ["{", "[]", "{}"] {
        for path in ["/events", "/events/generate", "/events/batch"] {
            asked.mistaken("POST", path, None, Some(body)).await;
        }
    }
    let many = batch(vec![event("ann", "e"); 501]);
    for body in [r#"{"events": {}}"#, r#"{"events": []}"#, r#"{"events": [1], "at": 1}"#, &many] {
        asked.mistaken("POST", "/events/batch", None, Some(body)).await;
    }
    // More bytes than characters.
    for path in ROUTES {
        asked.refused(&("POST", path, event(&"é".repeat(129), "e").to_string()), 400, "invalid_request").await;
    }
}

async fn sizes(asked: &Asked) {
    let body = event("ann", "e").to_string();
    for path in ROUTES {
        asked.bodies("POST", path, &body).await;
        // The body has room for it, and the event on the topic does not.
        let mut large = event("ann", "large");
        large["payload"]["text"] = json!("x".repeat(256 * 1024 - 150));
        asked.refused(&("POST", path, large.to_string()), 413, "event_too_large").await;
    }
    asked.bodies("POST", "/events/batch", &batch(vec![event("ann", "e")])).await;
    let mut large = event("ann", "large");
    large["payload"]["text"] = json!("x".repeat(300 * 1024));
    asked.refused(&("POST", "/events/batch", batch(vec![large])), 413, "event_too_large").await;
}

async fn limits(asked: &Asked) {
    let flood = batch((0..250).map(|id| event("flood", &format!("flood-{id}"))).collect());
    let one = event("flood", "flood").to_string();
    for (path, body) in [("/events", &one), ("/events/generate", &one), ("/events/batch", &flood)] {
        asked
            .stack
            .eventually("the user is over the limit", async || {
                asked.with("POST", "/events/batch", &[], &flood).await;
                let answer = asked.with("POST", path, &[], body).await;
                if answer.status == 429 { Ok(()) } else { Err(answer.text) }
            })
            .await;
    }
}

async fn reads(asked: &Asked) {
    for user in ["ann", "bob"] {
        asked.with("POST", "/events", &[], &event(user, "shared").to_string()).await.with(202);
    }
    asked.with("POST", "/events", &[], &event("ann", "own").to_string()).await.with(202);
    for (id, status) in [("shared", 409), ("own", 200)] {
        asked
            .stack
            .eventually("the events are processed", async || {
                let answer = asked.with("GET", &format!("/events/{id}"), &[], "").await;
                if answer.status == status { Ok(()) } else { Err(answer) }
            })
            .await;
    }
    asked.refused(&("GET", "/events/none", String::new()), 404, "not_found").await;
    asked.refused(&("GET", "/users/%20/events", String::new()), 404, "not_found").await;
    for list in ["/events/processed", "/users/ann/events", "/dlq"] {
        asked.with("GET", &format!("{list}?limit=1"), &[], "").await.with(200);
        asked.lists(list).await;
    }
    for (method, path) in [("GET", "/events/own"), ("POST", "/dlq/own/redrive")] {
        asked.refused(&(method, &format!("{path}?source=a&source=b"), String::new()), 400, "invalid_query").await;
    }
}

async fn dead_letters(asked: &Asked) {
    for user in ["ann", "bob"] {
        let mut failing = event(user, "fails");
        failing["payload"]["fail"] = json!(true);
        asked.with("POST", "/events", &[], &failing.to_string()).await.with(202);
    }
    asked.stack.produce_many(vec![Record::new(TOPIC, "not json".to_owned()).key("ann".to_owned())]).await;
    let letters = asked
        .stack
        .eventually("both events and the record that is none are given up", async || {
            let letters = asked.with("GET", "/dlq?limit=100", &[], "").await.with(200).json()["items"].clone();
            let letters = letters.as_array().unwrap().clone();
            let fails = letters.iter().filter(|letter| letter["eventId"] == "fails").count();
            let poison = letters.iter().any(|letter| letter.get("source").is_none());
            if fails == 2 && poison { Ok(letters) } else { Err(letters) }
        })
        .await;
    let poison = letters.iter().find(|letter| letter.get("source").is_none()).unwrap();
    let poison = format!("/dlq/{}/redrive", poison["eventId"].as_str().unwrap());
    asked.refused(&("POST", &poison, String::new()), 422, "not_redrivable").await;
    asked.refused(&("POST", "/dlq/none/redrive", String::new()), 404, "not_found").await;
    let several = asked.refused(&("POST", "/dlq/fails/redrive", String::new()), 409, "ambiguous_event_id").await;
    let one = format!("/dlq/fails/redrive?source={}", several["sources"][0].as_str().unwrap());
    // So that it cannot fail again at once.
    asked.stack.kafka_down(Duration::from_secs(600)).await;
    asked.with("POST", &one, &[], "").await.with(202);
    asked.refused(&("POST", &one, String::new()), 409, "already_redriven").await;
    asked.stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
}

#[tokio::test]
async fn every_answer_of_the_event_log_and_of_health_is_as_the_contract_says() {
    let asked = Asked::start().await;
    asked.stack.create(&end_to_end::stack::product("Burger")).await;
    asked
        .stack
        .eventually("the log has the event", async || {
            let page = asked.with("GET", "/event-log?type=ProductCreated", &[], "").await.with(200).json();
            if page["items"] == json!([]) { Err(page) } else { Ok(()) }
        })
        .await;
    for query in ["", "?limit=1", "?from=2026-11-21T06:00:00Z&to=2026-11-21T07:00:00%2B01:00"] {
        asked.with("GET", &format!("/event-log{query}"), &[], "").await.with(200);
    }
    let times = ["type=Unheard", "from=yesterday", "to=2026-11-21", "from=2026-11-21T06:00:00%2B25:00"];
    for query in times.into_iter().chain(["trace=xyz", "subject="]) {
        asked.mistaken("GET", &format!("/event-log?{query}"), None, None).await;
    }
    asked.refused(&("GET", "/event-log?subject=a&type=Notify", String::new()), 400, "invalid_request").await;
    asked.refused(&("GET", "/event-log?from=2020-01-01T00:00:00Z", String::new()), 400, "invalid_request").await;
    asked.lists("/event-log").await;
    lives(&asked).await;
    asked.with("GET", "/overview", &[], "").await.with(200);
    asked.with("GET", "/health", &[], "").await.with(200);
    asked
        .stack
        .eventually("it is ready", async || {
            let answer = asked.with("GET", "/health/ready", &[], "").await;
            if answer.status == 200 { Ok(()) } else { Err(answer) }
        })
        .await;
    asked.throttled(&[("GET", "/event-log", String::new()), ("GET", "/event-log/e", String::new())]).await;
    asked.stack.kafka_down(Duration::from_secs(600)).await;
    let unready = asked.with("GET", "/health/ready", &[], "").await.with(503).json();
    assert_eq!(unready["dependencies"], json!({"dynamodb": "ok", "kafka": "unavailable"}));
    listed_answers_came(&["event log", "operations", "health"]);
}

async fn lives(asked: &Asked) {
    for user in ["ann", "bob"] {
        asked.with("POST", "/events", &[], &event(user, "shared").to_string()).await.with(202);
    }
    let several = asked
        .stack
        .eventually("both users' events are known", async || {
            let answer = asked.with("GET", "/event-log/shared", &[], "").await;
            if answer.status == 409 { Ok(answer.json()) } else { Err(answer) }
        })
        .await;
    assert_eq!(several["code"], "ambiguous_event_id");
    let one = format!("/event-log/shared?source={}", several["sources"][0].as_str().unwrap());
    asked.with("GET", &one, &[], "").await.with(200);
    asked.refused(&("GET", "/event-log/none", String::new()), 404, "not_found").await;
    asked.refused(&("GET", "/event-log/shared?source=a&source=b", String::new()), 400, "invalid_query").await;
    asked.mistaken("GET", "/event-log/shared?subject=", None, None).await;
}

#[tokio::test]
async fn every_answer_of_the_analytics_is_as_the_contract_says() {
    let asked = Asked::start().await;
    let mut burger = end_to_end::stack::product("Burger");
    burger["id"] = json!("burger");
    asked.stack.create(&burger).await;
    asked.stack.ask("POST", "/orders", &json!({"lines": [{"productId": "burger", "quantity": 2}]})).await.with(201);
    asked.with("POST", "/events", &[], r#"{"userId":"u","type":"t","payload":{}}"#).await.with(202);
    asked
        .stack
        .eventually("everything is counted", async || {
            let counts = asked.with("GET", "/analytics?bucket=minute", &[], "").await.with(200).json();
            let top = asked.with("GET", "/analytics/products", &[], "").await.with(200).json();
            let has = |kind: &str| counts["items"].as_array().unwrap().iter().any(|item| item["type"] == kind);
            let all = ["ProductCreated", "OrderCreated", "OrderConfirmed", "UserActivity"].into_iter().all(has);
            if all && top["items"][0]["pieces"] == 2 { Ok(()) } else { Err((counts, top)) }
        })
        .await;
    for query in ["type=Notify", "bucket=day&from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00%2B01:00"] {
        let none = asked.with("GET", &format!("/analytics?{query}"), &[], "").await.with(200).json();
        assert_eq!(none, json!({"items": []}), "{query}");
    }
    for query in ["type=Unheard", "bucket=week", "from=yesterday", "to=2026-11-21"] {
        asked.mistaken("GET", &format!("/analytics?{query}"), None, None).await;
    }
    for query in ["limit=0", "limit=101", "limit=many", "from=yesterday", "to=2026-11-21"] {
        asked.mistaken("GET", &format!("/analytics/products?{query}"), None, None).await;
    }
    for path in ["/analytics", "/analytics/products"] {
        let too_long = format!("{path}?from=2020-01-01T00:00:00Z");
        asked.refused(&("GET", &too_long, String::new()), 400, "invalid_request").await;
        let twice = format!("{path}?to=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z");
        asked.refused(&("GET", &twice, String::new()), 400, "invalid_query").await;
    }
    asked.throttled(&[("GET", "/analytics", String::new()), ("GET", "/analytics/products", String::new())]).await;
    listed_answers_came(&["analytics"]);
}

#[tokio::test]
async fn every_answer_of_the_notifications_is_as_the_contract_says() {
    let asked = Asked::start().await;
    let mut low = end_to_end::stack::product("Burger");
    low["lowStockThreshold"] = json!(20);
    asked.stack.create(&low).await;
    asked
        .stack
        .eventually("the feed has the warning", async || {
            let page = asked.with("GET", "/notifications", &[], "").await.with(200).json();
            if page["items"][0]["type"] == "LowStockWarning" { Ok(()) } else { Err(page) }
        })
        .await;
    for query in ["after=0&limit=1", "after=1", "after=9007199254740991"] {
        asked.with("GET", &format!("/notifications?{query}"), &[], "").await.with(200);
    }
    for query in ["after=first", "after=-1", "after=9007199254740992"] {
        asked.mistaken("GET", &format!("/notifications?{query}"), None, None).await;
    }
    asked.refused(&("GET", "/notifications?after=1&after=2", String::new()), 400, "invalid_query").await;
    asked.lists("/notifications").await;
    asked.throttled(&[("GET", "/notifications", String::new())]).await;
    listed_answers_came(&["notifications"]);
}

#[tokio::test]
async fn every_answer_of_the_documents_is_as_the_contract_says() {
    let asked = Asked::start().await;
    for path in ["/openapi.json", "/asyncapi.json", "/schemas/OrderCreated.v1.json"] {
        asked.conditions(path).await;
    }
    for path in [
        "/docs",
        "/docs/callback",
        "/docs/events",
        "/docs/login.json",
        "/docs/swagger-ui.css",
        "/docs/start.js",
        "/docs/favicon-32x32.png",
    ] {
        asked.with("GET", path, &[], "").await.with(200);
    }
    for path in ["/docs/none.js", "/schemas/OrderCreated.v2.json", "/schemas/OrderCreated"] {
        asked.refused(&("GET", path, String::new()), 404, "not_found").await;
    }
    listed_answers_came(&["documents"]);
}

#[tokio::test]
async fn every_answer_of_the_console_is_as_the_contract_says() {
    let asked = Asked::start().await;
    let page = asked.with("GET", "/console", &[], "").await.with(200);
    let files = page.text.split('"').filter(|link| link.starts_with("console/")).collect::<Vec<_>>();
    for ending in [".js", ".css", ".svg"] {
        assert!(files.iter().any(|file| file.ends_with(ending)), "{files:?}");
    }
    for file in &files {
        let file = asked.with("GET", &format!("/{file}"), &[], "").await.with(200);
        assert!(file.header("cache-control").ends_with("immutable") && !file.text.is_empty());
    }
    let of_another_version = files[0].replacen('/', "/0", 1);
    for path in ["/console/x/app.js", "/console/%ff/%ff", &format!("/{of_another_version}")] {
        asked.refused(&("GET", path, String::new()), 404, "not_found").await;
    }
    listed_answers_came(&["console"]);
}
