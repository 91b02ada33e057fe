//! Timers: what was acknowledged is there with its events, a waiting timer is in the due index once, and an ended one
//! is not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Found;
use super::dead_letters::WEBHOOK_SENDER;
use super::topic::Events;
use crate::event::{Kind, Payload};
use crate::journal::{Journal, Outcome, Request};
use crate::observed::Observed;
use crate::timer::{Answered, StoredTimer};

const PATH: &str = "/timers";

pub(super) fn judge(journal: &Journal, events: &Events, observed: &Observed, found: &mut Found) {
    let stored: BTreeMap<&str, &StoredTimer> = observed.timers.iter().map(|it| (it.id.as_str(), it)).collect();
    for timer in stored.values() {
        check_events(timer, events, found);
        check_due(timer, observed, found);
    }
    check_letters(&stored, observed, found);
    for id in events.keys().filter(|id| !stored.contains_key(*id)) {
        found.add("event-without-timer", id, "no such timer is stored");
    }
    for id in observed.due.keys().filter(|id| !stored.contains_key(id.as_str())) {
        found.add("due-without-timer", id, "no such timer is stored");
    }
    check_answers(journal, &stored, found);
}

/// It was requested once, it ended as its status says, and only attempts that it made were due.
fn check_events(timer: &StoredTimer, events: &Events, found: &mut Found) {
    let of = events.get(timer.id.as_str()).map_or(&[][..], Vec::as_slice);
    let kinds: Vec<Kind> = of.iter().map(|event| event.kind).filter(|kind| *kind != Kind::TimerDue).collect();
    let end = match timer.status.as_str() {
        "cancelled" => Some(Kind::TimerCancelled),
        "fired" => Some(Kind::TimerFired),
        "failed" => Some(Kind::TimerFailed),
        "scheduled" | "firing" => None,
        other => {
            found.add("timer-not-scheduled", &timer.id, other);
            None
        }
    };
    let expected: Vec<Kind> = std::iter::once(Kind::TimerRequested).chain(end).collect();
    // A timer that was given up may be redriven; its later outcome then counts.
    let last = kinds.len().saturating_sub(1);
    let counts = |(at, kind): &(usize, Kind)| *at == last || *kind != Kind::TimerFailed;
    let kinds: Vec<Kind> = kinds.into_iter().enumerate().filter(counts).map(|(_, kind)| kind).collect();
    found.check(kinds == expected, "timer-events", &timer.id, || {
        format!("it is {}, and its events are {kinds:?}", timer.status)
    });
    for event in of {
        let Payload::Timer(described) = &event.payload else { continue };
        let same = match event.kind {
            Kind::TimerRequested => {
                let fire_at = described.fire_at.map(jiff::Timestamp::as_millisecond);
                described.version == Some(1)
                    && (described.url.as_ref(), fire_at) == (Some(&timer.url), Some(timer.fire_at))
            }
            Kind::TimerDue => described.attempt.is_some_and(|attempt| (1..=timer.attempt).contains(&attempt)),
            Kind::TimerFailed => described.version.is_some_and(|version| version <= timer.version),
            _ => described.version == Some(timer.version),
        };
        found.check(same, "timer-event-differs", &timer.id, || format!("{} tells {}", event.kind.name(), event.data));
    }
}

/// The due index has the next attempt of a waiting or firing timer, and nothing of the others.
fn check_due(timer: &StoredTimer, observed: &Observed, found: &mut Found) {
    let due = observed.due.get(&timer.id).map_or(&[][..], Vec::as_slice);
    let waits = matches!(timer.status.as_str(), "scheduled" | "firing");
    let expected = if waits { vec![(timer.due_at, timer.attempt)] } else { Vec::new() };
    found.check(due == expected, "due-index-differs", &timer.id, || {
        format!("it is {}, {expected:?} was expected and {due:?} is there", timer.status)
    });
}

