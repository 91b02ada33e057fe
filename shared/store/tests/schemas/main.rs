//! The JSON Schemas in `shared/schemas/` match the code, the events that the code creates are valid by them, and events of every
//! released version can still be read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use millrace_compatibility::schema::{Change, changes};
use millrace_domain::activity::{UserActivity, UserId};
use millrace_domain::event::{Context, Event, EventType, read, schema::schema};
use millrace_domain::id::TimerId;
use millrace_domain::ingredient::Notify;
use millrace_domain::order::{Order, OrderCreated};
use millrace_domain::product::{LowStockWarning, Product, ProductDeleted};
use millrace_domain::timer::{Attempt, Status, Timer, TimerDue};
use millrace_store::timer::entries;
use serde_json::{Value, json};

/// Set to `1` to regenerate the schemas after an intended change. A change that breaks stored events, older producers or older
/// readers has to be a new version; `breaking` regenerates all the same, before a first release.
const UPDATE: &str = "MILLRACE_UPDATE_SCHEMAS";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

fn path(kind: EventType) -> PathBuf {
    folder().join(format!("{}.v1.json", kind.name()))
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_code() {
    let update = std::env::var(UPDATE).unwrap_or_default();
    for kind in EventType::ALL {
        let made = format!("{}\n", serde_json::to_string_pretty(&schema(kind)).unwrap());
        let kept = fs::read_to_string(path(kind)).unwrap_or_default();
        if kept == made {
            continue;
        }
        let old = serde_json::from_str(&kept).unwrap_or(Value::Null);
        let breaking: Vec<String> = changes(&old, &schema(kind))
            .iter()
            .filter(|change| !old.is_null() && (change.refuses_old || change.allows_new))
            .map(Change::to_string)
            .collect();
        assert!(
            breaking.is_empty() || update == "breaking",
            "{} would be another: {}. That needs a new version of the schema",
            path(kind).display(),
            breaking.join("; ")
        );
        assert!(
            !update.is_empty(),
            "{} differs from the code; if that is meant, run {UPDATE}=1 make test",
            path(kind).display()
        );
        fs::write(path(kind), &made).unwrap();
    }
    let files = fs::read_dir(folder()).unwrap().filter(|file| file.as_ref().unwrap().path().is_file()).count();
    assert_eq!(files, EventType::ALL.len(), "a schema without an event type");
}

/// The golden events are of each version that was released, and are only added to.
#[test]
fn todays_reader_reads_the_golden_events_of_every_released_version() {
    let files = fs::read_dir(folder().join("golden")).unwrap();
    let mut seen = BTreeSet::new();
    for file in files.map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let kind =
            EventType::from_name(name.split('.').next().unwrap()).unwrap_or_else(|| panic!("{name} has no type"));
        assert!(name == format!("{}.v1.ndjson", kind.name()), "{name}");
        let validator = jsonschema::validator_for(&schema(kind)).unwrap();
        for line in fs::read_to_string(&file).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let errors: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}: {line}");
            let read = read(kind.topic().name(), line.as_bytes(), received())
                .unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!((read.kind, json!(read.id)), (kind, event["id"].clone()));
            let data: Value = serde_json::from_str(read.data.get()).unwrap();
            assert_eq!(data, event["data"], "nothing is lost: {line}");
        }
        seen.insert(kind.name());
    }
    assert_eq!(seen, EventType::ALL.map(EventType::name).into());
}

