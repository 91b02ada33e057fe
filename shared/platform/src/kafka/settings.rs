//! Connection settings of the Kafka cluster, parsed from the environment.

use crate::settings::{self, MissingSetting};

/// Broker addresses and authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port` pairs, separated by commas (`KAFKA_BOOTSTRAP_SERVERS`).
    pub bootstrap_servers: String,
    /// The security mode (`KAFKA_AUTH`).
    pub auth: Auth,
    /// Client id that appears in broker logs: the function's name.
    pub client_id: String,
}

/// Security mode.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// Neither TLS nor authentication: local brokers only.
    Plaintext,
    /// SCRAM-SHA-512 over TLS.
    Scram {
        /// `KAFKA_USERNAME`.
        username: String,
        /// `KAFKA_PASSWORD`.
        password: String,
    },
    /// MSK IAM over TLS with the function's own credentials.
    Iam {
        /// `AWS_REGION`.
        region: String,
        /// `AWS_ACCESS_KEY_ID`.
        access_key_id: String,
        /// `AWS_SECRET_ACCESS_KEY`.
        secret_access_key: String,
        /// `AWS_SESSION_TOKEN`; absent for long-lived keys.
        session_token: Option<String>,
    },
}

/// Written by hand to keep secrets out of logs.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "Plaintext",
            Self::Scram { .. } => "Scram(..)",
            Self::Iam { .. } => "Iam(..)",
        })
    }
}

/// The environment has no valid Kafka settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable is absent.
    #[error(transparent)]
    Missing(#[from] MissingSetting),
    /// `KAFKA_AUTH` is not a known mode.
    #[error("KAFKA_AUTH is {found:?}; it must be plaintext, scram or iam")]
    UnknownAuth {
        /// Its value.
        found: String,
    },
    /// `KAFKA_BOOTSTRAP_SERVERS` has an entry that is not `host:port`.
    #[error("KAFKA_BOOTSTRAP_SERVERS has the entry {entry:?}; it must be host:port pairs, separated by commas")]
    BadServer {
        /// The entry.
        entry: String,
    },
}

impl KafkaSettings {
    /// Reads the settings from the process environment.
    ///
    /// # Errors
    /// [`SettingsError`] names the missing or invalid variable.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::parse(settings::optional)
    }

    /// Reads the settings through `lookup`, which returns a variable's value, or `None` if it is absent or empty.
    ///
    /// # Errors
    /// As [`KafkaSettings::from_env`].
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name: &str| lookup(name).ok_or_else(|| MissingSetting::new(name));
        let auth = match required("KAFKA_AUTH")?.as_str() {
            "plaintext" => Auth::Plaintext,
            "scram" => Auth::Scram { username: required("KAFKA_USERNAME")?, password: required("KAFKA_PASSWORD")? },
            "iam" => Auth::Iam {
                region: required("AWS_REGION")?,
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
                session_token: lookup("AWS_SESSION_TOKEN"),
            },
            found => return Err(SettingsError::UnknownAuth { found: found.to_owned() }),
        };
        let bootstrap_servers = required("KAFKA_BOOTSTRAP_SERVERS")?;
        for entry in bootstrap_servers.split(',') {
            check_server(entry)?;
        }
        let client_id = lookup("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "millrace".to_owned());
        Ok(Self { bootstrap_servers, auth, client_id })
    }
}

fn check_server(entry: &str) -> Result<(), SettingsError> {
    let valid = entry
        .trim()
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0));
    if valid { Ok(()) } else { Err(SettingsError::BadServer { entry: entry.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<KafkaSettings, SettingsError> {
        KafkaSettings::parse(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_mode_needs_its_own_variables_and_says_which_is_missing() {
        let servers = ("KAFKA_BOOTSTRAP_SERVERS", "b-1.example:9098, b-2.example:9098");
        let plain = parse(&[servers, ("KAFKA_AUTH", "plaintext"), ("AWS_LAMBDA_FUNCTION_NAME", "relay")]);
        assert_eq!(plain.as_ref().map(|s| (&s.auth, s.client_id.as_str())), Ok((&Auth::Plaintext, "relay")));

        let scram = parse(&[servers, ("KAFKA_AUTH", "scram"), ("KAFKA_USERNAME", "u")]);
        assert_eq!(scram, Err(MissingSetting::new("KAFKA_PASSWORD").into()));

        let iam = parse(&[servers, ("KAFKA_AUTH", "iam"), ("AWS_REGION", "eu-central-1")]);
        assert_eq!(iam, Err(MissingSetting::new("AWS_ACCESS_KEY_ID").into()));
    }

    #[test]
    fn an_unknown_mode_and_a_bad_server_are_start_errors_that_show_the_value() {
        let unknown = parse(&[("KAFKA_BOOTSTRAP_SERVERS", "a:1"), ("KAFKA_AUTH", "IAM")]);
        assert_eq!(
            unknown.map_err(|e| e.to_string()).err().as_deref(),
            Some("KAFKA_AUTH is \"IAM\"; it must be plaintext, scram or iam")
        );
        for servers in ["a", "a:", ":9092", "a:0", "a:9092,", "a:70000"] {
            let result = parse(&[("KAFKA_BOOTSTRAP_SERVERS", servers), ("KAFKA_AUTH", "plaintext")]);
            assert!(matches!(result, Err(SettingsError::BadServer { .. })), "{servers}: {result:?}");
        }
    }

    #[test]
    fn no_secret_is_in_the_debug_form() {
        let secret = "hunter2";
        let scram = parse(&[
            ("KAFKA_BOOTSTRAP_SERVERS", "a:1"),
            ("KAFKA_AUTH", "scram"),
            ("KAFKA_USERNAME", "u"),
            ("KAFKA_PASSWORD", secret),
        ]);
        assert!(scram.is_ok() && !format!("{scram:?}").contains(secret));
    }
}
