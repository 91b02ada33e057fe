//! The table item of a timer, which `timers-api`, `timer-store` and `webhook-sender` write.

use jiff::Timestamp;

use super::keys;
use millrace_domain::activity::UserId;
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Attempt, Secret, Status, Timer};
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// TTL attribute of finished timers, in Unix seconds.
pub const EXPIRES_AT: &str = "expiresAt";

/// When a timer was entered into the due index, in Unix milliseconds.
pub const SCHEDULED_AT: &str = "scheduledAt";

/// The key of a timer's item.
#[must_use]
pub fn key(id: &TimerId) -> Item {
    Item::from([(keys::PK.to_owned(), s(keys::timer(id))), (keys::SK.to_owned(), s(keys::TIMER_SK))])
}

/// Reads an item. Items read from an index have no payload, no secret, no owner and no time of their entry.
///
/// # Errors
/// The item cannot be read.
pub fn read(item: &Item) -> Result<Timer, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of a timer cannot be read"));
    let optional = |name| item.contains_key(name).then(|| text(item, name).map(str::to_owned)).transpose();
    let attempts: Vec<Attempt> =
        serde_json::from_str(text(item, "attempts")?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let owner = optional(keys::OWNER)?.map(UserId::try_from).transpose().map_err(|_| corrupt("the owner"))?;
    let secret = optional("secret")?.map(Secret::try_from).transpose().map_err(|_| corrupt("the secret"))?;
    Ok(Timer {
        id: TimerId::try_from(text(item, keys::ID)?.to_owned()).map_err(|_| corrupt("the id"))?,
        url: text(item, "url")?.to_owned(),
        status: Status::from_name(text(item, "status")?).ok_or_else(|| corrupt("the status"))?,
        fire_at: time(item, "fireAt")?,
        due_at: time(item, "dueAt")?,
        payload: optional("payload")?,
        secret,
        attempt: number(item, "attempt")?,
        attempts,
        scheduled_at: item.contains_key(SCHEDULED_AT).then(|| time(item, SCHEDULED_AT)).transpose()?,
        firing_until: item.contains_key("firingUntil").then(|| time(item, "firingUntil")).transpose()?,
        owner,
        traceparent: optional("traceparent")?,
        version: number(item, "version")?,
        created_at: time(item, "createdAt")?,
        updated_at: time(item, "updatedAt")?,
    })
}

/// The item of a timer, without [`EXPIRES_AT`].
///
/// # Errors
/// The attempts have no JSON form.
pub(super) fn to_item(timer: &Timer) -> Result<Item, StoreError> {
    let attempts = serde_json::to_string(&timer.attempts).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut item = key(&timer.id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(keys::ID, s(timer.id.as_str()));
    set("url", s(&timer.url));
    set("status", s(timer.status.name()));
    set("fireAt", n(timer.fire_at.as_millisecond()));
    set("dueAt", n(timer.due_at.as_millisecond()));
    set("attempt", n(timer.attempt));
    set("attempts", s(attempts));
    set("version", n(timer.version));
    set("createdAt", n(timer.created_at.as_millisecond()));
    set("updatedAt", n(timer.updated_at.as_millisecond()));
    set(keys::SHARD, s(keys::shard(&timer.id)));
    set(keys::STATUS_SHARD, s(keys::status_shard(timer.status, &timer.id)));
    if let Some(payload) = &timer.payload {
        set("payload", s(payload));
    }
    if let Some(secret) = &timer.secret {
        set("secret", s(secret.expose()));
    }
    if let Some(at) = timer.scheduled_at {
        set(SCHEDULED_AT, n(at.as_millisecond()));
    }
    if let Some(until) = timer.firing_until {
        set("firingUntil", n(until.as_millisecond()));
    }
    if let Some(owner) = &timer.owner {
        set(keys::OWNER, s(owner.as_str()));
    }
    if let Some(traceparent) = &timer.traceparent {
        set("traceparent", s(traceparent));
    }
    Ok(item)
}

fn time(item: &Item, name: &str) -> Result<Timestamp, StoreError> {
    let at = Timestamp::from_millisecond(number(item, name)?);
    at.map_err(|_| StoreError::Corrupt(format!("{name} is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer() -> Timer {
        let at = |text: &str| text.parse().unwrap();
        Timer {
            id: TimerId::try_from("t-1".to_owned()).unwrap(),
            url: "https://example.com/hook".to_owned(),
            status: Status::Firing,
            fire_at: at("2026-11-21T06:00:00.123Z"),
            due_at: at("2026-11-21T06:00:05.5Z"),
            payload: Some("{ \"a\": 1.0 }".to_owned()),
            secret: Some(Secret::try_from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()).unwrap()),
            attempt: 2,
            attempts: vec![Attempt {
                at: at("2026-11-21T06:00:00.125Z"),
                status: Some(500),
                duration_ms: 12,
                error: Some("500 Internal Server Error".to_owned()),
            }],
            scheduled_at: Some(at("2026-11-21T05:00:01Z")),
            firing_until: Some(at("2026-11-21T06:00:25Z")),
            owner: Some(UserId::try_from("ann".to_owned()).unwrap()),
            traceparent: Some("00-a-b-01".to_owned()),
            version: 5,
            created_at: at("2026-11-21T05:00:00Z"),
            updated_at: at("2026-11-21T06:00:05.6Z"),
        }
    }

    #[test]
    fn a_timer_is_read_as_it_was_stored() {
        let whole = timer();
        assert_eq!(read(&to_item(&whole).unwrap()).unwrap(), whole);
        let bare = Timer { payload: None, secret: None, scheduled_at: None, firing_until: None, ..whole };
        let bare = Timer { owner: None, traceparent: None, ..bare };
        assert_eq!(read(&to_item(&bare).unwrap()).unwrap(), bare);
    }

    #[test]
    fn what_shows_a_timer_to_people_does_not_show_its_secret() {
        assert!(!format!("{:?}", timer()).contains("MfKQ"));
    }
}
