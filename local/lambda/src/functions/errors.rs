//! Lambda's error payloads for invocations that no function code answered.
//!
//! The texts are those of the Lambda service ("Lambda invocation errors" and "Troubleshoot" pages of the Lambda
//! developer guide), because callers match on `errorType`.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::invoke::MAX_PAYLOAD;

/// Largest answer of a function, in bytes: 6 MB plus room for an envelope, as in the service's own message.
pub const MAX_RESPONSE: usize = 6_291_556;

fn payload(error_type: &str, message: &str) -> Bytes {
    Bytes::from(json!({ "errorType": error_type, "errorMessage": message }).to_string())
}

/// The process ended during the invocation.
pub fn exit(request_id: &str, status: Option<ExitStatus>) -> Bytes {
    payload("Runtime.ExitError", &format!("RequestId: {request_id} Error: {}", reason(status)))
}

fn reason(status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "Runtime exited without providing a reason".to_owned() };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(number)) => format!("Runtime exited with error: signal: {}", signal_name(number)),
        (None, None) => "Runtime exited without providing a reason".to_owned(),
    }
}

/// Signal names as printed by Go, which the service's messages use.
fn signal_name(number: i32) -> String {
    let name = match number {
        2 => "interrupt",
        4 => "illegal instruction",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        15 => "terminated",
        _ => return number.to_string(),
    };
    name.to_owned()
}

/// The invocation took longer than the function's timeout.
pub fn timed_out(request_id: &str, timeout: Duration) -> Bytes {
    let seconds = timeout.as_secs_f64();
    payload("Sandbox.Timedout", &format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"))
}

/// The process did not poll for its first invocation in time.
pub fn init_timed_out(limit: Duration) -> Bytes {
    let seconds = limit.as_secs_f64();
    payload("Sandbox.Timedout", &format!("Error: Init timed out after {seconds:.2} seconds"))
}

/// The process could not be started.
pub fn cannot_start(message: &str) -> Bytes {
    payload("Runtime.InvalidEntrypoint", &format!("Error: {message}"))
}

/// The answer is larger than [`MAX_RESPONSE`].
pub fn response_too_large() -> Bytes {
    let message = format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
    payload("Function.ResponseSizeTooLarge", &message)
}

/// A streamed answer broke off: the function reported an error at its end, or its connection broke.
pub fn stream_failed(error_type: &str) -> Bytes {
    payload(error_type, "The function failed while it streamed its answer.")
}

/// The payload is larger than Lambda takes.
pub fn request_too_large(size: usize) -> Bytes {
    let limit = MAX_PAYLOAD;
    payload("RequestTooLargeException", &format!("{size} byte payload is too large for the limit of {limit} bytes"))
}

/// No function has this name.
pub fn unknown_function(name: &str) -> Bytes {
    payload("ResourceNotFoundException", &format!("Function not found: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_read_as_in_lambda() {
        let cases = [
            (Some(0), "Runtime exited without providing a reason"),
            (Some(1 << 8), "Runtime exited with error: exit status 1"),
            (Some(101 << 8), "Runtime exited with error: exit status 101"),
            (Some(9), "Runtime exited with error: signal: killed"),
            (Some(11), "Runtime exited with error: signal: segmentation fault"),
            (None, "Runtime exited without providing a reason"),
        ];
        for (wait_status, text) in cases {
            assert_eq!(reason(wait_status.map(ExitStatus::from_raw)), text);
        }
    }

    #[test]
    fn a_timeout_names_the_request_and_two_decimals() {
        let payload = timed_out("r1", Duration::from_secs(3));
        let expected = json!({
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: r1 Error: Task timed out after 3.00 seconds",
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&payload).unwrap(), expected);
    }
}
