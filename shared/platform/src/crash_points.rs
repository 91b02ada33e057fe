//! Crash points: the places where a test stops this process for good, to see that nothing is lost there.
//!
//! Every step that reaches outside the process is one, [`before`] it starts and [`after`] it was done elsewhere: each
//! call of an AWS client, each produce, and the answer of an invocation (which has no after: then the next one is
//! polled). A step has its name from what it does, so that a new call is a new crash point by itself.
//!
//! With the cargo feature `crash-points`, and the directory that `MILLRACE_CRASH_POINTS` names, a process
//! - creates the file `seen/<function>/<step>` when it passes a step for the first time;
//! - moves `armed/<function>/<step>` to `struck/<function>/<step>` when it is there, and sends itself the signal that
//!   the file names: `KILL`, or `STOP` until somebody sends `CONT`. One file stops one process once.
//!
//! Without the feature, as deployed, the functions here are empty.

/// The step's name for what an invocation answers.
pub const ANSWER: &str = "answer";

/// Passes the point before a step.
pub fn before(step: &str) {
    pass(step, "before");
}

/// Passes the point after a step that was done.
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

    /// The directory, and the steps that this process has passed.
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
            // Of the processes that meet an armed file only one can move it.
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
        // A signal to oneself takes unsafe code or a dependency, and every shell sends one. This thread runs everything
        // that the function does, and stands still meanwhile.
        let signal = std::fs::read_to_string(file).unwrap_or_default();
        let sent = Command::new("/bin/sh").args(["-c", r#"kill -s "$0" "$PPID""#, &signal]).status();
        tracing::warn!(?sent, signal, "went on at a crash point");
    }

    /// Makes every call of a connector a step.
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

    /// `dynamodb.<operation>.<table>` and the index, if one is read; for other services `<service>.<method>`. A batch has its
    /// table as the first key of its requests.
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
