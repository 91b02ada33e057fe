//! How the issuer's keys are kept. The clock is an argument, so nothing here waits.

use futures::future::join_all;

use super::played::{self, Answers, NOW, authorizer, claims};
use super::signer::Signer;
use crate::refused::{Failure, Refused};

const UNKNOWN: Failure = Failure::Refused(Refused::UnknownSigningKey);

/// A token that does not expire while these tests let days pass.
fn lasting(signer: &Signer) -> String {
    let mut claims = claims();
    claims["exp"] = (NOW + 10 * 86_400).into();
    signer.token(&claims)
}

#[tokio::test]
async fn a_thousand_unknown_keys_cause_one_fetch_in_thirty_seconds() {
    let signer = Signer::new("EdDSA", "k1");
    let (authorizer, site, _) = authorizer(&[&signer]);
    let mut fetched_at = Vec::new();
    for step in 0..1000 {
        let now = NOW + step / 8;
        let unknown = Signer::new("EdDSA", &format!("unknown-{step}"));
        let before = site.fetches();
        assert_eq!(played::caller(&authorizer, &lasting(&unknown), now).await, Err(UNKNOWN));
        fetched_at.extend((before..site.fetches()).map(|_| now));
        assert!(played::caller(&authorizer, &lasting(&signer), now).await.is_ok(), "others are served meanwhile");
    }
    assert!(fetched_at.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{fetched_at:?}");
    assert_eq!(fetched_at.len(), 5, "one at the start, and one each 30 s of 125");

    let at_once = (0..1000).map(|number| {
        let token = lasting(&Signer::new("EdDSA", &format!("at-once-{number}")));
        let authorizer = &authorizer;
        async move { played::caller(authorizer, &token, NOW + 1000).await }
    });
    let fetches = site.fetches();
    assert!(join_all(at_once).await.into_iter().all(|answer| answer == Err(UNKNOWN)));
    assert_eq!(site.fetches(), fetches + 1);
}

#[tokio::test]
async fn a_key_that_was_not_found_is_not_looked_for_again_at_once() {
    let (signer, unknown) = (Signer::new("EdDSA", "k1"), lasting(&Signer::new("EdDSA", "unknown")));
    let (authorizer, site, _) = authorizer(&[&signer]);
    let mut fetched_at = Vec::new();
    for now in NOW..NOW + 400 {
        let before = site.fetches();
        assert_eq!(played::caller(&authorizer, &unknown, now).await, Err(UNKNOWN));
        fetched_at.extend((before..site.fetches()).map(|_| now - NOW));
    }
    assert_eq!(fetched_at, [0, 120, 240, 360]);
}

#[tokio::test]
async fn a_new_key_is_found_when_its_first_token_comes_and_an_old_one_is_forgotten() {
    let (old, new) = (Signer::new("RS256", "old"), Signer::new("ES256", "new"));
    let (authorizer, site, _) = authorizer(&[&old]);
    assert!(played::caller(&authorizer, &lasting(&old), NOW).await.is_ok());
    site.publish(&[&old, &new]);
    // Many at once wait for the one fetch, and none of them is refused.
    let token = lasting(&new);
    let callers = join_all((0..50).map(|_| played::caller(&authorizer, &token, NOW + 60))).await;
    assert!(callers.iter().all(Result::is_ok), "{callers:?}");
    assert_eq!(site.fetches(), 2);
    site.publish(&[&new]);
    assert!(played::caller(&authorizer, &lasting(&old), NOW + 659).await.is_ok(), "the set is still fresh");
    assert_eq!(played::caller(&authorizer, &lasting(&old), NOW + 660).await, Err(UNKNOWN));
    assert_eq!(site.fetches(), 3);
}

#[tokio::test]
async fn an_issuer_that_is_down_for_an_hour_is_not_noticed_and_after_a_day_nobody_is_taken() {
    let signer = Signer::new("EdDSA", "k1");
    let (authorizer, site, _) = authorizer(&[&signer]);
    let token = lasting(&signer);
    assert!(played::caller(&authorizer, &token, NOW).await.is_ok());
    site.goes_down();
    for now in (NOW + 1..NOW + 3600).chain([NOW + 86_399]) {
        assert!(played::caller(&authorizer, &token, now).await.is_ok(), "after {} s", now - NOW);
    }
    assert!(site.fetches() <= 2 + 3000 / 30 + 1, "{} fetches", site.fetches());
    let gone = played::caller(&authorizer, &token, NOW + 86_400).await;
    assert!(matches!(gone, Err(Failure::Unavailable(_))), "{gone:?}");
    assert!(authorizer.answer(&played::event(&token), NOW + 86_401).await.is_err(), "an error, which is not cached");
    site.publish(&[&signer]);
    assert!(played::caller(&authorizer, &token, NOW + 86_402).await.is_ok());
}

#[tokio::test]
async fn a_start_without_the_issuer_ends_with_the_outage() {
    let signer = Signer::new("EdDSA", "k1");
    let (authorizer, site, _) = authorizer(&[&signer]);
    site.goes_down();
    let token = lasting(&signer);
    for _ in 0..100 {
        assert!(matches!(played::caller(&authorizer, &token, NOW).await, Err(Failure::Unavailable(_))));
    }
    assert_eq!(site.fetches(), 1);
    site.publish(&[&signer]);
    assert!(played::caller(&authorizer, &token, NOW + 1).await.is_ok());
}
