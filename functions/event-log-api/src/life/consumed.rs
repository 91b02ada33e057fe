//! What the consumers of an event have made of it. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millrace_activity::EventState;
use millrace_activity::item::Status;
use millrace_domain::event::identity::ID_REUSED;
use millrace_domain::order;
use millrace_domain::timer::{self, Timer};

use super::facts::{Decision, Effect, Ends, Facts, Letter, Mail, Processing};
use super::stage::{Name, Stage};

const PROCESSOR: &str = millrace_activity::CONSUMER;
const SENDER: &str = "webhook-sender";

/// The stages of what the consumer of the event's type did; that of an event that nobody consumes has none.
pub fn stages(facts: &Facts) -> Vec<Stage> {
    match &facts.effect {
        Effect::Nothing => Vec::new(),
        Effect::Order(decision) => decision.as_ref().and_then(decided).into_iter().collect(),
        Effect::Alert(mail) => mail.as_ref().map(mailed).into_iter().collect(),
        Effect::Requested(timer, ends) => requested(timer.as_deref(), ends, facts.now),
        Effect::Attempt(number, timer) => attempted(facts, *number, timer.as_deref()),
        Effect::Activity(processing) => processed(facts, processing),
    }
}

fn decided(Decision { status, at, reason }: &Decision) -> Option<Stage> {
    let name = match status {
        order::Status::Pending => return None,
        order::Status::Confirmed => Name::Confirmed,
        order::Status::Rejected => Name::Rejected,
    };
    Some(Stage::at(*at, name).by("stock").with_some("reason", reason.as_deref()))
}

fn mailed(Mail { at, message_id }: &Mail) -> Stage {
    Stage::at(*at, Name::Mailed).by("alert-mail").with("messageId", message_id.as_str())
}

/// A requested timer: its entry into the due index, each attempt, and its end.
fn requested(timer: Option<&Timer>, ends: &Ends, now: Timestamp) -> Vec<Stage> {
    let Some(timer) = timer else {
        let why = "the timer has ended and is not stored any more";
        return vec![Stage::unknown(Name::Processed, why).by("timer-store")];
    };
    let entered = timer.scheduled_at.map(|at| {
        let stage = Stage::at(at, Name::Processed).by("timer-store");
        stage.with("fireAt", timer.fire_at.to_string())
    });
    let mut due: BTreeMap<u32, Timestamp> = ends.due.clone();
    if timer.scheduled_at.is_some() && timer.status != timer::Status::Cancelled {
        due.insert(timer.attempt, timer.due_at);
    }
    if timer.scheduled_at.is_some() && (timer.attempt > 1 || timer.status != timer::Status::Cancelled) {
        due.insert(1, timer.fire_at);
    }
    // One that was due before the timer was entered could be made from then on.
    let due = due.into_iter().map(|(number, at)| (number, timer.scheduled_at.map_or(at, |entered| entered.max(at))));
    let due = due.filter(|(_, at)| *at <= now);
    let due = due.map(|(number, at)| Stage::at(at, Name::Due).by("timer-runner").with("attempt", number));
    let mut failed = ends.failed.clone();
    failed.extend((timer.status == timer::Status::Failed).then_some(timer.updated_at));
    let failed = failed.into_iter().map(|at| Stage::at(at, Name::Failed).by(SENDER));
    entered.into_iter().chain(due).chain(sent(timer).map(|(_, stage)| stage)).chain(failed).collect()
}

/// A due attempt, with those that redrives of its dead letter added.
fn attempted(facts: &Facts, number: u32, timer: Option<&Timer>) -> Vec<Stage> {
    let due = facts.event.as_ref().and_then(|event| event.time).filter(|at| *at <= facts.now);
    let due = due.map(|at| Stage::at(at, Name::Due).by("timer-runner").with("attempt", number));
    let letters = || facts.letters.iter().filter(|letter| letter.consumer == SENDER);
    let last = number.saturating_add(u32::try_from(letters().map(Letter::redrives).sum::<usize>()).unwrap_or(0));
    let sent = match timer {
        Some(timer) => sent(timer).filter(|(at, _)| (number..=last).contains(at)).map(|(_, stage)| stage).collect(),
        None => vec![Stage::unknown(Name::Sent, "the timer has ended and is not stored any more").by(SENDER)],
    };
    due.into_iter().chain(sent).chain(given_up(facts, SENDER)).collect()
}

