//! The function supervisor with real processes: `examples/test-function.rs` over the Lambda Runtime API.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use millrace_local::faults::{Fault, Faults, Kind};
use millrace_local::lambda::{FunctionStatus, Invoke, Outcome, Settings, Signal, Supervisor};
use millrace_local::template::model::Function;
use serde_json::{Value, json};

const NAME: &str = "test-function";
/// Every condition that a test waits for holds within this time, or the test fails.
const LIMIT: Duration = Duration::from_secs(20);

fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().nth(2).unwrap().join("examples");
    assert!(directory.join(NAME).is_file(), "`cargo build --example test-function` builds what this test runs");
    directory
}

fn function() -> Function {
    Function {
        logical_id: "TestFunction".into(),
        name: NAME.into(),
        timeout: LIMIT,
        memory_mb: 256,
        reserved_concurrency: None,
        environment: BTreeMap::new(),
    }
}

struct Stack {
    supervisor: Supervisor,
    faults: Arc<Faults>,
    logs: tempfile::TempDir,
}

fn start(function: Function, change: impl FnOnce(&mut Settings)) -> Stack {
    let logs = tempfile::tempdir().unwrap();
    let mut settings =
        Settings { logs: Some(logs.path().to_path_buf()), terminal: false, instances: 3, ..Settings::new(binaries()) };
    change(&mut settings);
    let faults = Arc::new(Faults::default());
    let functions = [(function.name.clone(), function)].into();
    Stack { supervisor: Supervisor::start(&functions, settings, faults.clone()).unwrap(), faults, logs }
}

impl Stack {
    async fn invoke(&self, payload: Value) -> Outcome {
        tokio::time::timeout(LIMIT * 2, self.supervisor.invoke(NAME, Bytes::from(payload.to_string()))).await.unwrap()
    }

