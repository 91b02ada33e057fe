//! What belongs to a user is for this user, and for those who may act for any.

use end_to_end::stack::timers::NOBODY;
use serde_json::{Value, json};

use super::callers::{Closed, told};

const USER: &str = "events:read events:write dlq:redrive orders:read orders:write timers:read timers:write";

fn event(user: &str, id: &str) -> Value {
    json!({"userId": user, "type": "click", "payload": {}, "eventId": id})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_writes_and_reads_no_other_users_events() {
    let closed = Closed::start().await;
    let (ann, bob) = (closed.user("ann", USER).await, closed.user("bob", USER).await);
    let service = closed.service("till", USER).await;
    let any = closed.service("import", &format!("{USER} events:any-user")).await;
    let mismatch = (403, "user_mismatch".to_owned());
    let forbidden = (403, "forbidden".to_owned());
    let none = (404, "not_found".to_owned());

    for path in ["/events", "/events/generate"] {
        let line = format!("POST {path}");
        assert_eq!(told(&closed.ask(&ann, &line, &event("bob", "x")).await), mismatch, "{path}");
        assert_eq!(told(&closed.ask(&service, &line, &event("bob", "x")).await), forbidden, "{path}");
    }
    closed.ask(&ann, "POST /events", &event("ann", "of-ann")).await.with(202);
    closed.ask(&any, "POST /events", &event("bob", "of-bob")).await.with(202);

    let batch = json!({"events": [event("ann", "b1"), event("bob", "b2"), {"userId": 7}, event("Ann", "b3"), event("ann", "b4")]});
    let answer = closed.ask(&ann, "POST /events/batch", &batch).await.with(202).json();
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<&str> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["accepted", "forbidden", "invalid", "forbidden", "accepted"]);
    assert_eq!(
        (&results[1]["error"]["code"], &results[3]["error"]["code"]),
        (&json!("user_mismatch"), &json!("user_mismatch"))
    );
    let others = json!({"events": [event("bob", "b5")]});
    assert_eq!(told(&closed.ask(&ann, "POST /events/batch", &others).await), mismatch);
    let refused = closed.ask(&service, "POST /events/batch", &others).await.with(403).json();
    assert_eq!((&refused["results"][0]["status"], &refused["scope"]), (&json!("forbidden"), &json!("events:any-user")));

    let processed = async |credential: &str, id: &str| {
        closed
            .stack
            .eventually("the event is processed", async || {
                let answer = closed.ask(credential, &format!("GET /events/{id}"), &Value::Null).await;
                if answer.status == 200 && answer.json()["status"] == "processed" { Ok(()) } else { Err(answer.text) }
            })
            .await;
    };
    for (credential, id) in [(&ann, "of-ann"), (&bob, "of-bob"), (&any, "of-bob"), (&ann, "b4")] {
        processed(credential, id).await;
    }
    for id in ["of-bob", "b2", "unheard-of"] {
        let answer = closed.ask(&ann, &format!("GET /events/{id}"), &Value::Null).await;
        assert_eq!(told(&answer), none, "{id}: whether it exists is not told");
    }
    assert_eq!(told(&closed.ask(&service, "GET /events/of-bob", &Value::Null).await), forbidden);
    for user in ["bob", "nobody"] {
        let answer = closed.ask(&ann, &format!("GET /users/{user}/events"), &Value::Null).await;
        assert_eq!(told(&answer), mismatch, "{user}");
    }
    let own = closed.ask(&ann, "GET /users/ann/events", &Value::Null).await.with(200).json();
    assert_eq!(own["items"].as_array().unwrap().len(), 3);
    for line in ["GET /events/processed", "GET /dlq"] {
        assert_eq!(told(&closed.ask(&ann, line, &Value::Null).await), forbidden, "{line}");
        closed.ask(&any, line, &Value::Null).await.with(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_redrives_no_other_users_letters() {
    let closed = Closed::start().await;
    let (ann, bob) = (closed.user("ann", USER).await, closed.user("bob", USER).await);
    let service = closed.service("till", USER).await;
    let fails = json!({"userId": "ann", "type": "click", "payload": {"fail": true}, "eventId": "fails"});
    closed.ask(&ann, "POST /events", &fails).await.with(202);
    closed
        .stack
        .eventually("the event has failed", async || {
            let letters = closed.ask(&closed.all(), "GET /dlq", &Value::Null).await.with(200).json();
            if letters["items"].as_array().unwrap().len() == 1 { Ok(()) } else { Err(letters) }
        })
        .await;
    let redrive = "POST /dlq/fails/redrive";
    let source = "POST /dlq/fails/redrive?source=urn:millrace:activity-api/users/ann";
    for line in [redrive, source] {
        assert_eq!(told(&closed.ask(&bob, line, &Value::Null).await), (404, "not_found".to_owned()));
        assert_eq!(told(&closed.ask(&service, line, &Value::Null).await), (403, "forbidden".to_owned()));
    }
    closed.ask(&ann, redrive, &Value::Null).await.with(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_lists_and_cancels_no_other_users_orders_and_timers() {
    let closed = Closed::start().await;
    let (ann, bob) = (closed.user("ann", USER).await, closed.user("bob", USER).await);
    let service = closed.service("till", USER).await;
    let product = json!({"id": "burger", "name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10});
    closed.ask(&closed.all(), "POST /products", &product).await.with(201);
    let order = json!({"lines": [{"productId": "burger", "quantity": 1}]});
    let timer = json!({"url": NOBODY, "hours": 1});
    let none = (404, "not_found".to_owned());
    for (path, body, status, id, owner) in
        [("/orders", &order, 201, "id", Some("ann")), ("/timers", &timer, 202, "timerId", None)]
    {
        let post = format!("POST {path}");
        let make = async |credential: &str| {
            let made = closed.ask(credential, &post, body).await.with(status).json();
            (format!("{path}/{}", made[id].as_str().unwrap()), made["owner"].as_str().map(str::to_owned))
        };
        let (of_ann, told_owner) = make(&ann).await;
        assert_eq!(told_owner.as_deref(), owner, "{path}");
        let (second, _) = make(&ann).await;
        let (of_bob, _) = make(&bob).await;
        let (of_service, _) = make(&service).await;
        let get = async |credential: &str, path: &str| {
            told(&closed.ask(credential, &format!("GET {path}"), &Value::Null).await)
        };
        assert_eq!(get(&ann, &of_ann).await.0, 200);
        for other in [&of_bob, &of_service] {
            assert_eq!(get(&ann, other).await, none, "{other}");
        }
        for credential in [&service, &closed.all()] {
            assert_eq!(get(credential, &of_ann).await.0, 200);
        }
        let ids = async |credential: &str, query: &str| {
            let line = format!("GET {path}?{query}");
            let page = closed.ask(credential, &line, &Value::Null).await.with(200).json();
            let items = page["items"].as_array().unwrap().iter();
            let found: Vec<String> = items.map(|item| format!("{path}/{}", item[id].as_str().unwrap())).collect();
            (found, page["nextCursor"].as_str().map(str::to_owned))
        };
        assert_eq!(ids(&ann, "").await.0, [second.clone(), of_ann.clone()], "{path}: newest first");
        let (first_page, cursor) = ids(&ann, "limit=1").await;
        let (second_page, _) = ids(&ann, &format!("limit=1&cursor={}", cursor.unwrap())).await;
        assert_eq!([first_page, second_page].concat(), [second.clone(), of_ann.clone()], "{path}");
        assert_eq!(ids(&bob, "").await.0, std::slice::from_ref(&of_bob));
        assert_eq!(ids(&service, "").await.0.len(), 4, "{path}");
    }

    // A timer is cancelled by its owner alone, and listed by its status.
    let made = closed.ask(&ann, "POST /timers", &timer).await.with(202).json();
    let path = format!("/timers/{}", made["timerId"].as_str().unwrap());
    assert_eq!(told(&closed.ask(&bob, &format!("DELETE {path}"), &Value::Null).await), none);
    closed.ask(&ann, &format!("DELETE {path}"), &Value::Null).await.with(204);
    let cancelled = async |credential: &str| {
        let page = closed.ask(credential, "GET /timers?status=cancelled", &Value::Null).await.with(200).json();
        page["items"].as_array().unwrap().iter().map(|it| it["timerId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(cancelled(&ann).await, [made["timerId"].clone()]);
    assert_eq!(cancelled(&bob).await, [] as [Value; 0]);
    closed.stack.drained().await;

    // An order keeps its owner when it is decided.
    let orders = closed.ask(&ann, "GET /orders", &Value::Null).await.with(200).json();
    let decided = |order: &Value| order["status"] == "confirmed" && order["owner"] == "ann";
    assert!(orders["items"].as_array().unwrap().iter().all(decided), "{orders}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_belongs_to_whoever_used_it() {
    let closed = Closed::start().await;
    let body = json!({"url": NOBODY, "hours": 1}).to_string();
    let make = async |credential: &str| {
        let request = closed.stack.request("POST", "/timers").bearer_auth(credential).header("idempotency-key", "same");
        closed.stack.send(request.header("content-type", "application/json").body(body.clone())).await.with(202)
    };
    let (ann, again) = (closed.user("ann", USER).await, closed.user("ann", USER).await);
    let bob = closed.user("bob", USER).await;
    let first = make(&ann).await;
    let replayed = make(&again).await;
    assert_eq!((replayed.text.as_str(), replayed.header("idempotency-replayed")), (first.text.as_str(), "true"));
    for other in [bob, closed.service("till", USER).await, closed.all()] {
        assert_ne!(make(&other).await.text, first.text);
    }
}
