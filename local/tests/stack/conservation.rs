//! The oracle: state, topic, log and archive tell the same story.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Stack;
use super::kafka::{self, Published};
use super::tables::{number, text};

const CHANGES: [&str; 3] = ["ProductCreated", "ProductUpdated", "ProductDeleted"];

impl Stack {
    /// Checks, in a stack that is drained, that
    /// - every version of every stored product has exactly one change event, and a warning where its stock was low;
    /// - no event is without its product;
    /// - the last change event of a product has the bytes of the stored product;
    /// - each product's events are on the topic in the order of their versions, by their first occurrence;
    /// - the log has each event exactly once, and the archive has each, both with the topic's data.
    ///
    /// Answers the number of events.
    pub async fn conserved(&self) -> usize {
        let events = kafka::events(&self.addresses.kafka).await;
        let mut stories: BTreeMap<&str, Vec<&Published>> = BTreeMap::new();
        for published in &events {
            assert_eq!(published.key, published.event.subject, "the key is the product");
            stories.entry(published.event.subject.as_str()).or_default().push(published);
        }
        for product in self.items("ProductsTable").await {
            let id = text(&product, "id");
            let story = stories.remove(id).unwrap_or_else(|| panic!("{id} is stored and has no event"));
            let expected: Vec<u64> = (1..=u64::try_from(number(&product, "version")).unwrap()).collect();
            assert_eq!(versions(&story, &CHANGES), expected, "versions of the changes of {id} in the topic's order");
            assert_eq!(versions(&story, &["LowStockWarning"]), low(&story), "warnings of {id}");
            let last = story.iter().rfind(|published| CHANGES.contains(&published.event.kind.as_str())).unwrap();
            if product.contains_key("deletedAt") {
                assert_eq!(last.event.kind, "ProductDeleted", "{id}");
            } else {
                assert_eq!(last.event.data.get(), text(&product, "body"), "{id}");
            }
        }
        assert!(stories.is_empty(), "events without a product: {:?}", stories.keys());
        self.same_in_log_and_archive(&events).await;
        events.len()
    }

    async fn same_in_log_and_archive(&self, events: &[Published]) {
        let expected: BTreeMap<&str, (&str, &str, &str)> = events
            .iter()
            .map(|p| (p.event.id.as_str(), (p.event.kind.as_str(), p.event.time.as_str(), p.event.data.get())))
            .collect();
        let log = self.event_log("").await;
        let logged: BTreeMap<&str, _> = log
            .iter()
            .map(|entry| (entry.event_id.as_str(), (entry.kind.as_str(), entry.time.as_str(), entry.data.get())))
            .collect();
        assert_eq!(log.len(), logged.len(), "an event is twice in the log");
        assert_eq!(self.items("EventLogTable").await.len(), log.len(), "the log's table and its API differ");
        assert_same("log", &logged, &expected);
        let archive = self.archive().await;
        let archived: BTreeMap<&str, _> = archive
            .iter()
            .map(|line| (line.id.as_str(), (line.kind.as_str(), line.time.as_str(), line.data.get())))
            .collect();
        assert_same("archive", &archived, &expected);
    }
}

/// Versions of a product's events of these types, in the order of the topic.
fn versions(story: &[&Published], kinds: &[&str]) -> Vec<u64> {
    let of_kind = story.iter().filter(|published| kinds.contains(&published.event.kind.as_str()));
    of_kind.map(|published| published.event.version).collect()
}

/// Versions in which a product's stock was below its threshold.
fn low(story: &[&Published]) -> Vec<u64> {
    let is_low = |published: &&&Published| {
        let data: Value = serde_json::from_str(published.event.data.get()).unwrap();
        let threshold = data["lowStockThreshold"].as_u64();
        CHANGES.contains(&published.event.kind.as_str())
            && threshold.is_some_and(|it| data["stock"].as_u64() < Some(it))
    };
    story.iter().filter(is_low).map(|published| published.event.version).collect()
}

fn assert_same<T: PartialEq + std::fmt::Debug>(place: &str, found: &BTreeMap<&str, T>, expected: &BTreeMap<&str, T>) {
    let differs = |(id, event): &(&&str, &T)| found.get(**id) != Some(*event);
    let wrong: Vec<_> = expected.iter().filter(differs).map(|(id, event)| (id, event, found.get(id))).collect();
    assert!(wrong.is_empty(), "{} events are missing or differ in the {place}, such as {:?}", wrong.len(), wrong[0]);
    let invented: Vec<_> = found.keys().filter(|id| !expected.contains_key(**id)).collect();
    assert!(invented.is_empty(), "the {place} has events that the topic has not: {invented:?}");
}