    async fn success(&self, payload: Value) -> Value {
        match self.invoke(payload).await {
            Outcome::Success(answer) => serde_json::from_slice(&answer).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn failure(&self, payload: Value) -> (String, String) {
        match self.invoke(payload).await {
            Outcome::FunctionError(error) => {
                let error: Value = serde_json::from_slice(&error).unwrap();
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                (text("errorType"), text("errorMessage"))
            }
            other => panic!("{other:?}"),
        }
    }

    fn status(&self) -> FunctionStatus {
        self.supervisor.functions().remove(0)
    }

    async fn until(&self, condition: impl Fn(&FunctionStatus) -> bool) -> FunctionStatus {
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

    async fn log_with(&self, text: &str) -> String {
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

fn echo() -> Value {
    json!({ "do": "echo" })
}

fn runs(pid: u32) -> bool {
    // A zombie is gone as far as the stack is concerned; its parent reaps it.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn an_invocation_sees_what_lambda_shows() {
    let mut function = function();
    function.timeout = Duration::from_secs(3);
    function.environment.insert("ARCHIVE_BUCKET".into(), "archive".into());
    let stack = start(function, |settings| {
        settings.environment.insert("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:4566".into());
    });
    let answer = stack.success(json!({ "do": "echo", "text": "ü\u{0}" })).await;
    assert_eq!(answer["payload"]["text"], "ü\u{0}");
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:test-function");
    assert!(answer["trace"].as_str().unwrap().starts_with("Root=1-"));
    assert!((1..=3000).contains(&answer["leftMs"].as_u64().unwrap()));
    let environment = &answer["environment"];
    assert_eq!(environment["ARCHIVE_BUCKET"], "archive");
    assert_eq!(environment["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
    assert!(environment.as_object().unwrap().keys().all(|name| !name.starts_with("CARGO")));
    let again = stack.success(echo()).await;
    assert_eq!(again["pid"], answer["pid"], "a warm process serves again");
    assert_ne!(again["requestId"], answer["requestId"]);
    let status = stack.status();
    assert_eq!((status.invocations, status.errors, status.cold_starts, status.instances), (2, 0, 1, 1));
    let log = stack.log_with("doing Some(\"echo\")\ndoing").await;
    assert!(log.starts_with("init\n"), "{log}");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn an_error_of_the_function_is_passed_on_and_the_process_stays() {
    let stack = start(function(), |_| {});
    let pid = stack.success(echo()).await["pid"].clone();
    let (_, message) = stack.failure(json!({ "do": "error" })).await;
    assert_eq!(message, "told to");
    assert_eq!(stack.success(echo()).await["pid"], pid);
    assert_eq!(stack.status().errors, 1);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_crash_is_an_exit_error_and_the_next_invocation_starts_afresh() {
    let stack = start(function(), |_| {});
    let cases = [
        (json!({ "do": "exit", "code": 7 }), "Runtime exited with error: exit status 7"),
        (json!({ "do": "exit", "code": 0 }), "Runtime exited without providing a reason"),
        (json!({ "do": "abort" }), "Runtime exited with error: signal: aborted"),
    ];
    let mut before = stack.success(echo()).await["pid"].clone();
    for (payload, reason) in cases {
        let (error_type, message) = stack.failure(payload).await;
        assert_eq!(error_type, "Runtime.ExitError");
        assert!(message.starts_with("RequestId: ") && message.ends_with(reason), "{message}");
        let after = stack.success(echo()).await["pid"].clone();
        assert_ne!(after, before);
        before = after;
    }
    assert_eq!(stack.status().errors, 3);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_hang_ends_at_the_timeout_with_its_process_and_what_else_that_served() {
    let mut function = function();
    function.timeout = Duration::from_millis(1500);
    let stack = start(function, |settings| settings.concurrency = 2);
    let pid = stack.success(echo()).await["pid"].clone();
    let hang = stack.failure(json!({ "do": "sleep", "ms": 60_000 }));
    let neighbour = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stack.failure(json!({ "do": "sleep", "ms": 1400 })).await
    };
    let (hang, neighbour) = tokio::join!(hang, neighbour);
    assert_eq!(hang.0, "Sandbox.Timedout");
    assert!(hang.1.ends_with("Error: Task timed out after 1.50 seconds"), "{}", hang.1);
    assert_eq!(neighbour.0, "Runtime.ExitError");
    assert!(neighbour.1.ends_with("signal: killed"), "{}", neighbour.1);
    assert_ne!(stack.success(echo()).await["pid"], pid);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_frozen_process_is_timed_out_too() {
    let mut function = function();
    function.timeout = Duration::from_secs(1);
    let stack = start(function, |_| {});
    let pid = stack.success(echo()).await["pid"].clone();
    assert_eq!(json!(stack.supervisor.signal(NAME, Signal::Stop).await.unwrap()), json!([pid]));
    assert_eq!(stack.failure(echo()).await.0, "Sandbox.Timedout");
    assert_ne!(stack.success(echo()).await["pid"], pid);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_thawed_process_goes_on() {
    let stack = start(function(), |_| {});
    let pid = stack.success(echo()).await["pid"].clone();
    stack.supervisor.signal(NAME, Signal::Stop).await.unwrap();
    let held = stack.success(echo());
    let thaw = async {
        stack.until(|status| status.in_flight == 1).await;
        stack.supervisor.signal(NAME, Signal::Cont).await.unwrap();
    };
    assert_eq!(tokio::join!(held, thaw).0["pid"], pid);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn an_init_that_fails_or_hangs_fails_the_invocation() {
    let mut failing = function();
    failing.environment.insert("INIT".into(), "fail".into());
    let stack = start(failing, |_| {});
    let (error_type, message) = stack.failure(echo()).await;
    assert_eq!(error_type, "Runtime.ExitError");
    assert!(message.ends_with("exit status 3"), "{message}");
    stack.supervisor.stop().await;

    let mut hanging = function();
    hanging.environment.insert("INIT".into(), "hang".into());
    let stack = start(hanging, |settings| settings.init_limit = Duration::from_millis(300));
    let expected = ("Sandbox.Timedout".to_owned(), "Error: Init timed out after 0.30 seconds".to_owned());
    assert_eq!(stack.failure(echo()).await, expected);
    stack.until(|status| status.instances == 0).await;
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_broken_binary_is_started_less_and_less_often() {
    let mut failing = function();
    failing.environment.insert("INIT".into(), "fail".into());
    let stack = start(failing, |_| {});
    let began = Instant::now();
    for _ in 0..6 {
        assert_eq!(stack.failure(echo()).await.0, "Runtime.ExitError");
    }
    // 100, 200 and 400 ms before the fourth, fifth and sixth start.
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!(stack.status().cold_starts, 6);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn garbage_and_answers_over_six_megabytes_harm_nobody() {
    let stack = start(function(), |_| {});
    let pid = stack.success(json!({ "do": "garbage" })).await["pid"].clone();
    let log = stack.log_with("HTTP/1.1 404").await;
    assert!(log.contains("HTTP/1.1 400"), "{log}");
    let (error_type, message) = stack.failure(json!({ "do": "big", "bytes": 7_000_000 })).await;
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
    assert!(message.contains("6291556"), "{message}");
    assert_eq!(stack.success(json!({ "do": "big", "bytes": 6_000_000 })).await.as_str().unwrap().len(), 6_000_000);
    assert_eq!(stack.success(echo()).await["pid"], pid);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn one_process_serves_two_at_once() {
    let stack = start(function(), |settings| {
        settings.concurrency = 2;
        settings.instances = 1;
    });
    stack.success(echo()).await;
    let began = Instant::now();
    let nap = || stack.success(json!({ "do": "sleep", "ms": 1000 }));
    let (one, other, _) = tokio::join!(nap(), nap(), stack.until(|status| status.in_flight == 2));
    assert_eq!(one["pid"], other["pid"]);
    assert!(began.elapsed() < Duration::from_millis(1900), "{:?}", began.elapsed());
    assert_eq!(one["environment"]["AWS_LAMBDA_MAX_CONCURRENCY"], "2");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn more_processes_come_under_load_and_go_when_idle() {
    let stack = start(function(), |settings| settings.idle_limit = Duration::from_millis(300));
    let nap = || stack.success(json!({ "do": "sleep", "ms": 500 }));
    // Three processes, six invocations: half of them wait.
    let naps = [nap(), nap(), nap(), nap(), nap(), nap()];
    let load = futures::future::join_all(naps);
    let (answers, peak) = tokio::join!(load, stack.until(|status| status.in_flight == 3));
    assert_eq!(peak.instances, 3);
    let pids: std::collections::BTreeSet<u64> = answers.iter().map(|answer| answer["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids.len(), 3);
    stack.until(|status| status.instances == 1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let status = stack.status();
    assert_eq!((status.instances, status.cold_starts), (1, 3), "the last one stays");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn who_finds_no_process_in_time_is_throttled() {
    let mut function = function();
    function.reserved_concurrency = Some(1);
    let stack = start(function, |settings| {
        settings.concurrency = 4;
        settings.queue_wait = Duration::from_millis(500);
    });
    stack.success(echo()).await;
    let busy = stack.success(json!({ "do": "sleep", "ms": 1500 }));
    let late = async {
        stack.until(|status| status.in_flight == 1).await;
        stack.invoke(echo()).await
    };
    let (_, late) = tokio::join!(busy, late);
    assert_eq!(late, Outcome::Throttled);
    let status = stack.status();
    assert_eq!((status.throttles, status.invocations, status.cold_starts), (1, 2, 1));
    stack.success(echo()).await;
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn kill_answers_the_pids_and_in_flight_invocations_fail() {
    for signal in [Signal::Kill, Signal::Term] {
        let stack = start(function(), |settings| settings.concurrency = 2);
        let nap = || stack.failure(json!({ "do": "sleep", "ms": 60_000 }));
        let kill = async {
            let before = stack.until(|status| status.in_flight == 3).await;
            (before.pids, stack.supervisor.signal(NAME, signal).await.unwrap())
        };
        let (one, two, three, (before, pids)) = tokio::join!(nap(), nap(), nap(), kill);
        assert_eq!((pids.len(), &pids), (2, &before));
        let reason = if signal == Signal::Kill { "signal: killed" } else { "signal: terminated" };
        for (error_type, message) in [one, two, three] {
            assert_eq!(error_type, "Runtime.ExitError");
            assert!(message.ends_with(reason), "{message}");
        }
        let after = u32::try_from(stack.success(echo()).await["pid"].as_u64().unwrap()).unwrap();
        assert!(!pids.contains(&after) && pids.iter().all(|pid| !runs(*pid)));
        stack.supervisor.stop().await;
    }
    let stack = start(function(), |_| {});
    let error = stack.supervisor.signal("nope", Signal::Kill).await.unwrap_err();
    assert_eq!(error.known, [NAME]);
}

#[tokio::test]
async fn an_invocation_that_a_dead_process_never_received_goes_to_another() {
    let stack = start(function(), |_| {});
    let pid = stack.success(echo()).await["pid"].clone();
    stack.faults.start(slow(500));
    let waiting = stack.success(echo());
    let kill = async {
        stack.until(|status| status.in_flight == 1).await;
        stack.supervisor.signal(NAME, Signal::Kill).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waiting, kill);
    assert_ne!(answer["pid"], pid);
    assert_eq!(stack.status().errors, 0);
    stack.supervisor.stop().await;
}

fn slow(delay_ms: u64) -> Fault {
    Fault { kind: Kind::SlowFunction, probability: 1.0, duration_ms: 60_000, function: Some(NAME.into()), delay_ms }
}

#[tokio::test]
async fn a_slow_function_is_delayed_within_its_timeout() {
    let mut function = function();
    function.timeout = Duration::from_secs(1);
    let stack = start(function, |_| {});
    stack.success(echo()).await;
    stack.faults.start(slow(300));
    let began = Instant::now();
    let left = stack.success(echo()).await["leftMs"].as_u64().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300) && left <= 700, "{left}");
    stack.faults.start(slow(5000));
    assert_eq!(stack.failure(echo()).await.0, "Sandbox.Timedout");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn stop_leaves_no_process_behind_within_five_seconds() {
    let stack = start(function(), |_| {});
    let nap = || stack.invoke(json!({ "do": "sleep", "ms": 60_000 }));
    let stop = async {
        let pids = stack.until(|status| status.in_flight == 2).await.pids;
        // SIGTERM does not reach a frozen process, so this one needs the SIGKILL.
        stack.supervisor.signal(NAME, Signal::Stop).await.unwrap();
        let began = Instant::now();
        stack.supervisor.stop().await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        pids
    };
    let (one, other, pids) = tokio::join!(nap(), nap(), stop);
    assert!(matches!((one, other), (Outcome::FunctionError(_), Outcome::FunctionError(_))));
    assert!(pids.len() == 2 && pids.iter().all(|pid| !runs(*pid)));
    assert_eq!(stack.invoke(echo()).await, Outcome::Throttled);
}

#[test]
fn a_missing_binary_is_named_with_the_command_that_builds_it() {
    let functions = [("nope".to_owned(), Function { name: "nope".into(), ..function() })].into();
    let error = Supervisor::start(&functions, Settings::new("/bin-of-nowhere"), Arc::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("/bin-of-nowhere/nope") && text.contains("make run"), "{text}");
}
