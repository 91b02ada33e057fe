//! Connection settings of the Kafka cluster: parsed from the environment, with the secrets that it names.

use tokio::try_join;

use super::secret::{self, Ca, Login};
use crate::secrets::{self, SecretError};
use crate::settings::{self, MissingSetting};

/// Names the secret with the login.
const LOGIN: &str = "KAFKA_SECRET_ARN";
/// Names the secret with the certificate of a private CA.
const CA: &str = "KAFKA_CA_SECRET_ARN";

/// Broker addresses and authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port` pairs, separated by commas (`KAFKA_BOOTSTRAP_SERVERS`).
    pub bootstrap_servers: String,
    /// The security mode (`KAFKA_AUTH`).
    pub auth: Auth,
    /// The CA that has signed the brokers' certificates (`KAFKA_CA_SECRET_ARN`); without it a public one has to.
    pub ca: Option<Ca>,
    /// Client id that appears in broker logs: the function's name.
    pub client_id: String,
}

/// Security mode.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// Neither TLS nor authentication: local brokers only.
    Plaintext,
    /// SASL/PLAIN over TLS, by the secret of `KAFKA_SECRET_ARN`.
    Plain(Login),
    /// SCRAM-SHA-512 over TLS, by the secret of `KAFKA_SECRET_ARN`.
    Scram(Login),
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
            Self::Plain(_) => "Plain(..)",
            Self::Scram(_) => "Scram(..)",
            Self::Iam { .. } => "Iam(..)",
        })
    }
}

/// There are no valid Kafka settings. No part of a secret is in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable is absent.
    #[error(transparent)]
    Missing(#[from] MissingSetting),
    /// `KAFKA_AUTH` is not a known mode.
    #[error("KAFKA_AUTH is {found:?}; it must be plaintext, plain, scram or iam")]
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
    /// A secret cannot be read.
    #[error("the secret that {setting} names cannot be read: {error}")]
    Secret {
        /// The variable that names it.
        setting: &'static str,
        /// Why not.
        error: SecretError,
    },
    /// A secret holds something else.
    #[error("the secret that {setting} names is not {expected}")]
    BadSecret {
        /// The variable that names it.
        setting: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A CA is named, and the mode takes none.
    #[error(
        "KAFKA_CA_SECRET_ARN is for the modes plain and scram of KAFKA_AUTH: plaintext has no TLS, and MSK a public CA"
    )]
    CaUnused,
}

impl KafkaSettings {
    /// Reads the settings from the process environment, and the secrets from AWS Secrets Manager.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable that is missing or invalid, or whose secret is.
    pub async fn from_env() -> Result<Self, SettingsError> {
        Self::read(settings::optional, secrets::read).await
    }

