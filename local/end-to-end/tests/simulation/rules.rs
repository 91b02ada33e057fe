//! Each rule of the judge, broken once by hand in an outcome that keeps them all.
#![allow(clippy::unit_arg, reason = "in the tables, a rule is broken in one line")]

use std::collections::BTreeSet;

use millrace_judge::journal::{Answer, Request};
use millrace_judge::observed::{Copy, DeadLetter, Observed, Place, StoredOrder, StoredProduct, TopicRecord};
use millrace_judge::{Journal, judge};

use super::run::run;

/// Number of seeds searched for an outcome in which a rule can be broken.
const SEEDS: u64 = 300;

/// Breaks a rule; `None` if the outcome has nothing to break.
type Break = fn(&mut Journal, &mut Observed) -> Option<()>;

/// The last record of a product that was not written past the API.
fn record<'a>(journal: &Journal, observed: &'a mut Observed) -> Option<&'a mut TopicRecord> {
    let of_api = |it: &&mut TopicRecord| it.place.topic == "product-events" && !journal.produced.contains(&it.place);
    observed.records.iter_mut().rfind(of_api)
}

/// The first request with this status in its answer.
fn request(journal: &mut Journal, status: u16) -> Option<&mut Request> {
    let with = |request: &&mut Request| request.answer.as_ref().is_some_and(|(_, answer)| answer.status == status);
    journal.requests.iter_mut().find(with)
}

fn answer(journal: &mut Journal, status: u16) -> Option<&mut Answer> {
    request(journal, status)?.answer.as_mut().map(|(_, answer)| answer)
}

fn replace(bytes: &mut Option<Vec<u8>>, from: &str, to: &str) -> Option<()> {
    let text = String::from_utf8(bytes.take()?).ok()?;
    *bytes = Some(text.replacen(from, to, 1).into_bytes());
    text.contains(from).then_some(())
}

fn live(observed: &mut Observed) -> Option<&mut StoredProduct> {
    observed.products.iter_mut().find(|product| product.body.is_some())
}

/// Appends a record to its partition.
fn behind(observed: &mut Observed, mut record: TopicRecord) {
    let at = |place: &Place| (place.topic.clone(), place.partition);
    let (own, at) = (at(&record.place), at);
    let of = |other: &&TopicRecord| at(&other.place) == own;
    record.place.offset = observed.records.iter().filter(of).count() as i64;
    let at = observed.records.iter().rposition(|other| of(&other)).map_or(0, |at| at + 1);
    observed.records.insert(at, record);
}

/// Broken rules about stored and acknowledged state.
const STORED: [(&str, Break); 12] = [
    ("acknowledged-missing", |_, observed| Some(drop(observed.products.pop()?))),
    ("acknowledged-differs", |_, observed| live(observed)?.body.as_mut().map(|body| body.push(' '))),
    ("stored-differs", |_, observed| live(observed).map(|product| product.body = None)),
    ("event-without-product", |_, observed| Some(drop(observed.products.pop()?))),
    ("event-without-version", |_, observed| {
        observed.products.iter_mut().find(|it| it.version > 1).map(|it| it.version -= 1)
    }),
    ("version-without-event", |_, observed| live(observed).map(|product| product.version += 1)),
    ("outbox-not-empty", |_, observed| Some(observed.outbox.push("product#p, 1".to_owned()))),
    ("unreadable", |_, observed| Some(observed.unreadable.push(("ProductsTable".to_owned(), "no id".to_owned())))),
    ("answer-unreadable", |journal, _| answer(journal, 201).map(|answer| answer.body.clear())),
    ("answer-disagrees", |journal, _| answer(journal, 200).map(|answer| answer.etag = None)),
    ("answer-differs-from-request", |journal, _| {
        let request = request(journal, 201)?;
        Some(request.sent.body = request.sent.body.replace("\"stock\":", "\"stock\":1"))
    }),
    ("if-match-ignored", |journal, _| {
        request(journal, 200).map(|request| request.sent.if_match = Some("\"77\"".to_owned()))
    }),
];

