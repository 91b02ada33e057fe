use std::collections::BTreeMap;

use millrace_activity::EventState;
use millrace_activity::item::{Status, Waited};
use millrace_domain::id::TimerId;
use millrace_domain::order;
use millrace_domain::timer::{self, Attempt, Timer};
use proptest::prelude::*;

use super::super::facts::{Decision, Effect, Ends, Processing};
use super::*;
use jiff::{SignedDuration, Timestamp};

const START: Timestamp = Timestamp::constant(1_795_240_800, 0);

fn at(ms: i64) -> Timestamp {
    START + SignedDuration::from_millis(ms)
}

fn event(kind: EventType, source: &str) -> Event {
    Event { source: source.to_owned(), kind, time: Some(START) }
}

/// An event that was just made.
fn facts(kind: EventType, source: &str, effect: Effect) -> Facts {
    Facts {
        event: Some(event(kind, source)),
        place: Some(Place { topic: "t".to_owned(), partition: 1, offset: 7 }),
        logged: Some(Logged { published_at: Some(at(10)), logged_at: Some(at(900)) }),
        pending: None,
        archived: Archived::In("archive/t/1-7-7".to_owned(), at(5_000)),
        letters: Vec::new(),
        effect,
        now: at(60_000),
    }
}

fn told(facts: &Facts) -> Vec<(Name, Option<i64>)> {
    let since = |at: Timestamp| at.as_millisecond() - START.as_millisecond();
    tell(facts).into_iter().map(|stage| (stage.stage, stage.at.map(since))).collect()
}

fn state(status: Status) -> EventState {
    EventState {
        event_id: "e".to_owned(),
        source: "urn:millrace:activity-api/users/ann".to_owned(),
        content: "00".to_owned(),
        reused: false,
        status,
        user_id: "ann".to_owned(),
        kind: "click".to_owned(),
        seq: Some(3),
        processed_at: Some(at(2_000).as_millisecond()),
        attempts: 1,
        error: None,
        late: false,
        waited: Some(Waited { since: at(50).as_millisecond(), missing: 2 }),
        position: None,
        tries: 0,
        retry_at: None,
        redrive: None,
    }
}

fn activity(state: Option<EventState>, redrives: Vec<EventState>) -> Facts {
    let effect = Effect::Activity(Box::new(Processing { state, redrives, next: Some(2) }));
    facts(EventType::UserActivity, "urn:millrace:activity-api/users/ann", effect)
}

fn letter(consumer: &str, deaths: Vec<Death>, is_open: bool) -> Letter {
    let address = format!("{consumer}#s");
    Letter { address, consumer: consumer.to_owned(), deaths, is_open, waits: false, place: None }
}

fn death(ms: i64, redriven: Option<(&str, i64)>) -> Death {
    let redriven = redriven.map(|(id, ms)| (id.to_owned(), at(ms)));
    Death { at: at(ms), reason: "gone".to_owned(), detail: "no".to_owned(), attempts: 4, redriven }
}

fn timer(status: timer::Status, attempt: u32, attempts: &[(i64, u16)]) -> Timer {
    let made = |(ms, status): &(i64, u16)| {
        let error = (*status != 200).then(|| status.to_string());
        Attempt { at: at(*ms), status: Some(*status), duration_ms: 3, error }
    };
    Timer {
        id: TimerId::try_from("t-1".to_owned()).unwrap(),
        url: "https://example.com".to_owned(),
        status,
        fire_at: at(1_000),
        due_at: at(6_000),
        payload: None,
        secret: None,
        attempt,
        attempts: attempts.iter().map(made).collect(),
        scheduled_at: Some(at(30)),
        firing_until: None,
        owner: None,
        traceparent: None,
        version: 6,
        created_at: START,
        updated_at: at(6_010),
    }
}

const COPIES: [(Name, Option<i64>); 5] = [
    (Name::Accepted, Some(0)),
    (Name::Outbox, Some(0)),
    (Name::Published, Some(10)),
    (Name::Logged, Some(900)),
    (Name::Archived, Some(5_000)),
];

#[test]
fn an_order_is_accepted_published_decided_logged_and_archived() {
    let decision = |status| Effect::Order(Some(Decision { status, at: at(40), reason: Some("out".to_owned()) }));
    let mut expected = COPIES.to_vec();
    let pending = facts(EventType::OrderCreated, "urn:millrace:orders-api", decision(order::Status::Pending));
    assert_eq!(told(&pending), expected);
    expected.insert(3, (Name::Rejected, Some(40)));
    let rejected = facts(EventType::OrderCreated, "urn:millrace:orders-api", decision(order::Status::Rejected));
    assert_eq!(told(&rejected), expected);
    let stages = tell(&rejected);
    assert_eq!((stages[3].by.as_deref(), &stages[3].detail["reason"]), (Some("stock"), &Value::from("out")));
    assert_eq!((stages[0].by.as_deref(), stages[2].by.as_deref()), (Some("orders-api"), None), "API or relay");
}

