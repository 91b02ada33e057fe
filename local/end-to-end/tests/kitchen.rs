//! The judge's rules about ingredients, notices and mails, each broken once in real output of a stack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]
#![allow(clippy::unit_arg, reason = "in the tables, a rule is broken in one line")]

use std::time::Duration;

use end_to_end::stack::Stack;
use end_to_end::stack::orders::{decided, dish, ingredient, ordered};
use krafka::producer::Record;
use millrace_judge::journal::{Answer, Request};
use millrace_judge::observed::{DeadLetter, Observed, StoredIngredient, TopicRecord};
use millrace_judge::read::Reader;
use millrace_judge::{Journal, judge};
use serde_json::{Value, json};

/// A fault that the test ends itself.
const UNTIL_ENDED: Duration = Duration::from_secs(600);
/// The id of an order that no API created.
const STRAY: &str = "stray-order";

/// Breaks a rule; `None` if there is nothing to break.
type Break = fn(&mut Journal, &mut Observed) -> Option<()>;

fn stored<'a>(observed: &'a mut Observed, id: &str) -> Option<&'a mut StoredIngredient> {
    observed.ingredients.iter_mut().find(|stored| stored.id == id)
}

/// Changes the stored ingredient.
fn change(observed: &mut Observed, id: &str, change: impl FnOnce(&mut Value)) -> Option<()> {
    let stored = stored(observed, id)?;
    let mut body: Value = serde_json::from_str(&stored.body).ok()?;
    change(&mut body);
    stored.version = body["version"].as_u64().unwrap_or(stored.version);
    Some(stored.body = body.to_string())
}

fn more(body: &mut Value, name: &str, by: i64) {
    body[name] = json!(body[name].as_i64().unwrap() + by);
}

/// An acknowledged request whose path ends with `path`.
fn request<'a>(journal: &'a mut Journal, path: &str) -> Option<&'a mut Request> {
    journal.requests.iter_mut().find(|it| it.sent.path.ends_with(path) && it.answer.as_ref().unwrap().1.status < 300)
}

fn answer<'a>(journal: &'a mut Journal, path: &str) -> Option<&'a mut Answer> {
    request(journal, path)?.answer.as_mut().map(|(_, answer)| answer)
}

/// Copies a request and changes the copy.
fn again(journal: &mut Journal, path: &str, change: impl FnOnce(&mut Request)) -> Option<()> {
    let mut again = request(journal, path)?.clone();
    change(&mut again);
    Some(journal.requests.push(again))
}

fn notice(observed: &mut Observed) -> Option<&mut TopicRecord> {
    let of_beef = |record: &&mut TopicRecord| record.place.topic == "notify" && record.key.as_deref() == Some(b"beef");
    observed.records.iter_mut().find(of_beef)
}

/// Changes the notice of beef: a copy with its own id if `twice`, else the notice itself.
fn renotice(observed: &mut Observed, twice: bool, change: impl FnOnce(&mut Value)) -> Option<()> {
    let mut record = notice(observed)?.clone();
    let mut event: Value = serde_json::from_slice(record.value.as_ref()?).ok()?;
    change(&mut event);
    if twice {
        event["id"] = json!("another");
        record.place.offset = 1_000;
    }
    record.value = Some(event.to_string().into_bytes());
    if twice {
        observed.records.push(record);
    } else {
        *notice(observed)? = record;
    }
    Some(())
}

