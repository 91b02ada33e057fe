//! Readers of the feed of notifications, as browsers and programs read it.

use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::Value;

use super::{PATIENCE, Stack};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub id: Option<u64>,
    pub kind: String,
    pub data: Value,
}

/// A reader that goes on where it was cut off.
#[derive(Debug)]
pub struct Reader {
    http: Client,
    url: String,
    /// Entries, in the order in which they came.
    pub seen: Vec<Value>,
    /// Events of the stream itself.
    pub others: Vec<Told>,
}

impl Reader {
    /// A reader of everything below the URL of the stack, with a query such as `type=Notify`.
    pub fn new(stack: &Stack, query: &str) -> Reader {
        let base = stack.addresses.notifications.as_deref().unwrap();
        let http = Client::builder().no_proxy().build().unwrap();
        let url = format!("{base}/notifications/stream?{query}");
        Reader { http, url, seen: Vec::new(), others: Vec::new() }
    }

    /// The number of the last entry; 0 before the first.
    pub fn last(&self) -> u64 {
        self.seen.last().map_or(0, |entry| entry["seq"].as_u64().unwrap())
    }

    /// Reads for some time and breaks off, wherever it is. A connection that fails is a cut like any other.
    pub async fn read_for(&mut self, lasts: Duration) {
        let end = Instant::now() + lasts;
        let connect = self.http.get(&self.url).header("last-event-id", self.last().to_string()).send();
        let Ok(Ok(mut response)) = tokio::time::timeout(lasts, connect).await else { return };
        if response.status() != 200 {
            // The function was killed under the request.
            assert!([502, 429].contains(&response.status().as_u16()), "{response:?}");
            return;
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut text = String::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    text.push_str(std::str::from_utf8(&chunk).unwrap());
                    self.take(&mut text);
                }
                Ok(Ok(None) | Err(_)) | Err(_) => return,
            }
        }
    }

    /// Asks for a moment for what follows a number that the feed does not have, so that its head is read.
    pub async fn stray(&self) {
        let ask = self.http.get(&self.url).header("last-event-id", "9007199254740991").send();
        let read = async {
            if let Ok(mut response) = ask.await {
                while let Ok(Some(_)) = response.chunk().await {}
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(300), read).await;
    }

    /// Reads on until it has the entry with this number.
    pub async fn read_until(&mut self, last: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.last() < last {
            assert!(Instant::now() < deadline, "{} of {last} entries came", self.last());
            self.read_for(Duration::from_secs(3)).await;
        }
    }

    /// Takes the events that are complete. Each entry has to be the one after the last.
    fn take(&mut self, text: &mut String) {
        for told in take(text) {
            match told.id {
                Some(id) => {
                    assert_eq!((&told.data["seq"], told.data["type"].as_str()), (&id.into(), Some(told.kind.as_str())));
                    self.seen.push(told.data);
                }
                None => self.others.push(told),
            }
        }
    }
}

/// The events at the beginning of a stream's text that are complete, which are removed from it.
pub fn take(text: &mut String) -> Vec<Told> {
    let mut told = Vec::new();
    while let Some((event, rest)) = text.split_once("\n\n") {
        let (mut id, mut kind, mut data) = (None, String::new(), None);
        for line in event.lines() {
            match line.split_once(": ") {
                Some(("id", value)) => id = Some(value.parse().unwrap()),
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                Some(("retry" | "", _)) => {}
                _ => panic!("{line:?} is no line of a stream"),
            }
        }
        told.extend(data.map(|data| Told { id, kind, data }));
        *text = rest.to_owned();
    }
    told
}

/// All that is left of a stream.
pub async fn rest(response: Response) -> Vec<Told> {
    let mut text = response.text().await.unwrap();
    let told = take(&mut text);
    assert_eq!(text, "", "the stream ends with a whole event");
    told
}

impl Stack {
    /// The whole feed, by polling it.
    pub async fn feed(&self) -> Vec<Value> {
        let mut items: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/notifications?after=0&limit=100{cursor}")).await.with(200).json();
            items.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["nextCursor"].as_str() else { return items };
            cursor = format!("&cursor={next}");
        }
    }
}