#[test]
fn a_users_event_that_waits_fails_and_is_redriven_has_each_turn_of_it() {
    let waiting = activity(Some(state(Status::Buffered)), Vec::new());
    let begun = [(Name::Accepted, Some(0)), (Name::Published, Some(10)), (Name::Buffered, Some(50))];
    let copies = [(Name::Logged, Some(900)), (Name::Archived, Some(5_000))];
    assert_eq!(told(&waiting), [&begun[..], &copies].concat());
    let stages = tell(&waiting);
    assert_eq!((&stages[2].detail["waitedFor"], &stages[2].detail["waitsFor"]), (&2.into(), &2.into()));
    assert_eq!(stages[1].by.as_deref(), Some("activity-api"));

    let mut dead = activity(Some(state(Status::Failed)), Vec::new());
    dead.letters = vec![letter("activity-order", vec![death(2_000, None)], true)];
    let died = [(Name::Failed, Some(2_000)), (Name::DeadLetter, Some(2_000))];
    assert_eq!(told(&dead), [&begun[..], &copies[..1], &died, &copies[1..]].concat());

    // Redriven, and not delivered yet.
    dead.letters = vec![letter("activity-order", vec![death(2_000, Some(("r", 3_000)))], false)];
    let redriven = [(Name::Redriven, Some(3_000))];
    assert_eq!(told(&dead), [&begun[..], &copies[..1], &died, &redriven, &copies[1..]].concat());
    assert_eq!(tell(&dead)[6].detail["outcome"], "unknown");
    dead.letters[0].waits = true;
    assert_eq!(tell(&dead)[6].detail["outcome"], "waits in the outbox");

    let mut done = state(Status::Processed);
    (done.redrive, done.processed_at) = (Some("r".to_owned()), Some(at(4_000).as_millisecond()));
    let mut redone = activity(Some(done.clone()), vec![done]);
    redone.letters.clone_from(&dead.letters);
    let processed = [(Name::Processed, Some(4_000))];
    assert_eq!(told(&redone), [&begun[..], &copies[..1], &died, &redriven, &processed, &copies[1..]].concat());
    assert_eq!(tell(&redone)[6].detail["outcome"], "processed");

    redone.letters[0].deaths.push(death(4_500, None));
    redone.letters[0].is_open = true;
    assert_eq!(tell(&redone)[6].detail["outcome"], "failed", "a later death shows that the redrive failed");
}

#[test]
fn a_timer_is_entered_due_and_sent_with_each_answer() {
    let ends = Ends { due: BTreeMap::from([(1, at(1_000)), (2, at(6_000))]), ..Ends::default() };
    let fired = timer(timer::Status::Fired, 2, &[(1_002, 500), (6_005, 200)]);
    let requested = facts(
        EventType::TimerRequested,
        "urn:millrace:timers-api",
        Effect::Requested(Some(Box::new(fired.clone())), ends),
    );
    let stages: Vec<Stage> = tell(&requested);
    let sent: Vec<_> = stages.iter().filter(|stage| matches!(stage.stage, Name::Due | Name::Sent)).collect();
    let shown: Vec<_> = sent
        .iter()
        .map(|stage| {
            (stage.stage, stage.detail["attempt"].as_u64(), stage.detail.get("status").and_then(Value::as_u64))
        })
        .collect();
    let expected = [
        (Name::Due, Some(1), None),
        (Name::Sent, Some(1), Some(500)),
        (Name::Due, Some(2), None),
        (Name::Sent, Some(2), Some(200)),
    ];
    assert_eq!(shown, expected);
    assert_eq!(told(&requested)[3], (Name::Processed, Some(30)));

    // A timer that was due before it was entered.
    let mut late = requested.clone();
    let entered = Timer { scheduled_at: Some(at(1_001)), ..timer(timer::Status::Fired, 1, &[(1_002, 200)]) };
    late.effect = Effect::Requested(Some(Box::new(entered)), Ends::default());
    let expected = [(Name::Processed, Some(1_001)), (Name::Due, Some(1_001)), (Name::Sent, Some(1_002))];
    assert_eq!(told(&late)[4..7], expected);

    // What is still to come is not told.
    let mut early = requested.clone();
    early.now = at(500);
    early.effect = Effect::Requested(Some(Box::new(timer(timer::Status::Scheduled, 1, &[]))), Ends::default());
    assert!(!told(&early).iter().any(|(name, _)| *name == Name::Due));

    let mut attempt =
        facts(EventType::TimerDue, "urn:millrace:timer-runner", Effect::Attempt(1, Some(Box::new(fired))));
    attempt.event.as_mut().unwrap().time = Some(at(1_000));
    let expected = [(Name::Published, Some(10)), (Name::Logged, Some(900)), (Name::Due, Some(1_000))];
    let rest = [(Name::Sent, Some(1_002)), (Name::Archived, Some(5_000))];
    assert_eq!(told(&attempt), [&expected[..], &rest].concat(), "the other attempt is another event");
    assert_eq!(tell(&attempt)[0].by.as_deref(), Some("timer-runner"));
}