/// Broken rules about attribution: who asked for it.
const ASKED: [(&str, Break); 5] = [
    ("invented", |journal, _| answer(journal, 200).map(|answer| *answer = Answer { status: 404, ..Answer::default() })),
    ("acknowledged-without-event", |journal, _| {
        let request = request(journal, 412)?;
        "DELETE".clone_into(&mut request.sent.method);
        request.answer.as_mut().map(|(_, answer)| answer.status = 204)
    }),
    ("version-acknowledged-twice", |journal, _| {
        let twice = request(journal, 200)?.clone();
        Some(journal.requests.push(twice))
    }),
    ("went-back", |journal, _| {
        let (mut later, last) = (request(journal, 201)?.clone(), journal.requests.len());
        later.sent_at = usize::MAX - 1;
        later.answer.as_mut()?.0 = usize::MAX;
        later.sent.idempotency_key = None;
        let id = later.answer.as_ref()?.1.body.get(7..11)?.to_owned();
        let changed =
            |it: &Request| it.sent.path.contains(&id) && it.answer.as_ref().is_some_and(|(_, it)| it.status == 200);
        let any = journal.requests.iter().any(changed);
        (any && last > 0).then(|| journal.requests.push(later))
    }),
    ("key-answers-differ", |journal, _| {
        let keyed = |request: &&Request| {
            request.sent.idempotency_key.is_some() && request.answer.as_ref().is_some_and(|(_, it)| it.status == 201)
        };
        let mut other = journal.requests.iter().find(keyed)?.clone();
        other.answer.as_mut()?.1.body.push(' ');
        Some(journal.requests.push(other))
    }),
];

/// Broken rules about the topic.
const TOPIC: [(&str, Break); 12] = [
    ("published-unreadable", |journal, observed| Some(record(journal, observed)?.value = None)),
    ("key-differs", |journal, observed| Some(record(journal, observed)?.key = None)),
    ("header-missing", |journal, observed| Some(record(journal, observed)?.headers.clear())),
    ("event-disagrees", |journal, observed| {
        replace(&mut record(journal, observed)?.value, "\"aggregateversion\":", "\"aggregateversion\":1")
    }),
    ("event-differs", |journal, observed| {
        let record = observed.records.iter_mut().find(|it| !journal.produced.contains(&it.place))?;
        replace(&mut record.value, "\"amount\":950", "\"amount\":951")
    }),
    ("repeat-differs", |journal, observed| {
        let mut repeat = record(journal, observed)?.clone();
        repeat.headers.push(("more".to_owned(), Vec::new()));
        Some(behind(observed, repeat))
    }),
    ("version-with-two-events", |journal, observed| {
        let mut other = record(journal, observed)?.clone();
        replace(&mut other.value, "\"id\":\"", "\"id\":\"x")?;
        Some(behind(observed, other))
    }),
    ("two-partitions", |journal, observed| {
        let mut other = record(journal, observed)?.clone();
        replace(&mut other.value, "\"id\":\"", "\"id\":\"x")?;
        other.place.partition = 1 - other.place.partition;
        Some(behind(observed, other))
    }),
    ("order-broken", |journal, observed| {
        let first = observed.records.iter().find(|it| !journal.produced.contains(&it.place))?;
        let mut other = first.clone();
        let last = observed.records.iter().rfind(|it| it.key == first.key && it.value != first.value)?;
        if last.place.partition != other.place.partition {
            return None;
        }
        replace(&mut other.value, "\"id\":\"", "\"id\":\"x")?;
        Some(behind(observed, other))
    }),
    ("impossible-change", |_, observed| {
        observed.records.iter_mut().find_map(|it| replace(&mut it.value, "ProductCreated", "ProductUpdated"))
    }),
    ("created-again", |_, observed| {
        let changed = |it: &&mut TopicRecord| {
            it.value.as_ref().is_some_and(|it| String::from_utf8_lossy(it).contains("ProductUpdated"))
        };
        observed
            .records
            .iter_mut()
            .filter(changed)
            .find_map(|it| replace(&mut it.value, "\"createdAt\":\"2026", "\"createdAt\":\"2025"))
    }),
    ("warning-wrong", |_, observed| {
        let warns = |it: &TopicRecord| {
            it.value.as_ref().is_some_and(|it| String::from_utf8_lossy(it).contains("LowStockWarning:1"))
        };
        let id = observed.records.iter().find(|it| warns(it))?.place.clone();
        Some(observed.records.retain(|it| it.place != id && !warns(it)))
    }),
];

