//! The analytics have counted each event of the log once, and each outcome of activity.

use std::collections::BTreeSet;

use super::Found;
use crate::analytics::{Counter, expected, is_kept};
use crate::observed::Observed;

pub(super) fn judge(observed: &Observed, found: &mut Found) {
    // A simulation has no analytics.
    let Some((analytics, now)) = &observed.analytics else { return };
    let expected = expected(&observed.log, &analytics.outcomes);
    let counters: BTreeSet<&Counter> = expected.keys().chain(analytics.counters.keys()).collect();
    for counter in counters.into_iter().filter(|counter| is_kept(counter, *now)) {
        let (due, counted) = (expected.get(counter), analytics.counters.get(counter));
        found.check(due == counted, "analytics-differ", counter.0.as_str(), || {
            format!("{} {} is {counted:?}, and the log has {due:?}", counter.1, counter.2)
        });
    }
}
