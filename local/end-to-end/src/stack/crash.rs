//! Stops functions at crash points, the steps that they pass.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::{PATIENCE, Stack};

/// A step that a function has passed, as listed by `GET /_local/crash-points`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct CrashPoint {
    pub function: String,
    pub step: String,
    pub armed: bool,
    pub struck: bool,
}

impl Stack {
    /// Every step passed so far. The functions record them.
    pub async fn crash_points(&self) -> Vec<CrashPoint> {
        let points = self.get("/_local/crash-points").await.with(200).json();
        serde_json::from_value(points["items"].clone()).unwrap()
    }

    /// The steps that a function has passed so far.
    pub async fn steps(&self, function: &str) -> Vec<String> {
        let points = self.crash_points().await.into_iter();
        points.filter(|point| point.function == function).map(|point| point.step).collect()
    }

    /// Sends `KILL` or `STOP` to the next process that passes a step.
    pub async fn arm(&self, function: &str, step: &str, signal: &str) {
        let arm = json!({"function": function, "step": step, "signal": signal});
        self.ask("POST", "/_local/crash-points", &arm).await.with(200);
    }

    /// Whether a process was stopped at a step since it was armed.
    pub async fn struck(&self, function: &str, step: &str) -> bool {
        let points = self.crash_points().await;
        points.iter().any(|point| point.function == function && point.step == step && point.struck)
    }

    /// Waits until a process was stopped at a step.
    pub async fn until_struck(&self, function: &str, step: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.struck(function, step).await {
            assert!(Instant::now() < deadline, "{function} did not pass {step}{}", self.process.tail());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a signal to all processes of a function; returns their ids.
    pub async fn signal(&self, function: &str, signal: &str) -> Vec<u64> {
        let path = format!("/_local/functions/{function}/kill?signal={signal}");
        let answer = self.send(self.request("POST", &path)).await.with(200).json();
        answer["pids"].as_array().unwrap().iter().map(|pid| pid.as_u64().unwrap()).collect()
    }
}
