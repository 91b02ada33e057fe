//! The contract of the topics, `contracts/asyncapi.yaml`: it has the topics, events and consumers of the code and of the
//! template, and is served with its schemas.

use std::collections::{BTreeMap, BTreeSet};

use end_to_end::contract::contract;
use end_to_end::paths::root;
use end_to_end::stack::Stack;
use end_to_end::template::template;
use jsonschema::{Draft, Validator};
use millrace_domain::event::{EventType, read};
use serde_json::{Map, Value, json};

fn document() -> Value {
    let text = std::fs::read_to_string(root().join("contracts/asyncapi.yaml")).unwrap();
    serde_norway::from_str(&text).unwrap()
}

fn entries(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// What a reference is to.
fn last(value: &Value) -> String {
    text(&value["$ref"]).rsplit('/').next().unwrap().to_owned()
}

fn schema(name: &str) -> Validator {
    let path = root().join(format!("shared/schemas/{name}.v1.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&schema).unwrap()
}

#[test]
fn the_topics_and_their_events_are_those_of_the_code_and_of_the_template() {
    let (document, template) = (document(), template("localhost:9092").unwrap());
    let channels = entries(&document["channels"]).values();
    let partitions: BTreeMap<String, i64> = channels
        .clone()
        .map(|channel| {
            let kafka = &channel["bindings"]["kafka"];
            assert_eq!(kafka["topic"], channel["address"]);
            (text(&channel["address"]), kafka["partitions"].as_i64().unwrap())
        })
        .collect();
    let of_template = template.topics.iter().map(|topic| (topic.name.clone(), i64::from(topic.partitions)));
    assert_eq!(partitions, of_template.collect());
    for (channel, topic) in channels.clone().flat_map(|channel| template.topics.iter().map(move |it| (channel, it))) {
        let retention = channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"].to_string();
        assert_eq!(retention, topic.configs["retention.ms"]);
    }
    let events = channels.flat_map(|channel| {
        entries(&channel["messages"]).iter().map(|(name, message)| {
            assert_eq!(*name, last(message));
            (name.clone(), text(&channel["address"]))
        })
    });
    let of_code = EventType::ALL.map(|kind| (kind.name().to_owned(), kind.topic().name().to_owned()));
    assert_eq!(events.collect::<BTreeSet<_>>(), of_code.into());
    for (name, message) in entries(&document["components"]["messages"]) {
        assert_eq!((name, format!("{name}.v1.json")), (&text(&message["name"]), last(&message["payload"])));
    }
    assert_eq!(entries(&document["components"]["messages"]).len(), EventType::ALL.len());
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_producers_and_consumers_are_the_functions_of_the_template() {
    let (document, template) = (document(), template("localhost:9092").unwrap());
    let address = |operation: &Value| text(&document["channels"][last(&operation["channel"])]["address"]);
    let operations = entries(&document["operations"]).values();
    let (sends, receives): (Vec<&Value>, Vec<&Value>) = operations.partition(|it| it["action"] == "send");
    let consumers: BTreeSet<(String, String, String)> = receives
        .iter()
        .map(|it| {
            assert_eq!(it["action"], "receive");
            (text(&it["bindings"]["kafka"]["groupId"]["const"]), address(it), text(&it["title"]))
        })
        .collect();
    assert_eq!(consumers.len(), receives.len());
    let mappings = template.kafka_mappings.iter();
    let mappings = mappings.map(|it| (it.group.clone(), it.topic.clone(), it.delivery.function.clone()));
    assert_eq!(consumers, mappings.collect());
    let mut sent = BTreeSet::new();
    for operation in sends {
        assert!(template.functions.contains_key(&text(&operation["title"])), "{operation}");
        for message in operation["messages"].as_array().unwrap() {
            let reference = format!("#/channels/{}/messages/{}", last(&operation["channel"]), last(message));
            assert_eq!(text(&message["$ref"]), reference);
            sent.insert(last(message));
        }
    }
    assert_eq!(sent, EventType::ALL.map(|kind| kind.name().to_owned()).into(), "an event that nobody produces");
}

#[test]
fn every_message_has_an_example_that_a_consumer_reads() {
    let document = document();
    for kind in EventType::ALL {
        let message = &document["components"]["messages"][kind.name()];
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{kind:?}");
        for example in examples {
            let errors: Vec<String> =
                schema(kind.name()).iter_errors(&example["payload"]).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{kind:?}");
            let payload = example["payload"].to_string();
            let event = read(kind.topic().name(), payload.as_bytes(), jiff::Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!((event.kind, &message["contentType"]), (kind, &example["headers"]["content-type"]));
        }
    }
}

#[tokio::test]
async fn the_document_its_schemas_and_their_page_are_served() {
    let stack = Stack::start().await;
    let served = stack.get("/asyncapi.json").await.with(200).json();
    let page = stack.get("/docs/events").await.with(200).text;
    for kind in EventType::ALL {
        let reference = text(&served["components"]["messages"][kind.name()]["payload"]["$ref"]);
        let schema = stack.get(&format!("/{reference}")).await.with(200);
        assert_eq!(schema.header("content-type"), "application/schema+json");
        assert_eq!(schema.json()["$id"], kind.schema_id());
        assert!(page.contains(&format!("<h3 id=\"{}\">", kind.name())), "{kind:?}");
        assert!(page.contains(&format!("<h2 id=\"{}\">", kind.topic().name())), "{kind:?}");
    }
    let local = serde_json::to_string(&document()).unwrap().replace("../shared/schemas/", "schemas/");
    assert_eq!(served, serde_json::from_str::<Value>(&local).unwrap());
    assert_eq!(json!(EventType::ALL.map(EventType::name)), contract().at("/components/schemas/EventType")["enum"]);
}
