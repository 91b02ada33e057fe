//! State and events agree: each version of a product is one change event, plus a warning if its stock is low.

use std::collections::BTreeSet;

use super::Found;
use super::topic::{Histories, History};
use crate::event::{Event, Kind, Payload};
use crate::observed::{Observed, StoredProduct};
use crate::product::Content;

pub(super) fn judge(histories: &Histories, observed: &Observed, found: &mut Found) {
    let none = History::default();
    let mut stored = BTreeSet::new();
    for product in &observed.products {
        let history = histories.get(product.id.as_str()).unwrap_or(&none);
        stored.insert(product.id.as_str());
        check_versions(product, history, found);
        check_last(product, history, found);
    }
    for (id, history) in histories {
        found.check(stored.contains(id), "event-without-product", id, || {
            format!(
                "events of versions {:?}, and no such product is stored",
                history.changes.keys().collect::<Vec<_>>()
            )
        });
        check_life(id, history, found);
        check_warnings(id, history, found);
    }
}

fn check_versions(product: &StoredProduct, history: &History, found: &mut Found) {
    for version in 1..=product.version {
        found.check(history.changes.contains_key(&version), "version-without-event", &product.id, || {
            format!("version {version} of {}", product.version)
        });
    }
    for version in history.changes.keys().filter(|version| !(1..=product.version).contains(*version)) {
        let evidence = format!("an event of version {version}, and the product is stored at {}", product.version);
        found.add("event-without-version", &product.id, evidence);
    }
}

fn check_last(product: &StoredProduct, history: &History, found: &mut Found) {
    let Some(last) = history.changes.get(&product.version).and_then(|events| events.last()) else { return };
    let same = match &product.body {
        Some(body) => last.kind != Kind::ProductDeleted && *body == last.data,
        None => last.kind == Kind::ProductDeleted,
    };
    found.check(same, "stored-differs", &product.id, || {
        let stored = product.body.as_deref().unwrap_or("deleted");
        format!("stored is {stored}, the last event is {} {}", last.kind.name(), last.data)
    });
}

/// Created while absent, changed and deleted while present; fields that clients do not control are carried over.
fn check_life(id: &str, history: &History, found: &mut Found) {
    let mut before: Option<&Event> = None;
    for (version, events) in &history.changes {
        found.check(events.len() == 1, "version-with-two-events", id, || {
            let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
            format!("version {version} has the events {ids:?}")
        });
        for event in events {
            let lives = before.is_some_and(|before| before.kind != Kind::ProductDeleted);
            found.check(lives != (event.kind == Kind::ProductCreated), "impossible-change", id, || {
                let before = before.map_or("nothing", |before| before.kind.name());
                format!("{} of version {version} follows {before}", event.kind.name())
            });
            if let (Payload::Product(product), Some(Payload::Product(earlier))) =
                (&event.payload, before.map(|before| &before.payload))
            {
                found.check(product.created_at == earlier.created_at, "created-again", id, || {
                    format!("createdAt of version {version} is {}, and was {}", product.created_at, earlier.created_at)
                });
            }
        }
        before = events.last().copied();
    }
}

fn check_warnings(id: &str, history: &History, found: &mut Found) {
    let mut low_before = false;
    for (version, events) in &history.changes {
        let warnings = history.warnings.get(version).map_or(&[][..], Vec::as_slice);
        let is_low = events.iter().any(|event| event.content().is_some_and(Content::is_low));
        // A client's change warns whenever it leaves a product low, an order only when it crosses the threshold.
        let low = is_low && !(low_before && events.iter().any(|event| event.is_by_orders()));
        low_before = is_low;
        found.check(low == (warnings.len() == 1) && warnings.len() < 2, "warning-wrong", id, || {
            format!(
                "version {version} has {} warnings, and its stock {}",
                warnings.len(),
                if low { "is low" } else { "is not, or was before" }
            )
        });
        for (warning, change) in warnings.iter().zip(events) {
            let (Payload::Warning(described), Some(content)) = (&warning.payload, change.content()) else { continue };
            let same = (&described.name, described.stock, Some(described.low_stock_threshold))
                == (&content.name, content.stock, content.low_stock_threshold);
            found.check(same, "warning-differs", id, || format!("{} does not tell {}", warning.data, change.data));
        }
    }
    for version in history.warnings.keys().filter(|version| !history.changes.contains_key(version)) {
        found.add("warning-wrong", id, format!("a warning of version {version}, which has no change"));
    }
}
