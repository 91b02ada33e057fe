//! The state that the routes share.

use std::sync::Arc;

use millrace_delivery::outbox::Outbox;
use millrace_platform::kafka::Publisher;
use millrace_platform::limiter::Limiter;

use crate::lists::Store;

/// The dependencies of the routes.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub limiter: Limiter,
    pub publisher: Arc<dyn Publisher>,
    pub outbox: Outbox,
}
