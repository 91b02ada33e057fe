//! A supervisor with one function, `examples/test-function.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use local_faults::{Fault, Faults, Kind};
use local_lambda::functions::{FunctionStatus, Settings, Supervisor};
use local_lambda::{Invoke, Outcome};
use local_template::model::Function;
use serde_json::{Value, json};

pub const NAME: &str = "test-function";
/// Every condition must hold within this time, or the test fails.
const LIMIT: Duration = Duration::from_secs(20);

fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().nth(2).unwrap().join("examples");
    assert!(directory.join(NAME).is_file(), "`cargo build --example test-function` builds what this test runs");
    directory
}

pub fn function() -> Function {
    Function {
        logical_id: "TestFunction".into(),
        name: NAME.into(),
        timeout: LIMIT,
        memory_mb: 256,
        reserved_concurrency: None,
        asynchronous: Default::default(),
        environment: BTreeMap::new(),
    }
}

pub struct Stack {
    pub supervisor: Supervisor,
    pub faults: Arc<Faults>,
    logs: tempfile::TempDir,
}

pub fn start(function: Function, change: impl FnOnce(&mut Settings)) -> Stack {
    let logs = tempfile::tempdir().unwrap();
    let mut settings =
        Settings { logs: Some(logs.path().to_path_buf()), terminal: false, instances: 3, ..Settings::new(binaries()) };
    change(&mut settings);
    let faults = Arc::new(Faults::default());
    let functions = [(function.name.clone(), function)].into();
    Stack { supervisor: Supervisor::start(&functions, settings, faults.clone()).unwrap(), faults, logs }
}

impl Stack {
    pub async fn invoke(&self, payload: Value) -> Outcome {
        tokio::time::timeout(LIMIT * 2, self.supervisor.invoke(NAME, Bytes::from(payload.to_string()))).await.unwrap()
    }

    pub async fn success(&self, payload: Value) -> Value {
        match self.invoke(payload).await {
            Outcome::Success(answer) => serde_json::from_slice(&answer).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn failure(&self, payload: Value) -> (String, String) {
        match self.invoke(payload).await {
            Outcome::FunctionError(error) => {
                let error: Value = serde_json::from_slice(&error).unwrap();
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                (text("errorType"), text("errorMessage"))
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn status(&self) -> FunctionStatus {
        self.supervisor.functions().remove(0)
    }

    pub async fn until(&self, condition: impl Fn(&FunctionStatus) -> bool) -> FunctionStatus {
        let start = Instant::now();
        loop {
            let status = self.status();
            if condition(&status) {
                return status;
            }
            assert!(start.elapsed() < LIMIT, "{status:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn log_with(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.logs.path().join(format!("{NAME}.log"))).unwrap_or_default();
            if log.contains(text) {
                return log;
            }
            assert!(start.elapsed() < LIMIT, "no {text:?} in {log:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub fn echo() -> Value {
    json!({ "do": "echo" })
}

pub fn slow(delay_ms: u64) -> Fault {
    Fault { kind: Kind::SlowFunction, probability: 1.0, duration_ms: 60_000, function: Some(NAME.into()), delay_ms }
}