/// Broken rules about the copies.
const COPIES: [(&str, Break); 20] = [
    ("warning-differs", |_, observed| {
        let of = |it: &&mut TopicRecord| {
            it.value.as_ref().is_some_and(|it| String::from_utf8_lossy(it).contains("LowStockWarning:1"))
        };
        observed.records.iter_mut().filter(of).find_map(|it| replace(&mut it.value, "\"name\":\"", "\"name\":\"x"))
    }),
    ("log-missing", |_, observed| Some(drop(observed.log.pop()?))),
    ("log-twice", |_, observed| Some(observed.log.push(observed.log.first()?.clone()))),
    ("log-differs", |_, observed| Some(observed.log.first_mut()?.data.push('x'))),
    ("log-invented", |_, observed| Some(observed.log.first_mut()?.place.offset += 1)),
    ("archive-missing", |_, observed| {
        let id = observed.archive.first()?.copy.id.clone();
        Some(observed.archive.retain(|line| line.copy.id != id))
    }),
    ("archive-differs", |_, observed| Some(observed.archive.first_mut()?.copy.kind.push('x'))),
    ("archive-invented", |_, observed| {
        let line = observed.archive.first()?.clone();
        let copy = Copy { id: "other".to_owned(), ..line.copy.clone() };
        Some(observed.archive.push(millrace_judge::observed::ArchiveLine { copy, ..line }))
    }),
    ("archive-misfiled", |_, observed| {
        let object = &mut observed.archive.first_mut()?.object;
        Some(*object = object.replace("hour=", "hour=1"))
    }),
    ("log-differs", |_, observed| {
        Some(drop(observed.log.first_mut()?.attributes.insert("tenant".to_owned(), "\"eu\"".to_owned())))
    }),
    ("reused-id-lost", |_, observed| {
        let at = observed.dead_letters.iter().position(|letter| letter.reason == "id_reused")?;
        Some(drop(observed.dead_letters.remove(at)))
    }),
    ("logged-and-given-up", |_, observed| {
        let refused = observed.dead_letters.iter().find(|letter| letter.reason == "id_reused")?;
        let logged = observed.log.iter_mut().find(|copy| copy.id == refused.id)?;
        Some(logged.place = refused.place.clone())
    }),
    ("id-given-up", |_, observed| {
        let letter = observed.dead_letters.iter().find(|letter| letter.reason == "id_reused")?.clone();
        let first = observed.log.iter().find(|copy| copy.id == letter.id)?.place.clone();
        Some(observed.dead_letters.push(DeadLetter { place: first, ..letter }))
    }),
    ("dead-letter-invented", |_, observed| {
        let letter = observed.dead_letters.iter().find(|letter| letter.reason == "id_reused")?.clone();
        let place = Place { offset: letter.place.offset + 1_000, ..letter.place.clone() };
        Some(observed.dead_letters.push(DeadLetter { place, ..letter }))
    }),
    ("dead-letter-twice", |_, observed| {
        let letter = observed.dead_letters.iter().find(|letter| letter.reason == "id_reused")?.clone();
        Some(observed.dead_letters.push(letter))
    }),
    ("dead-letter-missing", |_, observed| Some(drop(observed.dead_letters.pop()?))),
    ("dead-letter-differs", |_, observed| Some(observed.dead_letters.first_mut()?.value = None)),
    ("dead-letter-differs", |_, observed| Some(observed.dead_letters.first_mut()?.id.push('x'))),
    ("dead-letter-twice", |_, observed| Some(observed.dead_letters.push(observed.dead_letters.first()?.clone()))),
    ("dead-letter-invented", |_, observed| {
        let place = Place { offset: 0, ..observed.records.first()?.place.clone() };
        let [id, consumer, reason] = ["x"; 3].map(str::to_owned);
        let letter = DeadLetter { id, consumer, reason, place, key: None, value: None };
        Some(observed.dead_letters.push(letter))
    }),
];

