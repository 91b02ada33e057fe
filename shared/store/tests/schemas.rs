//! The JSON Schemas in `shared/schemas/` match the code, and the events that the code creates are valid by them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use millrace_domain::activity::UserActivity;
use millrace_domain::event::{Context, Event, EventType, read, schema::schema};
use millrace_domain::id::TimerId;
use millrace_domain::ingredient::Notify;
use millrace_domain::order::{Order, OrderCreated};
use millrace_domain::product::{LowStockWarning, Product, ProductDeleted};
use millrace_domain::timer::{Attempt, Status, Timer, TimerDue};
use millrace_store::timer::entries;
use serde_json::{Value, json};

/// Set to `1` to regenerate the schemas after an intended change.
const UPDATE: &str = "MILLRACE_UPDATE_SCHEMAS";

fn path(kind: EventType) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(format!("{}.v1.json", kind.name()))
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_code() {
    for kind in EventType::ALL {
        let made = format!("{}\n", serde_json::to_string_pretty(&schema(kind)).unwrap());
        if std::env::var(UPDATE).as_deref() == Ok("1") {
            fs::write(path(kind), &made).unwrap();
        }
        let kept = fs::read_to_string(path(kind)).unwrap_or_default();
        assert!(
            kept == made,
            "{} differs from the code; if that is meant, run {UPDATE}=1 make test",
            path(kind).display()
        );
    }
    let files = fs::read_dir(path(EventType::ProductCreated).parent().unwrap()).unwrap().count();
    assert_eq!(files, EventType::ALL.len(), "a schema without an event type");
}

/// When Kafka got the events.
fn received() -> jiff::Timestamp {
    product().created_at
}

fn product() -> Product {
    serde_json::from_value(json!({
        "id": "p-1", "name": "Burger", "description": "with cheese", "price": {"amount": 950, "currency": "EUR"},
        "stock": 2, "lowStockThreshold": 3, "recipe": [{"ingredientId": "beef", "quantity": 150, "unit": "g"}],
        "version": 1, "createdAt": "2026-11-21T06:00:00.123Z", "updatedAt": "2026-11-21T06:00:00.123Z"
    }))
    .unwrap()
}

fn order(status: &str, reason: Option<&str>) -> Order {
    let mut order = json!({
        "id": "o-1", "status": status, "total": {"amount": 1900, "currency": "EUR"}, "version": 1,
        "lines": [{"productId": "p-1", "name": "Burger", "quantity": 2, "unitPrice": {"amount": 950, "currency": "EUR"},
            "total": {"amount": 1900, "currency": "EUR"},
            "recipe": [{"ingredientId": "beef", "quantity": 150, "unit": "g"}]}],
        "createdAt": "2026-11-21T06:00:00.123Z", "updatedAt": "2026-11-21T06:00:00.123Z"
    });
    if let Some(reason) = reason {
        order["reason"] = json!(reason);
    }
    serde_json::from_value(order).unwrap()
}