/// A timer that was given up has a dead letter for its last attempt, and no other timer has one.
fn check_letters(stored: &BTreeMap<&str, &StoredTimer>, observed: &Observed, found: &mut Found) {
    let letters = observed.dead_letters.iter().filter(|letter| letter.consumer == WEBHOOK_SENDER);
    let mut letters: BTreeSet<&str> = letters.map(|letter| letter.id.as_str()).collect();
    for timer in stored.values().filter(|timer| timer.status == "failed") {
        let kept = letters.remove(format!("{}.{}", timer.id, timer.attempt).as_str());
        found.check(kept, "dead-letter-missing", &timer.id, || "it is failed".to_owned());
    }
    for id in letters.into_iter().filter(|id| !id.starts_with(WEBHOOK_SENDER)) {
        let attempt =
            id.rsplit_once('.').and_then(|(id, attempt)| Some((stored.get(id)?, attempt.parse::<u64>().ok()?)));
        // A redriven timer has made further attempts since.
        let redriven = attempt.is_some_and(|(timer, attempt)| attempt < timer.attempt);
        found.check(redriven, "dead-letter-invented", id, || "its timer was not given up then".to_owned());
    }
}

/// What was acknowledged is stored as it was answered, with one timer per key; what was cancelled stays cancelled; and
/// there are no other timers than requests of unknown outcome may have created.
fn check_answers(journal: &Journal, stored: &BTreeMap<&str, &StoredTimer>, found: &mut Found) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut answered: HashMap<&str, &str> = HashMap::new();
    let of = |method: &'static str, outcome: Outcome| {
        let requests = journal.requests.iter().filter(|request| request.sent.path.starts_with(PATH));
        requests.filter(move |request| request.sent.method == method && request.outcome() == outcome)
    };
    for request in of("POST", Outcome::Acknowledged) {
        let Some((_, answer)) = &request.answer else { continue };
        let key = request.sent.idempotency_key.as_deref();
        if let Some(first) = key.and_then(|key| answered.insert(key, &answer.body)) {
            found.check(first == answer.body, "key-answers-differ", key.unwrap_or_default(), || {
                format!("answered with {first} and with {}", answer.body)
            });
            continue;
        }
        let Ok(Answered { timer_id, url, fire_at }) = serde_json::from_str(&answer.body) else {
            found.add("answer-unreadable", &request.sent.path, answer.body.as_str());
            continue;
        };
        found.check(url_of(request).as_ref() == Some(&url), "answer-differs-from-request", &timer_id, || {
            format!("{} was answered with {}", request.sent.body, answer.body)
        });
        let same = |timer: &&StoredTimer| timer.url == url && timer.fire_at == fire_at.as_millisecond();
        let kept = stored.get(timer_id.as_str()).is_some_and(same);
        found.check(kept, "acknowledged-missing", &timer_id, || answer.body.clone());
        found.check(named.insert(timer_id.clone()), "timer-acknowledged-twice", &timer_id, || answer.body.clone());
    }
    for request in of("DELETE", Outcome::Acknowledged) {
        let id = request.sent.path.trim_start_matches(PATH).trim_start_matches('/');
        let status = stored.get(id).map(|timer| timer.status.as_str());
        found.check(status == Some("cancelled"), "cancelled-lost", id, || format!("it is {status:?}"));
    }
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for url in of("POST", Outcome::Unknown).filter_map(url_of) {
        *unknown.entry(url).or_default() += 1;
    }
    for (id, timer) in stored.iter().filter(|(id, _)| !named.contains(**id)) {
        match unknown.get_mut(&timer.url) {
            Some(left) if *left > 0 => *left -= 1,
            _ => found.add("invented", id, "a timer that was asked for by nobody"),
        }
    }
}