/// The attempts that a timer shows, with their numbers and answers.
fn sent(timer: &Timer) -> impl Iterator<Item = (u32, Stage)> {
    // The attempt of a timer that has been delivered or given up is made; that of any other is to be made, or under way.
    let is_made = matches!(timer.status, timer::Status::Fired | timer::Status::Failed);
    let made = if is_made { timer.attempt } else { timer.attempt.saturating_sub(1) };
    let hidden = made.saturating_sub(u32::try_from(timer.attempts.len()).unwrap_or(u32::MAX));
    (hidden + 1..).zip(&timer.attempts).map(|(number, attempt)| {
        let stage = Stage::at(attempt.at, Name::Sent).by(SENDER).with("attempt", number);
        let stage = stage.with_some("status", attempt.status).with("durationMs", attempt.duration_ms);
        (number, stage.with_some("error", attempt.error.as_deref()))
    })
}

/// `failed`, each time that this consumer gave the event up after it had tried.
fn given_up<'a>(facts: &'a Facts, consumer: &'a str) -> impl Iterator<Item = Stage> + 'a {
    let letters = facts.letters.iter().filter(move |letter| letter.consumer == consumer);
    let deaths = letters.flat_map(|letter| &letter.deaths).filter(|death| death.reason != ID_REUSED);
    deaths.map(move |death| Stage::at(death.at, Name::Failed).by(consumer).with("attempts", death.attempts))
}

/// A user's event.
fn processed(facts: &Facts, Processing { state, redrives, next }: &Processing) -> Vec<Stage> {
    let mut life: Vec<Stage> = redrives.iter().filter_map(done).collect();
    life.extend(given_up(facts, PROCESSOR));
    let Some(state) = state else { return life };
    if let Some(waited) = &state.waited {
        let stage = Stage::when(millis(waited.since), Name::Buffered, "its time is no time").by(PROCESSOR);
        let stage = stage.with_some("seq", state.seq).with("waitedFor", waited.missing);
        life.push(stage.with_some("waitsFor", next.filter(|_| state.status == Status::Buffered)));
    }
    // That of a redriven event is in `redrives`, and before that its failure in the dead letter.
    if state.redrive.is_none() {
        life.extend(done(state));
    }
    if state.status == Status::Failed && !life.iter().any(|stage| stage.stage == Name::Failed) {
        let why = "its dead letter is gone";
        let stage = Stage::when(state.processed_at.and_then(millis), Name::Failed, why).by(PROCESSOR);
        life.push(stage.with("attempts", state.attempts));
    }
    life
}

fn done(state: &EventState) -> Option<Stage> {
    if state.status != Status::Processed {
        return None;
    }
    let stage = Stage::when(state.processed_at.and_then(millis), Name::Processed, "its time is no time").by(PROCESSOR);
    let stage = stage.with_some("seq", state.seq).with("attempts", state.attempts);
    Some(stage.with_some("late", state.late.then_some(true)).with_some("redriveId", state.redrive.as_deref()))
}

fn millis(at: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(at).ok()
}

/// What became of the last redrive of a dead letter, as far as its consumer's effect tells: that redrive has this id and
/// followed the death with this number.
pub fn outcome(facts: &Facts, letter: &Letter, number: usize, id: &str) -> Option<&'static str> {
    let is_done = match (letter.consumer.as_str(), &facts.effect) {
        (PROCESSOR, Effect::Activity(processing)) => {
            let redrive = processing.redrives.iter().find(|redrive| redrive.redrive.as_deref() == Some(id))?;
            return Some(if redrive.status == Status::Processed { "processed" } else { "failed" });
        }
        (SENDER, Effect::Attempt(attempt, Some(timer))) => {
            let made = attempt.saturating_add(u32::try_from(number).ok()?).saturating_add(1);
            let (_, stage) = sent(timer).find(|(number, _)| *number == made)?;
            return Some(if stage.detail.contains_key("error") { "failed" } else { "processed" });
        }
        ("stock", Effect::Order(Some(decision))) => decision.status != order::Status::Pending,
        ("alert-mail", Effect::Alert(mail)) => mail.is_some(),
        ("timer-store", Effect::Requested(Some(timer), _)) => timer.scheduled_at.is_some(),
        ("event-log", _) => facts.logged.is_some(),
        _ => false,
    };
    is_done.then_some("processed")
}
