//! One call of the store: it may be throttled, its answer may be lost, and it may take effect after its caller gave up.

use std::ops::RangeInclusive;

use super::runtime::Sim;
use super::world::World;

/// Probability that a call is throttled, normally and during a storm.
const THROTTLED: f64 = 0.02;
const IN_A_STORM: f64 = 0.4;
const ANSWER_LOST: f64 = 0.02;
const LATE: f64 = 0.01;
const UNDER_WAY: RangeInclusive<u64> = 0..=4_000;

/// It is unknown whether something was written.
#[derive(Debug, Clone, Copy)]
pub struct Unavailable;

/// Calls the store. `apply` takes effect at one moment, which it is told, or never.
pub async fn call<T>(
    sim: &Sim,
    what: &'static str,
    apply: impl FnOnce(&mut World, u64) -> T + Send + 'static,
) -> Result<T, Unavailable> {
    sim.step().await;
    let now = sim.now();
    let throttled = sim.world().throttled.iter().any(|throttled| throttled.contains(&now));
    if sim.fault(if throttled { IN_A_STORM } else { THROTTLED }) {
        sim.tell(|| format!("throttled: {what}"));
        return Err(Unavailable);
    }
    if sim.fault(LATE) {
        sim.tell(|| format!("does not answer, and takes effect later: {what}"));
        let late = sim.clone();
        sim.world().late += 1;
        sim.spawn(what, false, async move {
            let under_way = late.pick(UNDER_WAY);
            late.sleep(under_way).await;
            late.tell(|| format!("takes effect late: {what}"));
            apply(&mut late.world(), late.now());
            late.world().late -= 1;
        });
        sim.sleep(1_000).await;
        return Err(Unavailable);
    }
    let answer = apply(&mut sim.world(), sim.now());
    sim.tell(|| what.to_owned());
    sim.step().await;
    if sim.fault(ANSWER_LOST) {
        sim.tell(|| format!("the answer is lost: {what}"));
        return Err(Unavailable);
    }
    Ok(answer)
}
