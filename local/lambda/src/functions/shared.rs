//! State shared by all functions.

use std::sync::Arc;

use local_faults::Faults;

use super::output::Output;
use super::process_group::ProcessGroup;
use super::settings::Settings;

/// State that the pools of all functions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    pub process_group: ProcessGroup,
    pub output: Output,
    pub faults: Arc<Faults>,
}
