//! Combines many small transactions into few large ones.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::stream::{self, StreamExt};

use super::{StoreError, transact};

/// Most actions of a transaction (`DynamoDB`'s limit).
pub const MAX_ACTIONS: usize = 100;

/// Most parts written concurrently when each part is written by itself.
const AT_ONCE: usize = 16;

/// Writes each part all or nothing. First all parts go into one transaction, which is repeated without the parts whose
/// conditions failed. If it fails for another reason, each part is written by itself. That includes two parts that
/// share an item, and more than [`MAX_ACTIONS`] actions or 4 MB in total: more expensive, but correct.
///
/// Returns one result per part, in the same order and as [`transact`] returns it. If the response of the common
/// transaction is lost for good, a part that it wrote is written again or refused by its own condition.
pub async fn transact_each(dynamo: &Client, parts: Vec<Vec<TransactWriteItem>>) -> Vec<Result<(), StoreError>> {
    each(parts, |actions| transact(dynamo, actions)).await
}

async fn each<A: Clone, W: Future<Output = Result<(), StoreError>>>(
    parts: Vec<Vec<A>>,
    write: impl Fn(Vec<A>) -> W,
) -> Vec<Result<(), StoreError>> {
    let mut written = BTreeMap::new();
    let mut left: Vec<(usize, Vec<A>)> = parts.into_iter().enumerate().collect();
    while left.len() > 1 {
        match write(left.iter().flat_map(|(_, part)| part.clone()).collect()).await {
            Ok(()) => written.extend(left.drain(..).map(|(at, _)| (at, Ok(())))),
            Err(StoreError::Condition(positions)) => {
                let (before, mut end) = (left.len(), 0);
                for (at, part) in std::mem::take(&mut left) {
                    let begin = end;
                    end += part.len();
                    let own = positions.iter().filter(|position| (begin..end).contains(position));
                    let own: Vec<usize> = own.map(|position| position - begin).collect();
                    if own.is_empty() {
                        left.push((at, part));
                    } else {
                        written.insert(at, Err(StoreError::Condition(own)));
                    }
                }
                if left.len() == before {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(%error, parts = left.len(), "written one by one");
                break;
            }
        }
    }
    let alone = left.into_iter().map(|(at, part)| {
        let write = write(part);
        async move { (at, write.await) }
    });
    let alone: Vec<_> = stream::iter(alone.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
    written.extend(alone);
    written.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Parts with these actions: an odd action fails its condition, and a write of more than `most` actions is refused.
    async fn answers(parts: &[&[u32]], most: usize) -> (Vec<String>, Vec<Vec<u32>>) {
        let calls = Mutex::new(Vec::new());
        let write = async |actions: Vec<u32>| {
            calls.lock().unwrap().push(actions.clone());
            let odd: Vec<usize> = (0..actions.len()).filter(|at| actions[*at] % 2 == 1).collect();
            match odd {
                _ if actions.len() > most => Err(StoreError::Unavailable(String::new())),
                odd if odd.is_empty() => Ok(()),
                odd => Err(StoreError::Condition(odd)),
            }
        };
        let parts = parts.iter().map(|part| part.to_vec()).collect();
        let answers = each(parts, write).await;
        let told = answers.into_iter().map(|answer| match answer {
            Ok(()) => "written".to_owned(),
            Err(StoreError::Condition(positions)) => format!("{positions:?}"),
            Err(error) => error.to_string(),
        });
        (told.collect(), calls.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_part_whose_condition_fails_is_left_out_and_the_others_are_written_together() {
        let (answers, calls) = answers(&[&[2, 4], &[6, 7, 9], &[8], &[1]], 9).await;
        assert_eq!(answers, ["written", "[1, 2]", "written", "[0]"]);
        assert_eq!(calls, [vec![2, 4, 6, 7, 9, 8, 1], vec![2, 4, 8]]);
    }

    #[tokio::test]
    async fn each_part_is_written_alone_where_they_cannot_be_written_together_or_there_is_one() {
        let (answers, calls) = answers(&[&[2, 4], &[6, 7], &[8]], 2).await;
        assert_eq!(answers, ["written", "[1]", "written"]);
        assert_eq!(calls, [vec![2, 4, 6, 7, 8], vec![2, 4], vec![6, 7], vec![8]]);
        let (answers, calls) = self::answers(&[&[2, 4]], 9).await;
        assert_eq!((answers, calls), (vec!["written".to_owned()], vec![vec![2, 4]]));
        assert!(each(Vec::<Vec<u32>>::new(), async |_| Ok(())).await.is_empty());
    }
}
