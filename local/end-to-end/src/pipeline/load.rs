//! The load: events of many users at once, each user's slightly out of order, some sent twice.

use fastrand::Rng;
use serde_json::{Value, json};

/// Sizes and ratios of a load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Number of users.
    pub users: usize,
    /// Events per user; `seq` runs from 1 to this.
    pub events_per_user: usize,
    /// A user's events are shuffled within windows of this many.
    pub window: usize,
    /// Percentage of events that are sent twice.
    pub twice: usize,
    /// Percentage of events that are marked to fail.
    pub fail: usize,
    /// Percentage of events that are also produced directly to Kafka.
    pub on_kafka: usize,
    /// Events per request.
    pub batch: usize,
    /// Random seed.
    pub seed: u64,
}

impl Load {
    /// The benchmark's load with this many users, each with 50 events.
    #[must_use]
    pub fn new(users: usize) -> Self {
        Self { users, events_per_user: 50, window: 20, twice: 5, fail: 1, on_kafka: 2, batch: 250, seed: 9 }
    }
}

/// An event of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Its id, chosen by the client.
    pub id: String,
    /// The user.
    pub user: String,
    /// Its place in the user's order.
    pub seq: u64,
    /// Whether it is marked to fail.
    pub fail: bool,
}

impl Sent {
    /// The event as a client sends it.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut payload = json!({"seq": self.seq, "page": "/menu"});
        if self.fail {
            payload["fail"] = json!(true);
        }
        json!({"userId": self.user, "type": "click", "payload": payload, "eventId": self.id})
    }

    /// The event as the API puts it into Kafka: a repeat has its source too.
    #[must_use]
    pub fn record(&self, time: &str) -> Value {
        json!({
            "specversion": "1.0", "id": self.id, "source": format!("urn:millrace:activity-api/users/{}", self.user), "type": "UserActivity",
            "subject": self.user, "time": time, "datacontenttype": "application/json",
            "dataschema": "urn:millrace:schema:UserActivity:1", "data": self.body()
        })
    }
}

/// A load in sending order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Events by request; an event that is sent twice appears twice.
    pub batches: Vec<Vec<Sent>>,
    /// Every event once.
    pub events: Vec<Sent>,
    /// Events that are also produced directly to Kafka.
    pub on_kafka: Vec<Sent>,
}

impl Plan {
    /// The plan of a load; the same load gives the same plan.
    #[must_use]
    pub fn new(load: &Load) -> Self {
        let mut random = Rng::with_seed(load.seed);
        let mut by_user: Vec<Vec<Sent>> = (0..load.users).map(|user| events_of(user, load, &mut random)).collect();
        let events: Vec<Sent> = by_user.iter().flatten().cloned().collect();
        let mut order = Vec::with_capacity(events.len() + events.len() * load.twice / 100);
        let mut users: Vec<usize> = (0..load.users).collect();
        for user in &mut by_user {
            user.reverse();
        }
        for _ in 0..load.events_per_user {
            // All users send at once, so a batch mixes many of them.
            random.shuffle(&mut users);
            order.extend(users.iter().filter_map(|user| by_user.get_mut(*user)?.pop()));
        }
        for _ in 0..events.len() * load.twice / 100 {
            let at = random.usize(0..order.len());
            if let Some(again) = order.get(at).cloned() {
                order.insert(random.usize(at..order.len()) + 1, again);
            }
        }
        let batches = order.chunks(load.batch).map(<[Sent]>::to_vec).collect();
        let again = (0..events.len() * load.on_kafka / 100).filter_map(|_| random.choice(&events).cloned()).collect();
        Self { batches, events, on_kafka: again }
    }
}

fn events_of(user: usize, load: &Load, random: &mut Rng) -> Vec<Sent> {
    let name = format!("user-{user}");
    let event = |seq: usize| Sent { id: format!("{name}-{seq}"), user: name.clone(), seq: seq as u64, fail: false };
    let mut events: Vec<Sent> = (1..=load.events_per_user).map(event).collect();
    for event in &mut events {
        event.fail = random.usize(0..100) < load.fail;
    }
    for window in events.chunks_mut(load.window) {
        random.shuffle(window);
    }
    events
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_plan_has_every_event_and_its_repeats_and_many_users_in_a_batch() {
        let load = Load::new(400);
        let plan = Plan::new(&load);
        let all: Vec<&Sent> = plan.batches.iter().flatten().collect();
        assert_eq!((plan.events.len(), all.len(), plan.on_kafka.len()), (20_000, 21_000, 400));
        assert_eq!(all.iter().map(|sent| &sent.id).collect::<BTreeSet<_>>().len(), 20_000);
        assert!(plan.batches[3].iter().map(|sent| &sent.user).collect::<BTreeSet<_>>().len() > 200);
        let failing = plan.events.iter().filter(|sent| sent.fail).count();
        assert!((100..300).contains(&failing), "{failing}");
        assert_eq!(Plan::new(&load).events, plan.events);
    }
}
