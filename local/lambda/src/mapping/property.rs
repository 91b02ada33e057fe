//! Whatever a function answers, every record ends completed or given up, exactly as reported.

use std::collections::BTreeSet;
use std::time::Instant;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::batch::{Gather, Limits, Offer};
use super::memory::QUICK;
use super::response::{KafkaIdentifier, judge};
use super::retry::{PartialRetry, Plan, Policy, Step};
use crate::invoke::Outcome;

/// How a function answers one invocation; the bits select records.
#[derive(Debug, Clone)]
enum Answer {
    Success,
    Error,
    Throttle,
    Garbage,
    Reported(u64),
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Success),
        Just(Answer::Error),
        Just(Answer::Throttle),
        Just(Answer::Garbage),
        any::<u64>().prop_map(Answer::Reported),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let partial = prop_oneof![Just(PartialRetry::ReportedOnly), Just(PartialRetry::FromFirstFailure)];
    (proptest::option::of(0_u32..4), any::<bool>(), partial).prop_map(|(retries, bisect, partial)| Policy {
        retries,
        record_age: None,
        bisect,
        partial,
        backoff: QUICK,
    })
}

/// The expected end of each record, derived from the answers alone.
struct Model {
    completed: BTreeSet<i64>,
    given_up: BTreeSet<i64>,
}

impl Model {
    fn is_settled(&self, offset: i64) -> bool {
        self.completed.contains(&offset) || self.given_up.contains(&offset)
    }
}

fn outcome(answer: &Answer, sent: &[i64]) -> (Outcome, Vec<i64>) {
    match answer {
        Answer::Success => (Outcome::Success("null".into()), vec![]),
        Answer::Error => (Outcome::FunctionError(Bytes::new()), sent.to_vec()),
        Answer::Throttle => (Outcome::Throttled, sent.to_vec()),
        Answer::Garbage => (Outcome::Success("{\"batchItemFailures\":[{}]}".into()), sent.to_vec()),
        Answer::Reported(bits) => {
            let reported: Vec<i64> = sent
                .iter()
                .enumerate()
                .filter(|(at, _)| bits >> (at % 64) & 1 == 1)
                .map(|(_, offset)| *offset)
                .collect();
            let entry = |offset: &i64| json!({"itemIdentifier": {"partition": "t-0", "offset": offset}});
            let list: Vec<_> = reported.iter().rev().map(entry).collect();
            (Outcome::Success(json!({"batchItemFailures": list}).to_string().into()), reported)
        }
    }
}

/// Takes one batch to its end and checks each step; returns the commits.
fn deliver(policy: Policy, batch: &[i64], answers: &mut impl Iterator<Item = Answer>, model: &mut Model) -> Vec<i64> {
    let mut plan = Plan::new(policy, vec![0; batch.len()]);
    let mut commits = Vec::new();
    loop {
        let prefix = plan.settled_prefix();
        assert!(batch[..prefix].iter().all(|offset| model.is_settled(*offset)), "a commit passes an open record");
        commits.push(batch[0] + prefix as i64);
        match plan.next(0) {
            Step::Done => {
                assert_eq!(prefix, batch.len(), "a record was forgotten");
                return commits;
            }
            Step::GiveUp { records, .. } => {
                assert!(policy.retries.is_some(), "given up without a limit");
                for record in &records {
                    assert!(!model.is_settled(batch[*record]), "given up twice, or after completion");
                    model.given_up.insert(batch[*record]);
                }
                plan.gave_up(&records);
            }
            Step::Send(records) => {
                let sent: Vec<i64> = records.iter().map(|record| batch[*record]).collect();
                assert!(!sent.is_empty() && sent.is_sorted_by(|a, b| a < b), "out of order: {sent:?}");
                assert!(sent.iter().all(|offset| !model.is_settled(*offset)), "sent after its end");
                let earlier_open = (batch[0]..sent[0]).find(|offset| !model.is_settled(*offset));
                assert_eq!(earlier_open, None, "a record overtook an earlier one");
                let (outcome, failed) = outcome(&answers.next().unwrap_or(Answer::Success), &sent);
                let identifiers: Vec<KafkaIdentifier> =
                    sent.iter().map(|offset| KafkaIdentifier { partition: "t-0".into(), offset: *offset }).collect();
                let completed = |offset: &&i64| match policy.partial {
                    PartialRetry::ReportedOnly => !failed.contains(offset),
                    PartialRetry::FromFirstFailure => failed.iter().min().is_none_or(|first| *offset < first),
                };
                model.completed.extend(sent.iter().filter(completed));
                plan.answered(judge(&outcome, true, &identifiers).0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_ends_as_reported_and_no_commit_passes_an_open_one(
        policy in policy(),
        sizes in vec(1_usize..40, 1..40),
        batch_size in 1_usize..12,
        script in vec(answer(), 0..60),
    ) {
        let limits = Limits { records: batch_size, window: std::time::Duration::ZERO, payload_bytes: 100, envelope_bytes: 10 };
        let mut model = Model { completed: BTreeSet::new(), given_up: BTreeSet::new() };
        let mut answers = script.into_iter();
        let mut next = 0;
        let mut last_commit = 0;
        while next < sizes.len() {
            let mut gather = Gather::new(limits);
            while next < sizes.len() && gather.offer(next as i64, sizes[next], Instant::now()) == Offer::Taken {
                next += 1;
            }
            let batch = gather.into_items();
            prop_assert!(!batch.is_empty() && batch.len() <= batch_size);
            for commit in deliver(policy, &batch, &mut answers, &mut model) {
                prop_assert!(commit >= last_commit, "a commit went back");
                last_commit = commit;
            }
        }
        prop_assert_eq!(last_commit, sizes.len() as i64);
        prop_assert!(model.completed.is_disjoint(&model.given_up));
        prop_assert_eq!(model.completed.len() + model.given_up.len(), sizes.len());
    }
}
