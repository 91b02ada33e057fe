//! What all functions share.

use std::sync::Arc;

use local_faults::Faults;

use super::guardian::Guardian;
use super::output::Output;
use super::settings::Settings;

/// What the pools of all functions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    pub guardian: Guardian,
    pub output: Output,
    pub faults: Arc<Faults>,
}
