use bytes::Bytes;
use nisshi_sans_io::record::{Record, inflated};

use super::*;
use crate::embedded;

const WRITERS_AT_ONCE: i64 = 4;
const EACH: i64 = 2_000;

async fn log() -> (Log, Topition) {
    let log = embedded::open("memory://millrace/".parse().unwrap(), ([127, 0, 0, 1], 9092).into()).await.unwrap();
    let topic = CreatableTopic::default().name("events".into()).num_partitions(1).replication_factor(1);
    log.create_topic(topic, false).await.unwrap();
    (log, Topition::new("events", 0))
}

fn batch(bytes: usize) -> Batch {
    let record = Record::builder().value(Some(Bytes::from(vec![b'x'; bytes])));
    inflated::Batch::builder().record(record).build().unwrap().try_into().unwrap()
}

async fn read(log: &Log, topition: &Topition, offset: i64, max_bytes: u32) -> Vec<Batch> {
    let wait = Duration::from_secs(1);
    log.fetch(topition, offset, 0, max_bytes, IsolationLevel::ReadUncommitted, wait).await.unwrap()
}

fn offsets(batches: &[Batch]) -> Vec<i64> {
    batches.iter().map(|batch| batch.base_offset).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_many_writers_never_meets_a_gap() {
    let (log, topition) = log().await;
    let write = |writer: i64| {
        let (log, topition) = (log.clone(), topition.clone());
        tokio::spawn(async move {
            for number in 0..EACH {
                // A large batch takes longer to store than the small one behind it.
                let bytes = if (writer + number) % 2 == 0 { 50_000 } else { 10 };
                log.produce(None, &topition, batch(bytes)).await.unwrap();
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS_AT_ONCE).map(write).collect();
    let mut next = 0;
    while next < WRITERS_AT_ONCE * EACH {
        for offset in offsets(&read(&log, &topition, next, 1024 * 1024).await) {
            assert_eq!(offset, next, "a record was skipped");
            next += 1;
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_kept_and_what_is_stored_read_alike() {
    let (log, topition) = log().await;
    // More than is cached.
    for _ in 0..50 {
        log.produce(None, &topition, batch(100_000)).await.unwrap();
    }
    assert!(log.0.tails()[&topition].bytes <= TAIL_BYTES);
    let stored = Log::new(log.0.storage.clone());
    for offset in [0, 5, 20, 48, 49, 50] {
        for max_bytes in [1, 150_000, 1_000_000_000] {
            let kept = read(&log, &topition, offset, max_bytes).await;
            let same = read(&stored, &topition, offset, max_bytes).await;
            // The storage stops after the batch that exceeds the limit, not before it.
            assert!(same.starts_with(&kept) && same.len() <= kept.len() + 1, "{offset} {max_bytes}");
            assert_eq!(kept.is_empty(), offset == 50, "{offset} {max_bytes}");
        }
    }
    log.delete_records(&[]).await.unwrap();
    assert_eq!(offsets(&read(&log, &topition, 48, 1_000_000).await), [48, 49]);
}

#[tokio::test]
async fn a_transaction_ends_what_is_kept_of_its_partition() {
    let (log, topition) = log().await;
    log.produce(None, &topition, batch(1)).await.unwrap();
    let transactional = Batch { attributes: 0x10, ..batch(1) };
    log.produce(None, &topition, transactional).await.unwrap();
    log.produce(None, &topition, batch(1)).await.unwrap();
    assert!(log.0.tails()[&topition].batches.is_empty());
    assert_eq!(offsets(&read(&log, &topition, 0, 1_000_000).await), [0, 1, 2]);
}

#[tokio::test]
async fn an_old_batch_that_is_sent_again_after_a_restart_does_not_hide_the_newer_ones() {
    let (log, topition) = log().await;
    let producer = log.init_producer(None, 0, None, None).await.unwrap();
    let numbered =
        |base_sequence| Batch { producer_id: producer.id, producer_epoch: producer.epoch, base_sequence, ..batch(1) };
    for sequence in 0..3 {
        log.produce(None, &topition, numbered(sequence)).await.unwrap();
    }
    let restarted = Log::new(log.0.storage.clone());
    assert_eq!(restarted.produce(None, &topition, numbered(0)).await.unwrap(), 0);
    assert_eq!(offsets(&read(&restarted, &topition, 1, 1_000_000).await), [1, 2]);
    restarted.produce(None, &topition, numbered(3)).await.unwrap();
    assert_eq!(offsets(&read(&restarted, &topition, 1, 1_000_000).await), [1, 2, 3]);
}
