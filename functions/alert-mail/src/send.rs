//! Sends through SES, and distinguishes temporary from permanent failures.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use millrace_platform::settings::MissingSetting;
use millrace_platform::{aws, clock};

use crate::mail::Mail;

/// The e-mail tag with the event id, by which a receiver can detect a duplicate.
const TAG: &str = "event-id";

/// Longest value of a tag, in characters.
const MAX_TAG: usize = 256;

/// Attempts to send a mail that SES throttles, before its record is returned for redelivery.
const TRIES: u32 = 5;
/// Longest backoff before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// A permanent failure.
    Refused(String),
    /// A temporary failure, and certainly not sent: SES throttles.
    Later(String),
    /// Unknown whether it was sent: SES did not answer, or answered with an internal error.
    Unknown(String),
}

/// The SES client. The SDK's own retries are off, because after a lost response they would send the mail a second time
/// at once.
pub fn client() -> Result<Client, MissingSetting> {
    Ok(Client::from_conf(Builder::from(aws::sdk_config()?).retry_config(RetryConfig::disabled()).build()))
}

/// Sends a mail and returns SES's message id. A throttled call is retried, with random backoff of less than 4 s in
/// total.
pub async fn send(ses: &Client, from: &str, to: &str, event: &str, mail: &Mail) -> Result<String, NotSent> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match try_send(ses, from, to, event, mail.clone()).await {
            Err(NotSent::Later(why)) => tracing::info!(why, "throttled, tried again"),
            other => return other,
        }
        tokio::time::sleep(pause.mul_f64(clock::fraction())).await;
        pause *= 2;
    }
    try_send(ses, from, to, event, mail.clone()).await
}

async fn try_send(ses: &Client, from: &str, to: &str, event: &str, mail: Mail) -> Result<String, NotSent> {
    let built = |error: aws_sdk_sesv2::error::BuildError| NotSent::Refused(error.to_string());
    let content = |text: String| Content::builder().data(text).charset("UTF-8").build().map_err(built);
    let body = Body::builder().text(content(mail.text)?).html(content(mail.html)?).build();
    let message = Message::builder().subject(content(mail.subject)?).body(body).build();
    let tag = MessageTag::builder().name(TAG).value(tag_value(event)).build().map_err(built)?;
    let sent = ses
        .send_email()
        .from_email_address(from)
        .destination(Destination::builder().to_addresses(to).build())
        .content(EmailContent::builder().simple(message).build())
        .email_tags(tag)
        .send()
        .await;
    let answer = sent.map_err(|error| not_sent(&error))?;
    Ok(answer.message_id().unwrap_or_default().to_owned())
}

/// An event's id as the value of a tag. An id of another producer may have what SES refuses (SES v2 API reference,
/// `MessageTag`), and the mail matters more than its tag.
fn tag_value(event: &str) -> String {
    let allowed = |char: char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' };
    event.chars().map(allowed).take(MAX_TAG).collect()
}

fn not_sent(error: &SdkError<SendEmailError>) -> NotSent {
    let why = aws::describe(error);
    match error {
        // No request was sent.
        SdkError::ConstructionFailure(_) => NotSent::Later(why),
        SdkError::DispatchFailure(failure) if failure.is_user() => NotSent::Later(why),
        SdkError::ServiceError(service) => match service.err() {
            SendEmailError::TooManyRequestsException(_) | SendEmailError::LimitExceededException(_) => {
                NotSent::Later(why)
            }
            _ if service.raw().status().is_client_error() => NotSent::Refused(why),
            _ => NotSent::Unknown(why),
        },
        _ => NotSent::Unknown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_any_event_is_one_that_ses_takes() {
        let id = "0198c5a2-7d4e-7aaa-8000-00000000abcd";
        assert_eq!(tag_value(id), id);
        assert_eq!(tag_value("urn:x.y/\u{fc} 1_"), "urn_x_y___1_");
        assert_eq!(tag_value(&"a".repeat(300)).len(), MAX_TAG);
    }
}