/// Broken rules about ingredients. `beef` was replaced, restocked, and taken by orders below half and above again;
/// nobody ordered `salt`.
const INGREDIENTS: [(&str, Break); 17] = [
    ("acknowledged-missing", |_, observed| Some(observed.ingredients.retain(|it| it.id != "salt"))),
    ("acknowledged-missing", |_, observed| change(observed, "salt", |body| more(body, "version", -1))),
    ("acknowledged-differs", |_, observed| change(observed, "salt", |body| more(body, "stock", -1))),
    ("acknowledged-differs", |_, observed| change(observed, "beef", |body| body["unit"] = json!("kg"))),
    ("ingredient-unreadable", |_, observed| change(observed, "beef", |body| body["stock"] = json!(-1))),
    ("ingredient-inconsistent", |_, observed| stored(observed, "beef").map(|stored| stored.version += 1)),
    ("ingredient-stock-differs", |_, observed| change(observed, "beef", |body| more(body, "stock", 1_000))),
    ("ingredient-taken-differs", |_, observed| change(observed, "beef", |body| more(body, "stock", -1))),
    ("ingredient-taken-differs", |_, observed| Some(drop(observed.orders.pop()?))),
    ("ingredient-version-unexplained", |_, observed| change(observed, "beef", |body| more(body, "version", 50))),
    ("invented", |_, observed| {
        let mut other = observed.ingredients.first()?.clone();
        "nobody-asked".clone_into(&mut other.id);
        other.body = other.body.replace("\"id\":\"beef\"", "\"id\":\"nobody-asked\"");
        Some(observed.ingredients.push(other))
    }),
    ("answer-differs-from-request", |journal, _| {
        request(journal, "/beef/restock").map(|it| it.sent.body = json!({"quantity": 1_000_000}).to_string())
    }),
    ("answer-differs-from-request", |journal, _| {
        let request = request(journal, "/ingredients/salt")?;
        Some(request.sent.body = request.sent.body.replace("\"g\"", "\"kg\""))
    }),
    ("answer-disagrees", |journal, _| answer(journal, "/ingredients/salt").map(|it| it.etag = None)),
    ("if-match-ignored", |journal, _| {
        request(journal, "/ingredients/salt").map(|it| it.sent.if_match = Some("\"77\"".to_owned()))
    }),
    ("version-acknowledged-twice", |journal, _| {
        again(journal, "/beef/restock", |it| it.sent.idempotency_key = Some("another".to_owned()))
    }),
    ("key-answers-differ", |journal, _| {
        again(journal, "/beef/restock", |it| it.answer.as_mut().unwrap().1.body.push(' '))
    }),
];

/// Broken rules about notices, mails and dead letters.
const NOTICES_MAILS_AND_DEAD_LETTERS: [(&str, Break); 14] = [
    ("notice-wrong", |_, observed| Some(observed.records.retain(|record| record.place.topic != "notify"))),
    ("notice-wrong", |_, observed| renotice(observed, true, |event| version(event, 2))),
    ("notice-twice", |_, observed| renotice(observed, true, |_| {})),
    ("notice-invented", |_, observed| renotice(observed, false, |event| version(event, 77))),
    ("notice-invented", |_, observed| {
        let id = json!("nobody");
        renotice(observed, false, |event| (event["subject"], event["data"]["ingredientId"]) = (id.clone(), id))
    }),
    ("notice-above-half", |_, observed| renotice(observed, false, |event| event["data"]["stock"] = json!(99))),
    ("notice-differs", |_, observed| renotice(observed, false, |event| event["data"]["name"] = json!("Pork"))),
    ("notice-differs", |_, observed| renotice(observed, false, |event| event["data"]["stock"] = json!(0))),
    ("mail-missing", |_, observed| observed.mails.iter_mut().find(|mail| mail.sent).map(|mail| mail.sent = false)),
    ("mail-invented", |_, observed| {
        let mut other = observed.mails.first()?.clone();
        "another".clone_into(&mut other.event);
        Some(observed.mails.push(other))
    }),
    ("mail-given-up", |_, observed| {
        let place = letter(observed, "alert-mail")?.place.clone();
        let record = observed.records.iter().find(|record| record.place == place)?;
        let event: Value = serde_json::from_slice(record.value.as_ref()?).ok()?;
        let mut sent = observed.mails.first()?.clone();
        sent.event = format!("{}#{}", event["id"].as_str()?, event["source"].as_str()?);
        observed.mails.retain(|mail| mail.event != sent.event);
        Some(observed.mails.push(sent))
    }),
    ("dead-letter-missing", |_, observed| Some(observed.dead_letters.retain(|letter| letter.consumer != "stock"))),
    ("dead-letter-differs", |_, observed| letter(observed, "stock").map(|letter| letter.value = None)),
    ("dead-letter-invented", |_, observed| {
        letter(observed, "stock").map(|it| "event-log".clone_into(&mut it.consumer))
    }),
];

