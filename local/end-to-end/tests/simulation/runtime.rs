//! How often something goes wrong here, and how fast time passes.

use local_simulation::Rates;

use super::world::World;

/// Everything that tasks share.
pub type Sim = local_simulation::Sim<World>;

/// A task stands still for longer than a lease at times.
pub const RATES: Rates = Rates { crash: 0.006, stop: 0.006, stopped: 500..=45_000, tick: 0..=8, most_steps: 200_000 };
