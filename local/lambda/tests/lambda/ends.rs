//! Processes that crash, hang, freeze, are killed or never start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use local_lambda::Outcome;
use local_lambda::functions::{Settings, Signal, Supervisor};
use local_template::model::Function;
use serde_json::json;

use crate::fixture::{NAME, echo, function, slow, start};

fn runs(pid: u32) -> bool {
    // As far as the stack is concerned, a zombie is gone; its parent reaps it.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
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
        // Its own timeout is later.
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

#[tokio::test]
async fn stop_leaves_no_process_behind_within_five_seconds() {
    let stack = start(function(), |_| {});
    let nap = || stack.invoke(json!({ "do": "sleep", "ms": 60_000 }));
    let stop = async {
        let pids = stack.until(|status| status.in_flight == 2).await.pids;
        // SIGTERM does not reach a frozen process, so this one needs SIGKILL.
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
    let settings = Settings { built_by: "make run".into(), ..Settings::new("/bin-of-nowhere") };
    let error = Supervisor::start(&functions, settings, Arc::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("/bin-of-nowhere/nope") && text.contains("make run"), "{text}");
}
