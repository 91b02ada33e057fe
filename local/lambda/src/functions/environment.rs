//! The environment of a function process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;

use local_template::model::Function;

use super::settings::{Capacity, Settings};

/// Variables of the stack's own environment that a function process inherits. All others are cleared, because a
/// function in Lambda does not see the developer's shell either. Coverage tools need `LLVM_PROFILE_FILE`.
const INHERITED: [&str; 4] = ["PATH", "HOME", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// Variables as Lambda sets them, in increasing precedence: defaults, the template's, the caller's, and those that
/// Lambda reserves (Lambda developer guide, "Defined runtime environment variables").
pub(super) fn of(
    function: &Function,
    settings: &Settings,
    capacity: Capacity,
    runtime_api: SocketAddr,
    instance: u64,
) -> BTreeMap<OsString, OsString> {
    let mut all: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        all.insert(name.into(), value.into());
    };
    set("AWS_ACCESS_KEY_ID", "local");
    set("AWS_SECRET_ACCESS_KEY", "local");
    set("AWS_SESSION_TOKEN", "local");
    set("AWS_LAMBDA_LOG_FORMAT", "JSON");
    set("TZ", ":UTC");
    for (name, value) in function.environment.iter().chain(&settings.environment) {
        set(name, value);
    }
    set("AWS_REGION", &settings.region);
    set("AWS_DEFAULT_REGION", &settings.region);
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_mb.to_string());
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.name));
    set("AWS_LAMBDA_LOG_STREAM_NAME", &format!("[$LATEST]{instance}"));
    set("AWS_LAMBDA_RUNTIME_API", &runtime_api.to_string());
    set("_HANDLER", "bootstrap");
    let binary = settings.binary(function);
    set("LAMBDA_TASK_ROOT", &binary.parent().unwrap_or(&settings.binaries).display().to_string());
    if capacity.slots > 1 {
        set("AWS_LAMBDA_MAX_CONCURRENCY", &capacity.slots.to_string());
    }
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            all.insert(name.into(), value);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn environment(slots: u32) -> BTreeMap<String, String> {
        let function = Function {
            logical_id: "Archive".into(),
            name: "archive".into(),
            timeout: Duration::from_secs(3),
            memory_mb: 256,
            reserved_concurrency: None,
            asynchronous: Default::default(),
            environment: [("ARCHIVE_BUCKET", "template"), ("AWS_REGION", "mars-1"), ("RUST_LOG", "debug")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let mut settings = Settings::new("bin");
        settings.environment.insert("ARCHIVE_BUCKET".into(), "caller".into());
        let api = SocketAddr::from(([127, 0, 0, 1], 9001));
        of(&function, &settings, Capacity { instances: 1, slots }, api, 7)
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn the_caller_wins_over_the_template_and_lambda_over_both() {
        let environment = environment(1);
        assert_eq!(environment["ARCHIVE_BUCKET"], "caller");
        assert_eq!(environment["RUST_LOG"], "debug");
        assert_eq!(environment["AWS_REGION"], "us-east-1");
        assert_eq!(environment["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
    }

    #[test]
    fn a_process_for_one_invocation_is_not_told_to_poll_concurrently() {
        assert!(!environment(1).contains_key("AWS_LAMBDA_MAX_CONCURRENCY"));
        assert_eq!(environment(8)["AWS_LAMBDA_MAX_CONCURRENCY"], "8");
    }

    #[test]
    fn nothing_else_leaks_from_the_shell() {
        let environment = environment(1);
        assert!(environment.contains_key("PATH"));
        assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO_")), "cargo sets some");
        assert!(!environment.keys().any(|name| name.starts_with("CARGO_")));
    }
}