/// One event of each type, as the code creates it.
fn event(kind: EventType) -> Value {
    let product = product();
    let at = product.created_at;
    let id = uuid::Uuid::nil();
    let trace = || Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let (source, name) = ("products-api", product.name.clone());
    let event = match kind {
        EventType::ProductCreated | EventType::ProductUpdated => {
            serde_json::to_value(Event::new(kind, id, source, at, trace(), product))
        }
        EventType::ProductDeleted => {
            let data = ProductDeleted { id: product.id, version: 2, deleted_at: at };
            serde_json::to_value(Event::new(kind, id, source, at, None, data))
        }
        EventType::LowStockWarning => {
            let data = LowStockWarning { product_id: product.id, name, stock: 2, low_stock_threshold: 3, version: 1 };
            serde_json::to_value(Event::new(kind, id, source, at, trace(), data))
        }
        EventType::OrderCreated => {
            serde_json::to_value(Event::new(kind, id, source, at, trace(), OrderCreated(order("pending", None))))
        }
        EventType::OrderConfirmed => {
            serde_json::to_value(Event::new(kind, id, source, at, trace(), order("confirmed", None)))
        }
        EventType::OrderRejected => {
            let data = order("rejected", Some("out_of_stock: product p-1"));
            serde_json::to_value(Event::new(kind, id, source, at, trace(), data))
        }
        EventType::Notify => {
            let data: Notify = serde_json::from_value(json!({
                "ingredientId": "beef", "email": "kitchen@example.com", "name": "Beef", "stock": 4, "fullLevel": 10,
                "unit": "g", "version": 3
            }))
            .unwrap();
            serde_json::to_value(Event::new(kind, id, source, at, trace(), data))
        }
        EventType::UserActivity => {
            let data: UserActivity = serde_json::from_value(json!({
                "userId": "u-1", "type": "click", "payload": {"seq": 1, "fail": false, "button": "buy"}, "eventId": "e-1"
            }))
            .unwrap();
            serde_json::to_value(Event::new(kind, id, source, at, trace(), data))
        }
        EventType::TimerRequested | EventType::TimerCancelled | EventType::TimerFired | EventType::TimerFailed => {
            return of_a_timer(kind);
        }
        EventType::TimerDue => {
            let timer_id = TimerId::from(id);
            serde_json::to_value(entries::due(TimerDue { timer_id, attempt: 2, due_at: at }, trace()))
        }
    };
    event.unwrap()
}

/// The event as stored in the outbox.
fn of_a_timer(kind: EventType) -> Value {
    let at = product().created_at;
    let attempt = Attempt { at, status: Some(503), duration_ms: 12, error: Some("503 Service Unavailable".to_owned()) };
    let timer = Timer {
        id: TimerId::from(uuid::Uuid::nil()),
        url: "https://example.com/hook".to_owned(),
        status: Status::Scheduled,
        fire_at: at,
        due_at: at,
        payload: Some("{}".to_owned()),
        secret: None,
        attempt: 1,
        attempts: vec![attempt],
        firing_until: None,
        owner: None,
        traceparent: None,
        version: 3,
        created_at: at,
        updated_at: at,
    };
    let (id, context) = (uuid::Uuid::nil(), Context { now: at, source: "timers-api", traceparent: None });
    let entry = match kind {
        EventType::TimerCancelled => entries::cancelled(&timer, id, &context),
        EventType::TimerFired => entries::fired(&timer, 204, id, &context),
        EventType::TimerFailed => entries::failed(&timer, "410 Gone".to_owned(), id, &context),
        _ => entries::requested(&timer, id, &context),
    };
    serde_json::from_str(&entry.unwrap().value).unwrap()
}

#[test]
fn what_goes_onto_a_topic_is_valid_by_its_schema_and_can_be_read() {
    for kind in EventType::ALL {
        let validator = jsonschema::validator_for(&schema(kind)).unwrap();
        let event = event(kind);
        let errors: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{kind:?}: {errors:?}");
        read(kind.topic().name(), event.to_string().as_bytes(), received()).unwrap();
    }
}

/// Schema and reader must agree on what is invalid: publishers check by the schema, consumers by the reader.
#[test]
fn what_breaks_the_schema_is_refused_by_the_reader_too() {
    let broken = [
        ("/specversion", json!("0.3")),
        ("/id", json!("")),
        ("/subject", json!(1)),
        ("/aggregateversion", json!(-1)),
        ("/aggregateversion", json!(1_u64 << 31)),
        ("/source", json!("")),
        ("/data/price/amount", json!(-1)),
        ("/data/price/currency", json!("euro")),
        ("/data/id", json!("no spaces")),
        ("/data/recipe", json!(null)),
    ];
    let kind = EventType::ProductCreated;
    let validator = jsonschema::validator_for(&schema(kind)).unwrap();
    for (pointer, value) in broken {
        let mut event = event(kind);
        *event.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&event), "{pointer} is valid by the schema");
        assert!(read(kind.topic().name(), event.to_string().as_bytes(), received()).is_err(), "{pointer} is read");
    }
}