fn url_of(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_str(&request.sent.body).ok()?;
    Some(body.get("url")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Event;
    use crate::journal::{Answer, Sent};
    use crate::observed::{DeadLetter, Place};

    const URL: &str = "https://example.com/hook";
    const FIRE_AT: &str = "2026-11-21T06:00:00Z";

    /// A timer that fired at its second attempt, a cancelled one, and a waiting one.
    struct Kept {
        journal: Journal,
        observed: Observed,
        events: Vec<Event>,
    }

    /// Breaks a rule.
    type Break = fn(&mut Kept);

    fn event(kind: &str, timer: &str, data: Value) -> Event {
        let mut data = data;
        data["timerId"] = json!(timer);
        let version = data.get("version").or(data.get("attempt")).cloned().unwrap();
        let event = json!({
            "specversion": "1.0", "id": format!("{kind}-{timer}-{version}"), "source": "s", "type": kind,
            "subject": timer, "time": FIRE_AT, "datacontenttype": "application/json", "dataschema": "d",
            "aggregateversion": version, "data": data
        });
        Event::read(event.to_string().as_bytes()).unwrap()
    }

    fn request(method: &str, path: &str, body: &Value, answer: (u16, Value)) -> Request {
        let sent = Sent { method: method.into(), path: path.into(), body: body.to_string(), ..Sent::default() };
        let answer = Answer { status: answer.0, body: answer.1.to_string(), ..Answer::default() };
        Request { sent_at: 1, sent, answer: Some((2, answer)) }
    }

    fn timer(id: &str, status: &str, version: u64, attempt: u64) -> StoredTimer {
        let at = FIRE_AT.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        StoredTimer { id: id.into(), status: status.into(), version, url: URL.into(), fire_at: at, due_at: at, attempt }
    }

    fn kept() -> Kept {
        let mut kept = Kept { journal: Journal::default(), observed: Observed::default(), events: Vec::new() };
        for id in ["fired", "cancelled", "waits"] {
            let answer = json!({"timerId": id, "url": URL, "fireAt": FIRE_AT});
            kept.journal.requests.push(request("POST", PATH, &json!({"url": URL}), (202, answer)));
            kept.events.push(event("TimerRequested", id, json!({"url": URL, "fireAt": FIRE_AT, "version": 1})));
        }
        kept.journal.requests.push(request("DELETE", "/timers/cancelled", &Value::Null, (204, Value::Null)));
        kept.events.push(event("TimerCancelled", "cancelled", json!({"version": 3})));
        kept.events.push(event("TimerDue", "fired", json!({"attempt": 1})));
        kept.events.push(event("TimerFired", "fired", json!({"attempt": 2, "version": 6})));
        kept.observed.timers = vec![
            timer("fired", "fired", 6, 2),
            timer("cancelled", "cancelled", 3, 1),
            timer("waits", "scheduled", 2, 1),
        ];
        let due = (kept.observed.timers[2].due_at, 1);
        kept.observed.due.insert("waits".into(), vec![due]);
        kept
    }

    fn codes(kept: &Kept) -> BTreeSet<&'static str> {
        let mut events = Events::new();
        for event in &kept.events {
            events.entry(event.subject.as_str()).or_default().push(event);
        }
        let mut found = Found::default();
        judge(&kept.journal, &events, &kept.observed, &mut found);
        found.0.into_iter().map(|violation| violation.code).collect()
    }

    #[test]
    fn every_rule_of_timers_sees_when_it_is_broken() {
        assert_eq!(codes(&kept()), BTreeSet::new());
        let breaks: [(&str, Break); 14] = [
            ("acknowledged-missing", |kept| drop(kept.observed.timers.remove(0))),
            ("acknowledged-missing", |kept| kept.observed.timers[0].fire_at += 1),
            ("timer-events", |kept| drop(kept.events.remove(0))),
            ("timer-events", |kept| drop(kept.events.pop())),
            ("timer-event-differs", |kept| kept.observed.timers[0].version += 1),
            ("timer-not-scheduled", |kept| kept.observed.timers[2].status = "pending".into()),
            ("due-index-differs", |kept| kept.observed.due.clear()),
            ("due-index-differs", |kept| drop(kept.observed.due.insert("fired".into(), vec![(1, 2)]))),
            ("due-without-timer", |kept| drop(kept.observed.due.insert("nobody".into(), vec![(1, 2)]))),
            ("event-without-timer", |kept| kept.events.push(event("TimerDue", "nobody", json!({"attempt": 1})))),
            ("cancelled-lost", |kept| kept.observed.timers[1].status = "fired".into()),
            ("dead-letter-missing", |kept| kept.observed.timers[2].status = "failed".into()),
            ("dead-letter-invented", |kept| {
                let place = Place { topic: "timer-due".into(), partition: 0, offset: 0 };
                let (id, consumer) = ("waits.1".into(), WEBHOOK_SENDER.into());
                let letter =
                    DeadLetter { id, consumer, reason: "webhook_failed".to_owned(), place, key: None, value: None };
                kept.observed.dead_letters.push(letter);
            }),
            ("invented", |kept| drop(kept.journal.requests.remove(0))),
        ];
        for (code, break_it) in breaks {
            let mut kept = kept();
            break_it(&mut kept);
            assert!(codes(&kept).contains(code), "{code} was not seen: {:?}", codes(&kept));
        }
    }
}