fn version(event: &mut Value, version: u64) {
    (event["aggregateversion"], event["data"]["version"]) = (json!(version), json!(version));
}

fn letter<'a>(observed: &'a mut Observed, consumer: &str) -> Option<&'a mut DeadLetter> {
    observed.dead_letters.iter_mut().find(|letter| letter.consumer == consumer)
}

/// An event about an order that is not stored.
fn stray_order() -> Value {
    let (at, price) = ("2026-11-21T06:00:00Z", json!({"amount": 1, "currency": "EUR"}));
    json!({
        "specversion": "1.0", "id": "stray", "source": "urn:millrace:test", "type": "OrderCreated", "subject": STRAY,
        "time": at, "datacontenttype": "application/json", "dataschema": "urn:millrace:schema:OrderCreated:1",
        "aggregateversion": 1,
        "data": {
            "id": STRAY, "status": "pending", "total": price, "version": 1, "createdAt": at, "updatedAt": at,
            "lines": [{"productId": "dish", "name": "Dish", "quantity": 1, "unitPrice": price, "total": price,
                "recipe": [{"ingredientId": "beef", "quantity": 1, "unit": "g"}]}]
        }
    })
}

/// Two falls below half, one by orders and one by a replacement whose mail SES rejects; and an order that does not
/// exist, twice.
async fn cook(stack: &Stack) {
    for id in ["salt", "beef"] {
        ingredient(stack, id, 100).await;
    }
    dish(stack, "dish", 100, &[("beef", 10)]).await;
    let half = json!({"name": "Beef", "unit": "g", "stock": 90, "fullLevel": 100, "alertEmail": "a@example.com"});
    stack.ask("PUT", "/ingredients/beef", &half).await.with(200);
    ordered(stack, &[("dish", 3)]).await;
    ordered(stack, &[("dish", 2)]).await;
    decided(stack, 2).await;
    for _ in 0..2 {
        let restock = stack.request("POST", "/ingredients/beef/restock").header("idempotency-key", "restock");
        stack.send(restock.json(&json!({"quantity": 50}))).await.with(200);
    }
    stack.drained().await;
    stack.fault("sesRejects", 1.0, UNTIL_ENDED).await;
    let low = json!({"name": "Salt", "unit": "g", "stock": 10, "fullLevel": 100});
    stack.ask("PUT", "/ingredients/salt", &low).await.with(200);
    stack.drained().await;
    let stray = stray_order().to_string();
    let records = (0..2).map(|_| Record::new("order_created", stray.clone().into_bytes()).key("main"));
    stack.produce(records.collect()).await;
    // Behind it in its partition.
    ordered(stack, &[("dish", 1)]).await;
    decided(stack, 3).await;
    stack.drained().await;
}

#[tokio::test]
async fn an_order_from_nowhere_is_given_up_and_every_broken_rule_of_ingredients_notices_and_mails_is_seen() {
    let stack = Stack::start().await;
    cook(&stack).await;
    stack.conserved().await;
    let letters = stack.items("DeadLetterTable").await;
    let of_stock =
        letters.iter().find(|letter| end_to_end::stack::tables::text(letter, "consumer") == "stock").unwrap();
    let told = ["id", "reason"].map(|name| end_to_end::stack::tables::text(of_stock, name));
    assert_eq!((letters.len(), told), (2, ["stray", "unknown_order"]));

    let (journal, observed) = (stack.journal.journal(), Reader::new(&stack.addresses).observe().await.unwrap());
    let mut unseen = Vec::new();
    for (at, (code, breaks)) in INGREDIENTS.iter().chain(&NOTICES_MAILS_AND_DEAD_LETTERS).enumerate() {
        let (mut journal, mut observed) = (journal.clone(), observed.clone());
        let applied = breaks(&mut journal, &mut observed).is_some();
        let violations = judge(&journal, &observed);
        if !applied || !violations.iter().any(|violation| violation.code == *code) {
            unseen.push((at, *code, applied, violations));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}
