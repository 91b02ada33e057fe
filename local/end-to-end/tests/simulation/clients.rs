//! Clients of the API, which note what they send and receive, and one that writes to the topic itself.

use millrace_judge::event::Event;
use millrace_judge::journal::{Answer, Line, Sent};
use serde_json::json;
use uuid::Uuid;

use super::api::{Call, handle, new_id};
use super::kafka::{append, record};
use super::runtime::Sim;
use super::world::Reply;

/// Ids that clients choose: few, so that they collide.
const IDS: [&str; 2] = ["alpha", "beta"];
/// Attempts of a request with an Idempotency-Key.
const TRIES: u32 = 6;
/// Client timeout, in milliseconds.
const PATIENCE: u64 = 29_000;
/// Probability that a client disconnects before its answer.
const IMPATIENT: f64 = 0.05;

/// Sends some requests one after the other.
pub async fn client(sim: Sim, number: u64) {
    let mut seen: Option<u64> = None;
    for at in 0..sim.pick(2..=7) {
        let pause = sim.pick(0..=200);
        sim.sleep(pause).await;
        let request = random(&sim, seen, &format!("{number}-{at}"));
        let tries = if request.key.is_some() { TRIES } else { 1 };
        for _ in 0..tries {
            match send(&sim, request.clone()).await {
                Some(Reply { status, etag, .. }) if status < 300 => {
                    seen = etag.and_then(|tag| tag.trim_matches('"').parse().ok());
                    break;
                }
                Some(reply) if reply.status < 500 && reply.status != 409 => break,
                // Unknown outcome or in progress: the same request again.
                _ => {
                    let pause = sim.pick(100..=12_000);
                    sim.sleep(pause).await;
                }
            }
        }
    }
}

fn random(sim: &Sim, seen: Option<u64>, name: &str) -> Call {
    let pick = |most: u64| sim.pick(0..=most);
    if pick(4) == 0 {
        let mut lines: Vec<_> = IDS.iter().map(|id| json!({"productId": id, "quantity": 1 + pick(2)})).collect();
        if pick(1) == 0 {
            lines.remove(pick(1) as usize);
        }
        let (body, process) = (json!({"lines": lines}).to_string(), pick(1) as usize);
        return Call { method: "POST", order: true, id: None, body, key: None, if_match: None, process };
    }
    let id = IDS[pick(IDS.len() as u64 - 1) as usize].to_owned();
    let mut body = json!({"name": name, "price": {"amount": 950, "currency": "EUR"}, "stock": pick(9)});
    if pick(1) == 0 {
        body["lowStockThreshold"] = json!(pick(9));
    }
    let process = pick(1) as usize;
    let mut call =
        Call { method: "POST", order: false, id: None, body: String::new(), key: None, if_match: None, process };
    let kind = pick(9);
    if kind < 4 {
        if pick(9) < 7 {
            body["id"] = json!(id);
        }
        call.key = (pick(9) < 6).then(|| name.to_owned());
    } else {
        call.id = Some(id);
        call.if_match = seen.filter(|_| pick(3) == 0);
        call.method = match kind {
            4..8 => "PATCH",
            8 => "PUT",
            _ => "DELETE",
        };
        match (call.method, pick(1)) {
            ("PATCH", 0) => body = json!({"stock": pick(9)}),
            ("PATCH", _) => body = json!({"name": name}),
            ("DELETE", _) => body = json!({}),
            _ => {}
        }
    }
    call.body = body.to_string();
    call
}

/// Sends a request and notes both it and the answer; `None` if no answer came.
pub async fn send(sim: &Sim, request: Call) -> Option<Reply> {
    let resource = if request.order { "/orders" } else { "/products" };
    let path = request.id.as_ref().map_or(resource.to_owned(), |id| format!("{resource}/{id}"));
    sim.tell(|| format!("sends {} {path} {} key {:?}", request.method, request.body, request.key));
    let sent = Sent {
        method: request.method.to_owned(),
        path,
        body: request.body.clone(),
        idempotency_key: request.key.clone(),
        if_match: request.if_match.map(|version| format!("\"{version}\"")),
    };
    let id = note(sim, |id| Line::Sent(id, sent));
    let patience = if sim.fault(IMPATIENT) { sim.pick(1..=300) } else { PATIENCE };
    let reply = sim.spawn("handler", true, handle(sim.clone(), request)).within(patience).await;
    sim.tell(|| format!("is answered {reply:?}"));
    let reply = reply?;
    let answer = Answer { status: reply.status, etag: reply.etag.clone(), body: reply.body.clone() };
    note(sim, |_| Line::Answered(id, answer));
    Some(reply)
}

fn note(sim: &Sim, line: impl FnOnce(Uuid) -> Line) -> Uuid {
    let id = new_id(sim);
    sim.world().journal.take(line(id)).unwrap();
    id
}

/// Id and source of an event on the topic.
fn taken(sim: &Sim) -> Option<(String, String)> {
    let world = sim.world();
    let records = world.kafka.partitions.iter().take(2).flatten();
    let mut events = records.filter_map(|(record, _)| Event::read(record.value.as_deref()?).ok());
    events.next().map(|event| (event.id, event.source))
}

/// Produces a record that is not an event, an event that no API created, or one under the id of another event.
pub async fn stranger(sim: Sim) {
    let pause = sim.pick(0..=5_000);
    sim.sleep(pause).await;
    let own = "urn:millrace:test".to_owned();
    let (id, source) = match (sim.pick(0..=2), taken(&sim)) {
        (0, Some((id, source))) => (id, source),
        (1, Some((id, _))) => (id, own),
        _ => ("stranger".to_owned(), own),
    };
    let value = match sim.pick(0..=2) {
        0 => "not json".to_owned(),
        _ => json!({
            "specversion": "1.0", "id": id, "source": source, "type": "ProductDeleted",
            "subject": "stranger", "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json",
            "dataschema": "urn:millrace:schema:ProductDeleted:1", "aggregateversion": 1,
            "data": {"id": "stranger", "version": 1, "deletedAt": "2026-11-21T06:00:00Z"}
        })
        .to_string(),
    };
    // Both are partitions of products.
    let partition = sim.pick(0..=1) as usize;
    let place = append(&sim, partition, record("stranger", value.into(), None));
    sim.tell(|| format!("a stranger writes {place}"));
    note(&sim, |_| Line::Produced(place));
}
