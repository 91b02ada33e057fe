//! Runs the function binaries the way Lambda does.
//!
//! [`Supervisor`] holds one [`pool`] per function. A pool starts processes on demand, limits how many invocations each
//! has at once, and queues further ones. An [`instance`] is the state of one process; [`process`] runs it, with its own
//! Lambda Runtime API ([`runtime_api`]) on a loopback port. The [`process_group`] is led by a shell that outlives the
//! stack for a moment, so that no function process does.

mod environment;
mod errors;
mod in_flight;
mod instance;
mod invocation;
mod output;
mod pool;
mod process;
mod process_group;
mod queue;
mod runtime_api;
mod settings;
mod shared;
mod stream;
mod supervisor;

pub use process_group::Signal;
pub use queue::{Functions, MAX_EVENT, MAX_EVENTS, Queue, Refused};
pub use settings::{Settings, StartError};
pub use supervisor::{FunctionStatus, Supervisor, UnknownFunction};