    /// Reads the settings through `lookup`, which returns a variable's value, or `None` if it is absent or empty, and
    /// through `fetch`, which returns the text of a secret.
    ///
    /// # Errors
    /// As [`KafkaSettings::from_env`].
    pub async fn read<F>(
        lookup: impl Fn(&str) -> Option<String>,
        fetch: impl Fn(String) -> F,
    ) -> Result<Self, SettingsError>
    where
        F: Future<Output = Result<String, SecretError>>,
    {
        let required = |name: &str| lookup(name).ok_or_else(|| MissingSetting::new(name));
        let bootstrap_servers = required("KAFKA_BOOTSTRAP_SERVERS")?;
        for entry in bootstrap_servers.split(',') {
            check_server(entry)?;
        }
        let client_id = lookup("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "millrace".to_owned());
        let mode = required("KAFKA_AUTH")?;
        let with = |auth, ca| Self { bootstrap_servers, auth, ca, client_id };
        let over_tls = match mode.as_str() {
            "plain" => Auth::Plain,
            "scram" => Auth::Scram,
            "plaintext" | "iam" if lookup(CA).is_some() => return Err(SettingsError::CaUnused),
            "plaintext" => return Ok(with(Auth::Plaintext, None)),
            "iam" => {
                let iam = Auth::Iam {
                    region: required("AWS_REGION")?,
                    access_key_id: required("AWS_ACCESS_KEY_ID")?,
                    secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
                    session_token: lookup("AWS_SESSION_TOKEN"),
                };
                return Ok(with(iam, None));
            }
            _ => return Err(SettingsError::UnknownAuth { found: mode }),
        };
        let text = async |setting, arn| fetch(arn).await.map_err(|error| SettingsError::Secret { setting, error });
        let login = async {
            let read = secret::login(&text(LOGIN, required(LOGIN)?).await?);
            let expected = "JSON with username and password, such as {\"username\": \"...\", \"password\": \"...\"}";
            read.ok_or(SettingsError::BadSecret { setting: LOGIN, expected })
        };
        let ca = async {
            let Some(arn) = lookup(CA) else { return Ok(None) };
            let expected =
                "JSON with the certificate of a CA in PEM, {\"certificate\": \"-----BEGIN CERTIFICATE-----...\"}";
            let read = secret::ca(&text(CA, arn).await?);
            read.map(Some).ok_or(SettingsError::BadSecret { setting: CA, expected })
        };
        let (login, ca) = try_join!(login, ca)?;
        Ok(with(over_tls(login), ca))
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
    use base64::Engine;

    use super::*;

    /// The settings of these variables, with secrets by name.
    fn read(variables: &[(&str, &str)], secrets: &[(&str, &str)]) -> Result<KafkaSettings, SettingsError> {
        let find = |of: &[(&str, &str)], name: &str| {
            of.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let fetch = |arn: String| std::future::ready(find(secrets, &arn).ok_or(SecretError::NotText));
        futures::executor::block_on(KafkaSettings::read(|name| find(variables, name), fetch))
    }

    const SERVERS: (&str, &str) = ("KAFKA_BOOTSTRAP_SERVERS", "b-1.example:9098, b-2.example:9098");
    const SECRET: (&str, &str) = (LOGIN, "arn:login");

    fn certificate() -> String {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.encode(parameters.self_signed(&key).unwrap().der());
        format!("-----BEGIN CERTIFICATE-----\n{bytes}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn each_mode_needs_its_own_variables_and_says_which_is_missing() {
        let plain = read(&[SERVERS, ("KAFKA_AUTH", "plaintext"), ("AWS_LAMBDA_FUNCTION_NAME", "relay")], &[]);
        assert_eq!(plain.as_ref().map(|s| (&s.auth, s.client_id.as_str())), Ok((&Auth::Plaintext, "relay")));
        for mode in ["scram", "plain"] {
            let missing = read(&[SERVERS, ("KAFKA_AUTH", mode)], &[]);
            assert_eq!(missing, Err(MissingSetting::new("KAFKA_SECRET_ARN").into()), "{mode}");
        }
        let iam = read(&[SERVERS, ("KAFKA_AUTH", "iam"), ("AWS_REGION", "eu-central-1")], &[]);
        assert_eq!(iam, Err(MissingSetting::new("AWS_ACCESS_KEY_ID").into()));
    }

    #[test]
    fn a_password_and_a_private_ca_come_from_secrets_that_are_what_they_should_be() {
        let pem = certificate();
        let ca = serde_json::json!({"certificate": format!("# both\n{pem}{}", certificate())}).to_string();
        let login = r#"{"username": "u", "password": "hunter2", "engine": "kafka"}"#;
        let all = |mode| [SERVERS, ("KAFKA_AUTH", mode), SECRET, (CA, "arn:ca")];
        for mode in ["scram", "plain"] {
            let settings = read(&all(mode), &[("arn:login", login), ("arn:ca", &ca)]).unwrap();
            let expected = Login { username: "u".to_owned(), password: "hunter2".to_owned() };
            assert_eq!(settings.auth, if mode == "plain" { Auth::Plain(expected) } else { Auth::Scram(expected) });
            assert!(settings.ca.as_ref().is_some_and(|ca| ca.pem().contains(&pem)));
            assert!(!format!("{settings:?}").contains("hunter2"), "no secret in the debug form");
            assert_eq!(read(&all(mode)[..3], &[("arn:login", login)]).unwrap().ca, None);
        }
        let wrong_logins = [
            "",
            "hunter2",
            "{}",
            r#"{"username": "u"}"#,
            r#"{"username": "", "password": "hunter2"}"#,
            r#"{"username": "u", "password": "hunter2\u0000"}"#,
            r#"{"username": "u", "password": 7}"#,
        ];
        let truncated = serde_json::json!({"certificate": &pem[..200]}).to_string();
        let no_certificate = serde_json::json!({"certificate": "hunter2"}).to_string();
        let noise = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
        let noise = serde_json::json!({"certificate": format!("{pem}{noise}")}).to_string();
        let wrong_cas = ["", pem.as_str(), "{}", r#"{"certificate": ""}"#, &truncated, &no_certificate, &noise];
        let logins = wrong_logins.map(|wrong| (LOGIN, wrong, ca.as_str()));
        for (name, login, ca) in logins.into_iter().chain(wrong_cas.map(|wrong| (CA, login, wrong))) {
            let error = read(&all("plain"), &[("arn:login", login), ("arn:ca", ca)]).unwrap_err();
            assert!(matches!(error, SettingsError::BadSecret { setting, .. } if setting == name), "{name}: {error}");
            assert!(!error.to_string().contains("hunter2") && error.to_string().contains(name), "{error}");
        }
        for (secrets, name) in [([("arn:ca", ca.as_str())], LOGIN), ([("arn:login", login)], CA)] {
            let unread = read(&all("plain"), &secrets).unwrap_err();
            assert_eq!(unread, SettingsError::Secret { setting: name, error: SecretError::NotText });
        }
        for mode in ["plaintext", "iam"] {
            assert_eq!(read(&all(mode), &[]), Err(SettingsError::CaUnused), "{mode}");
        }
    }

    #[test]
    fn an_unknown_mode_and_a_bad_server_are_start_errors_that_show_the_value() {
        let unknown = read(&[("KAFKA_BOOTSTRAP_SERVERS", "a:1"), ("KAFKA_AUTH", "IAM")], &[]);
        assert_eq!(
            unknown.map_err(|e| e.to_string()).err().as_deref(),
            Some("KAFKA_AUTH is \"IAM\"; it must be plaintext, plain, scram or iam")
        );
        for servers in ["a", "a:", ":9092", "a:0", "a:9092,", "a:70000"] {
            let result = read(&[("KAFKA_BOOTSTRAP_SERVERS", servers), ("KAFKA_AUTH", "plaintext")], &[]);
            assert!(matches!(result, Err(SettingsError::BadServer { .. })), "{servers}: {result:?}");
        }
    }
}