/// The first stored order with this status.
fn order<'a>(observed: &'a mut Observed, status: &str) -> Option<&'a mut StoredOrder> {
    observed.orders.iter_mut().find(|order| order.status == status)
}

/// The first acknowledged request for an order.
fn ordered(journal: &mut Journal) -> Option<&mut Request> {
    let with =
        |it: &&mut Request| it.sent.path == "/orders" && it.answer.as_ref().is_some_and(|(_, it)| it.status == 201);
    journal.requests.iter_mut().find(with)
}

/// Broken rules about orders.
const ORDERS: [(&str, Break); 12] = [
    ("order-undecided", |_, observed| {
        order(observed, "confirmed").map(|order| "pending".clone_into(&mut order.status))
    }),
    ("order-events", |_, observed| {
        order(observed, "confirmed")?;
        Some(observed.records.retain(|record| record.place.topic != "order-events"))
    }),
    ("order-inconsistent", |_, observed| {
        order(observed, "confirmed").map(|order| order.body = order.body.replace("\"version\":2", "\"version\":3"))
    }),
    ("order-reason", |_, observed| {
        order(observed, "confirmed")
            .map(|it| it.body = it.body.replace("\"version\":2", "\"version\":2,\"reason\":\"x\""))
    }),
    ("order-event-differs", |_, observed| order(observed, "rejected").map(|order| order.body.push(' '))),
    ("order-unreadable", |_, observed| order(observed, "rejected").map(|order| order.body.clear())),
    ("event-without-order", |_, observed| observed.orders.pop().map(drop)),
    ("acknowledged-missing", |journal, observed| {
        let id = ordered(journal)?.answer.as_ref()?.1.body.get(7..43)?.to_owned();
        Some(observed.orders.retain(|order| order.id != id))
    }),
    ("order-acknowledged-twice", |journal, _| {
        let twice = ordered(journal)?.clone();
        Some(journal.requests.push(twice))
    }),
    ("invented", |journal, _| ordered(journal).map(|it| it.answer.as_mut().unwrap().1.status = 404)),
    ("stock-taken-differs", |_, observed| {
        let order = order(observed, "confirmed")?;
        Some(order.body = order.body.replace("\"quantity\":", "\"quantity\":1"))
    }),
    ("stock-changes-more", |_, observed| {
        let by_stock = |it: &&mut TopicRecord| {
            let value = it.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            it.place.topic == "product-events" && value.contains("urn:millrace:stock")
        };
        let mut records = observed.records.iter_mut().filter(by_stock);
        records.find_map(|it| replace(&mut it.value, "\"amount\":950", "\"amount\":951"))
    }),
];

#[test]
fn every_rule_is_seen_when_it_is_broken() {
    let rules: Vec<&(&str, Break)> = [&STORED[..], &ASKED, &TOPIC, &COPIES, &ORDERS].into_iter().flatten().collect();
    let mut broken = BTreeSet::new();
    for seed in 0..SEEDS {
        let outcome = run(seed, None, false);
        assert!(outcome.violations.is_empty(), "seed {seed}");
        for (at, (code, breaks)) in rules.iter().enumerate().filter(|(at, _)| !broken.contains(at)).collect::<Vec<_>>()
        {
            let (mut journal, mut observed) = (outcome.journal.clone(), outcome.observed.clone());
            let applied = breaks(&mut journal, &mut observed).is_some();
            if applied && judge(&journal, &observed).iter().any(|violation| violation.code == *code) {
                broken.insert(at);
            }
        }
    }
    let unseen: Vec<&str> = (0..rules.len()).filter(|at| !broken.contains(at)).map(|at| rules[at].0).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}
