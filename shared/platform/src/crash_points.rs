//! Crash points: places where a test stops this process, to check that nothing is lost there.
//!
//! Every step that reaches outside the process is one: each call of an AWS client, each produce, and the response to an
//! invocation. [`before`] marks its start and [`after`] its completion; a response has no `after`, because the process
//! then polls for the next invocation. A step is named after the operation, so a new call becomes a new crash point
//! without further code.
//!
//! With the cargo feature `crash-points`, and the directory that `MILLRACE_CRASH_POINTS` names, a process
//! - creates the file `seen/<function>/<step>` when it first passes a step;
//! - moves `armed/<function>/<step>`, if it exists, to `struck/<function>/<step>`, and sends itself the signal that the
//!   file names: `KILL`, or `STOP` until another process sends `CONT`. One file stops one process once.
//!
//! Without the feature, as in a deployment, these functions do nothing.

/// Step name of the response to an invocation.
pub const ANSWER: &str = "answer";

/// Marks the start of a step.
pub fn before(step: &str) {
    pass(step, "before");
}

/// Marks the completion of a step.
pub fn after(step: &str) {
    pass(step, "after");
}

#[cfg(not(feature = "crash-points"))]
fn pass(_step: &str, _moment: &str) {}

#[cfg(feature = "crash-points")]
pub(crate) use enabled::around;
#[cfg(feature = "crash-points")]
use enabled::pass;

#[cfg(feature = "crash-points")]
mod enabled {
    use std::collections::HashSet;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::{Mutex, OnceLock, PoisonError};

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

    use crate::settings;

    /// The directory, and the steps that this process has already passed.
    struct Points {
        directory: PathBuf,
        function: String,
        seen: Mutex<HashSet<String>>,
    }

    pub(super) fn pass(step: &str, moment: &str) {
        static POINTS: OnceLock<Option<Points>> = OnceLock::new();
        let points = POINTS.get_or_init(|| {
            let directory = PathBuf::from(settings::optional("MILLRACE_CRASH_POINTS")?);
            let function = settings::optional("AWS_LAMBDA_FUNCTION_NAME")?;
            Some(Points { directory, function, seen: Mutex::default() })
        });
        if let Some(points) = points {
            points.pass(&format!("{step}.{moment}"));
        }
    }

    impl Points {
        fn pass(&self, step: &str) {
            if self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned()) {
                self.note(step).unwrap_or_else(|error| tracing::error!(%error, step, "crash point not noted"));
            }
            let struck = self.file("struck", step);
            // Of several processes that reach an armed step, only one can move its file.
            if std::fs::rename(self.file("armed", step), &struck).is_ok() {
                strike(&struck);
            }
        }

        fn note(&self, step: &str) -> std::io::Result<()> {
            for place in ["seen", "struck"] {
                std::fs::create_dir_all(self.directory.join(place).join(&self.function))?;
            }
            std::fs::write(self.file("seen", step), "")
        }

        fn file(&self, place: &str, step: &str) -> PathBuf {
            self.directory.join(place).join(&self.function).join(step)
        }
    }

    fn strike(file: &Path) {
        // Sending a signal to oneself needs unsafe code or a dependency, but every shell can do it. This thread runs
        // all of the function's code, and blocks until then.
        let signal = std::fs::read_to_string(file).unwrap_or_default();
        let sent = Command::new("/bin/sh").args(["-c", r#"kill -s "$0" "$PPID""#, &signal]).status();
        tracing::warn!(?sent, signal, "went on at a crash point");
    }

    /// Turns every call of a connector into a step.
    pub(crate) fn around(connector: SharedHttpConnector) -> SharedHttpConnector {
        SharedHttpConnector::new(Steps(connector))
    }

    #[derive(Debug)]
    struct Steps(SharedHttpConnector);

    impl HttpConnector for Steps {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let step = name(&request);
            super::before(&step);
            let call = self.0.call(request);
            HttpConnectorFuture::new(async move {
                let answer = call.await?;
                super::after(&step);
                Ok(answer)
            })
        }
    }

    /// `dynamodb.<operation>.<table>`, followed by the index if one is read; for other services `<service>.<method>`. A
    /// batch request has its table name as the first key of its request items.
    fn name(request: &HttpRequest) -> String {
        let Some((_, operation)) = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'))
        else {
            // Credential=<id>/<date>/<region>/<service>/aws4_request
            let scope = request.headers().get("authorization").and_then(|value| value.split('/').nth(3));
            return format!("{}.{}", scope.unwrap_or("http"), request.method().to_lowercase());
        };
        let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
        let mut name = format!("dynamodb.{operation}");
        for field in [r#""TableName":""#, r#""RequestItems":{""#, r#""IndexName":""#] {
            if let Some(value) = body.split_once(field).and_then(|(_, rest)| rest.split('"').next()) {
                name.push('.');
                name.push_str(value);
            }
        }
        name
    }
}
