//! Tells an event's life from what is stored. Pure.
//!
//! A stage is told if it is known to have happened. If its time is not stored, or the time's item is gone, the stage has
//! no time and says why. Facts are only added as an event goes its way, so a life that is told later has every stage that
//! was told before.

use millrace_domain::event::EventType;
use serde_json::Value;

use super::consumed;
use super::facts::{Archived, Death, Event, Facts, Letter, Logged, Place};
use super::stage::{Name, Stage};

/// Prefix of the sources of events that functions of this system make.
const OURS: &str = "urn:millrace:";

/// The functions that make events. Another producer may write their names into its events; it is believed.
const MAKERS: [&str; 7] =
    ["activity-api", "orders-api", "products-api", "stock", RUNNER, "timers-api", "webhook-sender"];

/// How long an event may wait for its object in the archive before its absence is strange, in seconds: the longest window
/// of the archive's mappings, and time for a backlog.
const ARCHIVED_WITHIN: i64 = 3_600;

/// Source of the due attempts, which are made of a timer and not accepted from anybody.
const RUNNER: &str = "timer-runner";

/// The stages of an event's life, in order.
pub fn tell(facts: &Facts) -> Vec<Stage> {
    let mut life = origin(facts);
    life.extend(published(facts));
    life.extend(copies(facts));
    life.extend(consumed::stages(facts));
    life.extend(facts.letters.iter().flat_map(|letter| deaths(facts, letter)));
    // A due attempt is published up to a second before its time, or after it.
    let is_due = facts.event.as_ref().is_some_and(|event| event.kind == EventType::TimerDue);
    in_order(life, !is_due)
}

/// The function that made the event; `None` if it is not one of this system.
fn maker(event: &Event) -> Option<&str> {
    event.source.strip_prefix(OURS)?.split('/').next().filter(|name| MAKERS.contains(name))
}

/// Whether a function makes it for the topic alone: then there is no state that it belongs to, and no outbox entry.
fn is_direct(event: &Event) -> bool {
    matches!(event.kind, EventType::UserActivity | EventType::TimerDue)
}

fn origin(facts: &Facts) -> Vec<Stage> {
    let Some(event) = &facts.event else { return Vec::new() };
    let Some(maker) = maker(event) else {
        let why = "it came straight to Kafka, from a producer outside of this system";
        return vec![Stage::unknown(Name::Accepted, why).with("source", event.source.as_str())];
    };
    if maker == RUNNER {
        return Vec::new();
    }
    let why = "the log has not got the event yet";
    let mut life = vec![Stage::when(event.time, Name::Accepted, why).by(maker)];
    if !is_direct(event) {
        // Stored in the transaction of the change that it tells of.
        let entered = Stage::when(event.time, Name::Outbox, why).by(maker);
        life.push(entered.with("waits", facts.pending.is_some() && facts.place.is_none()));
    }
    life
}

fn published(facts: &Facts) -> Option<Stage> {
    let Place { topic, partition, offset } = facts.place.as_ref()?;
    let at = facts.logged.and_then(|logged| logged.published_at);
    let why = match facts.logged {
        Some(_) => "the log had not stored it when it got the event",
        None => "only the log stores it, and has not got the event",
    };
    let direct = facts.event.as_ref().filter(|event| is_direct(event)).and_then(maker);
    let stage = Stage::when(at, Name::Published, why);
    let stage = Stage { by: direct.map(str::to_owned), ..stage };
    Some(stage.with("topic", topic.as_str()).with("partition", *partition).with("offset", *offset))
}

fn copies(facts: &Facts) -> Vec<Stage> {
    let Some(Logged { published_at, logged_at }) = facts.logged else { return Vec::new() };
    let logged = Stage::when(logged_at, Name::Logged, "the log had not stored it then").by("event-log");
    let age = published_at.map(|at| facts.now.as_second() - at.as_second());
    let archived = match &facts.archived {
        // S3 tells whole seconds, rounded down; the object is not older than its records.
        Archived::In(object, at) => {
            let at = published_at.map_or(*at, |published| published.max(*at));
            Some(Stage::at(at, Name::Archived).with("object", object.as_str()))
        }
        Archived::NotFound if age.is_some_and(|age| age < ARCHIVED_WITHIN) => None,
        Archived::NotFound => Some(Stage::unknown(Name::Archived, "no object was found where its offset belongs")),
        Archived::NotSought(why) => Some(Stage::unknown(Name::Archived, why)),
    };
    [Some(logged), archived.map(|stage| stage.by("archive"))].into_iter().flatten().collect()
}

fn deaths(facts: &Facts, letter: &Letter) -> Vec<Stage> {
    let mut life = Vec::new();
    for (number, death) in letter.deaths.iter().enumerate() {
        let Death { at, reason, detail, attempts, redriven } = death;
        let dead = Stage::at(*at, Name::DeadLetter).by(&letter.consumer);
        let dead = dead.with("reason", reason.as_str()).with("detail", detail.as_str());
        let dead = dead.with("attempts", *attempts);
        let place = letter.place.as_ref().filter(|_| facts.place.is_none());
        life.push(match place {
            Some(Place { topic, partition, offset }) => {
                dead.with("topic", topic.as_str()).with("partition", *partition).with("offset", *offset)
            }
            None => dead,
        });
        if let Some((id, at)) = redriven {
            let redriven = Stage::at(*at, Name::Redriven).by("activity-api").with("consumer", letter.consumer.as_str());
            life.push(redriven.with("redriveId", id.as_str()).with("outcome", outcome(facts, letter, number, id)));
        }
    }
    life
}

/// What became of the redrive with this id, after the death with this number.
fn outcome(facts: &Facts, letter: &Letter, number: usize, id: &str) -> Value {
    let is_last = number + 1 == letter.deaths.len();
    if !is_last {
        return "failed".into();
    }
    if let Some(outcome) = consumed::outcome(facts, letter, number, id) {
        return outcome.into();
    }
    if letter.waits { "waits in the outbox".into() } else { "unknown".into() }
}

/// Sorts by time. With `phased`, what came first by its nature stays first, should the clocks of two functions differ. A
/// stage without a time has the place where it begins to be possible: behind the publication.
fn in_order(life: Vec<Stage>, phased: bool) -> Vec<Stage> {
    let phase = |stage: &Stage| match stage.stage {
        Name::Accepted if phased => 0,
        Name::Outbox if phased => 1,
        Name::Published if phased => 2,
        _ => 3,
    };
    let published = life.iter().find(|stage| stage.stage == Name::Published).and_then(|stage| stage.at);
    let mut keyed: Vec<_> = life.into_iter().map(|stage| ((phase(&stage), stage.at.or(published)), stage)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, stage)| stage).collect()
}

#[cfg(test)]
#[path = "tell_tests.rs"]
mod tests;