#[test]
fn a_redriven_attempt_shows_the_attempt_that_followed_and_its_outcome() {
    let again = |status| {
        let made = timer(timer::Status::Failed, 2, &[(1_002, 410), (9_000, status)]);
        let mut facts =
            facts(EventType::TimerDue, "urn:millrace:timer-runner", Effect::Attempt(1, Some(Box::new(made))));
        facts.letters = vec![letter("webhook-sender", vec![death(1_010, Some(("r", 8_000)))], false)];
        facts
    };
    for (status, outcome) in [(200, "processed"), (410, "failed")] {
        let stages = tell(&again(status));
        let sent: Vec<_> = stages.iter().filter(|stage| stage.stage == Name::Sent).collect();
        assert_eq!(sent.iter().map(|stage| &stage.detail["attempt"]).collect::<Vec<_>>(), [1, 2]);
        let redriven = stages.iter().find(|stage| stage.stage == Name::Redriven).unwrap();
        assert_eq!(redriven.detail["outcome"], outcome);
    }
}

#[test]
fn what_is_not_stored_is_said_and_not_guessed() {
    let unknown = |facts: &Facts| -> Vec<Name> {
        let stages = tell(facts).into_iter().filter(|stage| stage.at.is_none());
        let stages = stages.inspect(|stage| assert!(stage.detail["unknown"].is_string(), "{stage:?}"));
        stages.map(|stage| stage.stage).collect()
    };
    let mut foreign = facts(EventType::ProductCreated, "urn:shop", Effect::Nothing);
    assert_eq!(unknown(&foreign), [Name::Accepted]);
    foreign.logged = Some(Logged { published_at: None, logged_at: None });
    foreign.archived = Archived::NotSought("no time");
    assert_eq!(unknown(&foreign), [Name::Accepted, Name::Published, Name::Logged, Name::Archived]);

    let gone = facts(EventType::TimerRequested, "urn:millrace:timers-api", Effect::Requested(None, Ends::default()));
    assert_eq!(unknown(&gone), [Name::Processed]);

    let mut missing = facts(EventType::ProductCreated, "urn:millrace:products-api", Effect::Nothing);
    missing.archived = Archived::NotFound;
    assert_eq!(unknown(&missing), [], "it may still be on its way");
    missing.now = at(2 * ARCHIVED_WITHIN * 1_000);
    assert_eq!(unknown(&missing), [Name::Archived]);

    // A record that is no event.
    let poison = Facts {
        event: None,
        logged: None,
        archived: Archived::NotSought("no time"),
        letters: vec![letter("stock", vec![death(20, None)], true)],
        ..facts(EventType::OrderCreated, "", Effect::Nothing)
    };
    assert_eq!(told(&poison), [(Name::Published, None), (Name::DeadLetter, Some(20))]);
}

#[test]
fn an_event_in_the_outbox_alone_has_no_further_stage() {
    let mut waiting = facts(EventType::ProductCreated, "urn:millrace:products-api", Effect::Nothing);
    (waiting.place, waiting.logged, waiting.pending) = (None, None, Some(START));
    assert_eq!(told(&waiting), [(Name::Accepted, Some(0)), (Name::Outbox, Some(0))]);
    assert_eq!(tell(&waiting)[1].detail["waits"], true);
}

/// The facts of a failing user's event, each of which may become known before or after any other.
fn with(known: u8) -> Facts {
    let has = |fact: u8| known & (1 << fact) != 0;
    let mut facts = activity(has(0).then(|| state(Status::Failed)), Vec::new());
    if !has(1) {
        (facts.logged, facts.place) = (None, has(2).then(|| facts.place.clone()).flatten());
    }
    if !has(3) {
        facts.archived = Archived::NotFound;
    }
    if has(0) && has(4) {
        facts.letters = vec![letter("activity-order", vec![death(2_000, Some(("r", 3_000)))], false)];
    } else if has(0) {
        facts.letters = vec![letter("activity-order", vec![death(2_000, None)], true)];
    }
    if has(0) && has(4) && has(5) {
        let mut done = state(Status::Processed);
        done.redrive = Some("r".to_owned());
        facts.effect =
            Effect::Activity(Box::new(Processing { state: Some(done.clone()), redrives: vec![done], next: None }));
    }
    facts
}

proptest! {
    #[test]
    fn a_life_only_grows_and_is_in_the_order_of_time(before: u8, further: u8) {
        let (earlier, later) = (told(&with(before)), told(&with(before | further)));
        for (name, time) in &earlier {
            let same = later.iter().any(|(it, at)| it == name && (at == time || time.is_none()));
            prop_assert!(same, "{name:?} of {earlier:?} is not in {later:?}");
        }
        let times: Vec<_> = later.iter().filter_map(|(_, at)| *at).collect();
        prop_assert!(times.is_sorted(), "{later:?}");
    }
}
