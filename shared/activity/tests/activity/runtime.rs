//! The simulation as the clock of the code under test, and how often something goes wrong in it.

use std::ops::Deref;

use local_simulation::Rates;
use millrace_activity::process::Clock;

use crate::world::World;

/// When the simulation starts, in Unix milliseconds.
const START: i64 = 1_000_000;
const RATES: Rates = Rates { crash: 0.02, stop: 0.02, stopped: 50..=3_000, tick: 0..=6, most_steps: 30_000 };

/// State that all tasks share. A type of its own, because it is the store and the clock of the code under test.
#[derive(Clone)]
pub struct Sim(local_simulation::Sim<World>);

impl Sim {
    pub fn new(seed: u64, world: World, traced: bool) -> Self {
        Self(local_simulation::Sim::new(seed, world, RATES, traced))
    }

    /// Now, in Unix milliseconds.
    pub fn now(&self) -> i64 {
        START + self.0.now() as i64
    }
}

impl Deref for Sim {
    type Target = local_simulation::Sim<World>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Clock for Sim {
    fn now(&self) -> i64 {
        Sim::now(self)
    }

    async fn sleep(&self, milliseconds: i64) {
        self.0.sleep(milliseconds.max(0).cast_unsigned()).await;
    }

    fn fraction(&self) -> f64 {
        self.dice().f64()
    }
}
