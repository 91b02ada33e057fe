//! Secrets from AWS Secrets Manager, read once while a process starts.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use tokio::time::timeout;

use crate::aws;
use crate::settings::MissingSetting;

/// Most time for reading a secret. Lambda gives a start 10 s, and the rest of it needs a part of them.
const READ: Duration = Duration::from_secs(4);

/// A secret cannot be read. No part of it is in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A setting of the AWS client is absent.
    #[error(transparent)]
    Setting(#[from] MissingSetting),
    /// Secrets Manager does not give it.
    #[error("{0}")]
    Refused(String),
    /// Secrets Manager does not answer in time. In a VPC it needs an endpoint for secretsmanager, or a way to the internet.
    #[error("Secrets Manager has not answered within {} s", READ.as_secs())]
    NoAnswer,
    /// It holds bytes.
    #[error("it is no text")]
    NotText,
}

/// The text of a secret, by its ARN.
///
/// # Errors
/// [`SecretError`].
pub async fn read(arn: String) -> Result<String, SecretError> {
    read_from(&Client::new(aws::sdk_config()?), arn, READ).await
}

async fn read_from(client: &Client, arn: String, within: Duration) -> Result<String, SecretError> {
    let answer = timeout(within, client.get_secret_value().secret_id(arn).send()).await;
    let secret = answer.map_err(|_| SecretError::NoAnswer)?;
    let secret = secret.map_err(|error| SecretError::Refused(aws::describe(&error)))?;
    secret.secret_string.ok_or(SecretError::NotText)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Secrets Manager for one request, which it returns; without an answer it keeps silent.
    async fn asked(answer: Option<(u16, &str)>, within: Duration) -> (Result<String, SecretError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&aws::on_this_machine(listener.local_addr().unwrap().port()));
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            if let Some((status, body)) = answer {
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
            (String::from_utf8(request).unwrap(), stream)
        };
        let (read, (request, _)) = tokio::join!(read_from(&client, "arn:secret".to_owned(), within), serve);
        (read, request)
    }

    #[tokio::test]
    async fn a_secret_is_read_or_it_is_said_why_not_in_bounded_time() {
        let patient = Duration::from_secs(60);
        let (read, request) = asked(Some((200, r#"{"SecretString":"hunter2"}"#)), patient).await;
        assert_eq!(read.as_deref(), Ok("hunter2"));
        assert!(request.contains("secretsmanager.GetSecretValue"), "{request}");
        assert!(request.ends_with(r#"{"SecretId":"arn:secret"}"#), "{request}");

        let (read, _) = asked(Some((200, r#"{"SecretBinary":"aHVudGVyMg=="}"#)), patient).await;
        assert_eq!(read, Err(SecretError::NotText));
        let none = r#"{"__type":"ResourceNotFoundException","message":"there is no such secret"}"#;
        let refused = asked(Some((400, none)), patient).await.0.unwrap_err().to_string();
        assert!(refused.contains("ResourceNotFoundException: there is no such secret"), "{refused}");
        let (read, _) = asked(None, Duration::from_millis(200)).await;
        assert_eq!(read, Err(SecretError::NoAnswer));
    }
}
