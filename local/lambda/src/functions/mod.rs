//! Runs the function binaries the way Lambda does.
//!
//! [`Supervisor`] holds one [`pool`] per function. A pool starts processes on demand, gives each at most so many
//! invocations at once, and lets further ones wait. An [`instance`] is what is known of one process; [`process`] runs it,
//! with a Lambda Runtime API ([`runtime_api`]) of its own on a loopback port. The [`process_group`] is a shell that outlives the stack for a
//! moment, so that no function process does.

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
mod supervisor;

pub use process_group::Signal;
pub use queue::{Functions, MAX_EVENT, MAX_EVENTS, Queue, Refused};
pub use settings::{Settings, StartError};
pub use supervisor::{FunctionStatus, Supervisor, UnknownFunction};
