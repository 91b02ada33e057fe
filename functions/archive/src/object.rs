//! Names and bodies of the archive's objects. Pure.
//!
//! Names are those of [`millrace_store::archive`]: day and hour (UTC) are those of the records' Kafka timestamps, which
//! `DuckDB` and Athena read as Hive partitions. The digest is computed from the lines, so the same name always has the same
//! content: a redelivered batch finds its object already there, and a batch with other boundaries writes another object.
//! Readers deduplicate by source and id.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use millrace_delivery::consumer::{Incoming, Position};
use millrace_domain::json;
use millrace_store::archive;
use sha2::{Digest, Sha256};

/// An object to write, and the records of the batch that it contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub body: Vec<u8>,
    /// Positions of the records in the batch.
    pub records: Vec<usize>,
}

/// A line: the event as it is, with its position in Kafka as the last member, which no event has
/// ([`read`](millrace_domain::event::read())).
fn line(record: &Incoming) -> std::io::Result<String> {
    let text = std::str::from_utf8(&record.value).map_err(std::io::Error::other)?;
    // A line end within an event would end its line.
    let event = json::compact(text);
    let members = event.strip_suffix('}').ok_or_else(|| std::io::Error::other("an event that is no object"))?;
    Ok(format!("{members},\"kafka\":{}}}\n", serde_json::to_string(&record.position)?))
}

/// The objects for a batch of one partition: one per hour.
pub fn objects(records: &[Incoming]) -> std::io::Result<Vec<Object>> {
    let mut hours: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        hours.entry(archive::hour(record.position.timestamp)).or_default().push(at);
    }
    hours.into_values().map(|members| object(records, members)).collect()
}

fn object(records: &[Incoming], members: Vec<usize>) -> std::io::Result<Object> {
    let of_hour: Vec<&Incoming> = members.iter().filter_map(|at| records.get(*at)).collect();
    let mut digest = Sha256::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    for record in &of_hour {
        let line = line(record)?;
        digest.update(&line);
        gzip.write_all(line.as_bytes())?;
    }
    let (Some(first), Some(last)) = (of_hour.first(), of_hour.last()) else {
        return Err(std::io::Error::other("an hour without records"));
    };
    let Position { topic, partition, offset, timestamp } = &first.position;
    let digest: String = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = archive::folder(topic, *timestamp, *partition);
    let key = format!(
        "{folder}{}-{}-{digest}{}",
        archive::offset(*offset),
        archive::offset(last.position.offset),
        archive::SUFFIX
    );
    Ok(Object { key, body: gzip.finish()?, records: members })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use bytes::Bytes;

    use super::*;

    fn record(offset: i64, timestamp: &str) -> Incoming {
        let value = serde_json::json!({
            "specversion": "1.0", "id": format!("e-{offset}"), "source": "s", "type": "ProductDeleted", "subject": "p",
            "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json", "dataschema": "d",
            "aggregateversion": 1, "data": {"id": "p", "version": 1, "deletedAt": "2026-11-21T06:00:00Z"},
            "partitionkey": "eu-1\n"
        });
        let value = Bytes::from(format!("{value:#}").replacen(
            "\"version\": 1",
            "\"version\": 1,\n\"n\": 12345678901234567890.10",
            1,
        ));
        let event = millrace_domain::event::read("product-events", &value, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let position = Position {
            topic: "product-events".to_owned(),
            partition: 3,
            offset,
            timestamp: timestamp.parse().unwrap(),
        };
        Incoming { event, key: None, value, position, trace: None }
    }

    #[test]
    fn a_batch_over_the_hour_makes_an_object_for_each() {
        let batch =
            [record(7, "2026-11-21T05:59:59.9Z"), record(8, "2026-11-21T06:00:00Z"), record(9, "2026-11-21T06:00:01Z")];
        let objects = objects(&batch).unwrap();
        let names: Vec<&str> = objects.iter().map(|object| object.key.rsplit_once('-').unwrap().0).collect();
        assert_eq!(
            names,
            [
                "archive/product-events/dt=2026-11-21/hour=05/3-0000000000000000007-0000000000000000007",
                "archive/product-events/dt=2026-11-21/hour=06/3-0000000000000000008-0000000000000000009"
            ]
        );
        assert_eq!(objects[1].records, [1, 2]);
        let mut text = String::new();
        flate2::read::GzDecoder::new(objects[1].body.as_slice()).read_to_string(&mut text).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(
            text.contains(r#""n":12345678901234567890.10"#) && text.contains(r#""partitionkey":"eu-1\n""#),
            "{text}"
        );
        assert_eq!(
            (&lines[1]["id"], &lines[1]["kafka"]["offset"], &lines[1]["data"]["id"]),
            (&"e-9".into(), &9.into(), &"p".into())
        );
    }

    #[test]
    fn the_same_range_with_other_records_has_another_name() {
        let at = "2026-11-21T06:00:00Z";
        let whole = objects(&[record(1, at), record(2, at), record(3, at)]).unwrap();
        let part = objects(&[record(1, at), record(3, at)]).unwrap();
        assert_ne!(whole[0].key, part[0].key);
        assert_eq!(whole, objects(&[record(1, at), record(2, at), record(3, at)]).unwrap());
    }
}