/// Planted changes of a schema: whether each refuses old events, and whether it allows new ones.
#[test]
fn every_planted_change_of_a_schema_is_called_what_it_is() {
    type Plant = fn(&mut Value);
    let planted: [(&str, Plant, bool, bool); 16] = [
        ("a description", |data| data["description"] = json!("another"), false, false),
        ("a new optional property", |data| data["properties"]["colour"] = json!({"type": "string"}), false, false),
        ("an optional property is gone", |data| remove(&mut data["properties"], "description"), false, false),
        (
            "a new required property",
            |data| {
                data["properties"]["colour"] = json!({"type": "string"});
                data["required"].as_array_mut().unwrap().push(json!("colour"));
            },
            true,
            false,
        ),
        (
            "a required property is optional",
            |data| {
                data["required"].as_array_mut().unwrap().retain(|name| name != "stock");
            },
            false,
            true,
        ),
        (
            "a property is renamed",
            |data| {
                let stock = data["properties"]["stock"].clone();
                remove(&mut data["properties"], "stock");
                data["properties"]["pieces"] = stock;
                data["required"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .filter(|it| **it == "stock")
                    .for_each(|it| *it = json!("pieces"));
            },
            true,
            true,
        ),
        ("another type", |data| data["properties"]["name"]["type"] = json!("integer"), true, true),
        ("a type becomes nullable", |data| data["properties"]["name"]["type"] = json!(["string", "null"]), false, true),
        (
            "a nullable type is not any more",
            |data| data["properties"]["description"]["type"] = json!("string"),
            true,
            false,
        ),
        ("a wider number", |data| data["properties"]["stock"]["type"] = json!("number"), false, true),
        ("a higher minimum", |data| data["properties"]["stock"]["minimum"] = json!(1), true, false),
        ("no minimum", |data| remove(&mut data["properties"]["stock"], "minimum"), false, true),
        ("a maximum", |data| data["properties"]["stock"]["maximum"] = json!(9), true, false),
        ("a pattern", |data| data["properties"]["name"]["pattern"] = json!("^[a-z]+$"), true, false),
        ("another pattern", |data| data["properties"]["id"]["pattern"] = json!("^[a-z]+$"), true, true),
        ("a closed object", |data| data["additionalProperties"] = json!(false), true, false),
    ];
    let old = schema(EventType::ProductUpdated);
    for (what, plant, refuses_old, allows_new) in planted {
        let mut new = old.clone();
        plant(&mut new["properties"]["data"]);
        let found = changes(&old, &new);
        let told = (found.iter().any(|it| it.refuses_old), found.iter().any(|it| it.allows_new));
        assert_eq!(told, (refuses_old, allows_new), "{what}: {found:?}");
        assert!(found.iter().all(|change| change.path.starts_with("data")), "{what}: {found:?}");
    }
    let mut order = schema(EventType::OrderConfirmed);
    let before = order.clone();
    order["properties"]["data"]["properties"]["status"]["oneOf"]
        .as_array_mut()
        .unwrap()
        .push(json!({"const": "shipped"}));
    let found = changes(&before, &order);
    assert_eq!((found.len(), found[0].refuses_old, found[0].allows_new), (1, false, true), "{found:?}");
    assert!(changes(&order, &before)[0].refuses_old, "a value less");
    let mut line = before.clone();
    let lines = "/properties/data/properties/lines/items/properties/quantity";
    line.pointer_mut(lines).unwrap()["dependentSchemas"] = json!({});
    let found = changes(&before, &line);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].refuses_old && found[0].allows_new,
        "what is not understood is not called compatible: {}",
        found[0]
    );
    assert_eq!(found[0].path, "data.lines[].quantity");
    assert_eq!(changes(&before, &before), []);
}

fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name).unwrap();
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
        scheduled_at: None,
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

#[test]
fn schema_and_reader_agree_on_every_character_of_a_text_that_must_not_be_blank() {
    let schema = schema(EventType::UserActivity);
    let user = schema.pointer("/properties/data/properties/userId").unwrap();
    assert!(!user["pattern"].as_str().unwrap().contains("\\s"), "it is another set in each dialect");
    let validator = jsonschema::validator_for(user).unwrap();
    for character in (0..=0xffff).filter_map(char::from_u32) {
        let text = character.to_string();
        let valid = validator.is_valid(&json!(text));
        assert_eq!(UserId::try_from(text).is_ok(), valid, "{}", character.escape_unicode());
    }
}
