//! Client traffic: a few users, each with a few events out of order.

use fastrand::Rng;
use millrace_activity::{Activity, Record};
use millrace_domain::activity::{ActivityType, UserId};

/// The delay before an event, in milliseconds, and the event.
pub type Sent = (u64, Activity);

/// Sources of events.
const SOURCES: [&str; 2] = ["urn:shop", "urn:kiosk"];

fn activity(user: u64, id: String, seq: Option<u64>, rng: &mut Rng) -> Activity {
    let event = Activity {
        id,
        source: SOURCES[0].to_owned(),
        content: String::new(),
        reused: false,
        user: UserId::try_from(format!("u{user}")).unwrap(),
        kind: ActivityType::try_from(format!("type-{}", rng.u8(0..3))).unwrap(),
        seq,
        fails: rng.f64() < 0.12,
        at: rng.i64(0..1_000),
        redrive: None,
        record: Record::default(),
    };
    with_content(event)
}

/// The event with something in place of the digest of what it says.
fn with_content(mut event: Activity) -> Activity {
    event.content = format!("{} {} {:?} {}", event.user, event.kind, event.seq, event.fails);
    event
}

/// All events in the order of sending: out of order, with gaps, repeats, late events, events without a seq, and reused
/// ids and seqs.
pub fn traffic(rng: &mut Rng) -> Vec<Sent> {
    let users = rng.u64(1..=2);
    // The rank determines the order of sending.
    let mut sent: Vec<(u64, Activity)> = Vec::new();
    for user in 0..users {
        for seq in 1..=rng.u64(3..=9) {
            let rank = 10 * (seq + rng.u64(0..=3));
            let event = activity(user, format!("e{user}-{seq}"), Some(seq), rng);
            match rng.u8(0..40) {
                // Left out: a gap.
                0..4 => {}
                4..6 => sent.push((rank + 500, event)),
                6..9 => {
                    let mut other = activity(user, format!("o{user}-{seq}"), Some(seq), rng);
                    other.fails = false;
                    sent.extend([(rank, event), (rank + rng.u64(0..40), other)]);
                }
                9..11 => {
                    let mut stranger = event.clone();
                    stranger.user = UserId::try_from(format!("u{}", (user + 1) % 2)).unwrap();
                    rng.choice(SOURCES).unwrap().clone_into(&mut stranger.source);
                    sent.extend([(rank, event), (rank + rng.u64(0..20), with_content(stranger))]);
                }
                11..13 => {
                    let mut moved = event.clone();
                    moved.seq = Some(seq + rng.u64(1..4));
                    rng.choice(SOURCES).unwrap().clone_into(&mut moved.source);
                    sent.extend([(rank, event), (rank + rng.u64(0..20), with_content(moved))]);
                }
                13..20 => sent.extend([(rank, event.clone()), (rank + rng.u64(0..60), event)]),
                20..23 => sent.push((rank, activity(user, format!("n{user}-{seq}"), None, rng))),
                _ => sent.push((rank, event)),
            }
        }
    }
    sent.sort_by_key(|(rank, _)| *rank);
    let mut before = 0;
    let pause = |(rank, event): (u64, Activity)| {
        // Events that are much later arrive after the gap deadline.
        let pause = if rank >= 500 && before < 500 { 8_000 } else { rng.u64(0..30) };
        before = rank;
        (pause, event)
    };
    sent.into_iter().map(pause).collect()
}
