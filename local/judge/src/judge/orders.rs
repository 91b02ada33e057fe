//! Orders: each is decided once, is what was requested, and takes what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Found;
use super::topic::{Events, Histories};
use crate::event::{Event, Kind, Payload};
use crate::journal::{Journal, Outcome};
use crate::observed::{Observed, StoredOrder};
use crate::order::{Order, Pieces, asked};
use crate::product::Content;

pub(super) fn judge(journal: &Journal, events: &Events, histories: &Histories, observed: &Observed, found: &mut Found) {
    let mut stored: BTreeMap<&str, Order> = BTreeMap::new();
    for item in &observed.orders {
        match serde_json::from_str::<Order>(&item.body) {
            Ok(order) => {
                check_order(item, &order, events.get(item.id.as_str()).map_or(&[][..], Vec::as_slice), found);
                stored.insert(&item.id, order);
            }
            Err(why) => found.add("order-unreadable", &item.id, why.to_string()),
        }
    }
    for id in events.keys().filter(|id| !stored.contains_key(*id)) {
        found.add("event-without-order", id, "no such order is stored");
    }
    check_answers(journal, events, &stored, found);
    check_taken(histories, &stored, found);
}

/// One event when it was created, one when it was decided, and the stored order equals the latter's.
fn check_order(item: &StoredOrder, order: &Order, events: &[&Event], found: &mut Found) {
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.name()).collect();
    let decided = match item.status.as_str() {
        "confirmed" => "OrderConfirmed",
        "rejected" => "OrderRejected",
        _ => {
            found.add("order-undecided", &item.id, item.status.as_str());
            return;
        }
    };
    let sorted: BTreeSet<&str> = kinds.iter().copied().collect();
    found.check(
        kinds.len() == 2 && sorted == BTreeSet::from(["OrderCreated", decided]),
        "order-events",
        &item.id,
        || format!("it is {}, and its events are {kinds:?}", item.status),
    );
    let consistent = order.id == item.id && order.status == item.status && order.version == 2 && order.adds_up();
    found.check(consistent, "order-inconsistent", &item.id, || item.body.clone());
    found.check((item.status == "rejected") == order.reason.is_some(), "order-reason", &item.id, || item.body.clone());
    for event in events {
        let Payload::Order(described) = &event.payload else { continue };
        let same = match event.kind {
            Kind::OrderCreated => {
                described.status == "pending" && described.lines == order.lines && described.total == order.total
            }
            _ => event.data == item.body,
        };
        found.check(same, "order-event-differs", &item.id, || format!("{} tells {}", event.kind.name(), event.data));
    }
}

/// What was acknowledged is stored, with one order per key, and there are no other orders than requests of unknown
/// outcome may have created.
fn check_answers(journal: &Journal, events: &Events, stored: &BTreeMap<&str, Order>, found: &mut Found) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut answered: HashMap<&str, &str> = HashMap::new();
    let requests = || journal.requests.iter().filter(|request| request.is_order());
    for request in requests().filter(|request| request.outcome() == Outcome::Acknowledged) {
        let Some((_, answer)) = &request.answer else { continue };
        let key = request.sent.idempotency_key.as_deref();
        if let Some(first) = key.and_then(|key| answered.insert(key, &answer.body)) {
            found.check(first == answer.body, "key-answers-differ", key.unwrap_or_default(), || {
                format!("answered with {first} and with {}", answer.body)
            });
            continue;
        }
        let Ok(order) = serde_json::from_str::<Order>(&answer.body) else {
            found.add("answer-unreadable", &request.sent.path, answer.body.as_str());
            continue;
        };
        let asked_for = asked(&request.sent.body) == Some(order.pieces()) && order.status == "pending";
        found.check(asked_for && order.adds_up(), "answer-differs-from-request", &order.id, || {
            format!("{} was answered with {}", request.sent.body, answer.body)
        });
        let created = events.get(order.id.as_str()).and_then(|of| of.iter().find(|it| it.kind == Kind::OrderCreated));
        found.check(
            created.is_some_and(|event| event.data == answer.body),
            "acknowledged-without-event",
            &order.id,
            || format!("{} was acknowledged", answer.body),
        );
        found.check(stored.contains_key(order.id.as_str()), "acknowledged-missing", &order.id, || answer.body.clone());
        found.check(named.insert(order.id.clone()), "order-acknowledged-twice", &order.id, || answer.body.clone());
    }
    let mut unknown: BTreeMap<Pieces, usize> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for request in requests().filter(|request| request.outcome() == Outcome::Unknown) {
        let key = request.sent.idempotency_key.as_deref();
        let counts = key.is_none_or(|key| !answered.contains_key(key) && keys.insert(key));
        if let Some(asked) = asked(&request.sent.body).filter(|_| counts) {
            *unknown.entry(asked).or_default() += 1;
        }
    }
    for (id, order) in stored.iter().filter(|(id, _)| !named.contains(**id)) {
        match unknown.get_mut(&order.pieces()) {
            Some(left) if *left > 0 => *left -= 1,
            _ => found.add("invented", id, "an order that was asked for by nobody"),
        }
    }
}

/// The stock consumer took from each product what its confirmed orders say, and changed nothing else.
fn check_taken(histories: &Histories, stored: &BTreeMap<&str, Order>, found: &mut Found) {
    let mut owed: BTreeMap<&str, u128> = BTreeMap::new();
    for order in stored.values().filter(|order| order.status == "confirmed") {
        for line in &order.lines {
            *owed.entry(&line.product_id).or_default() += u128::from(line.quantity);
        }
    }
    for (id, history) in histories {
        let (mut taken, mut before): (u128, Option<&Content>) = (0, None);
        for event in history.changes.values().flatten() {
            let content = event.content();
            if event.is_by_orders() {
                let fell = content.zip(before).filter(|(now, before)| now.stock <= before.stock);
                let same = fell.filter(|(now, before)| {
                    let mut rest = (*before).clone();
                    rest.stock = now.stock;
                    rest == **now
                });
                found.check(same.is_some(), "stock-changes-more", id, || event.data.clone());
                taken += fell.map_or(0, |(now, before)| u128::from(before.stock - now.stock));
            }
            before = content;
        }
        let owed = owed.remove(id).unwrap_or_default();
        found.check(taken == owed, "stock-taken-differs", id, || {
            format!("{taken} were taken, and confirmed orders have {owed}")
        });
    }
    for (id, pieces) in owed {
        found.add("stock-taken-differs", id, format!("confirmed orders have {pieces} of a product without events"));
    }
}
