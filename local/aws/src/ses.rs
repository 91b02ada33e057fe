//! SES v2: accepts mail into a readable inbox and sends nothing; with fault injection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;
use local_faults::{Faults, Kind};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Maximum number of mails kept; the oldest is dropped first.
const MAX_MAILS: usize = 10_000;

/// Maximum number of recipients of one mail, as on SES.
const MAX_RECIPIENTS: usize = 50;

/// Longest name or value of a tag.
const MAX_TAG: usize = 256;

/// One mail as accepted by SES.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mail {
    /// Every recipient, including cc and bcc.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Plain text body; for a raw mail, everything below its headers.
    pub text: Option<String>,
    /// HTML body.
    pub html: Option<String>,
    /// E-mail tags by name.
    pub tags: BTreeMap<String, String>,
    /// When SES accepted it.
    pub at: Timestamp,
}

/// The last 10,000 mails.
#[derive(Debug, Default)]
pub struct Inbox {
    mails: Mutex<VecDeque<Mail>>,
}

impl Inbox {
    /// The mails, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().iter().cloned().collect()
    }

    fn push(&self, mail: Mail) {
        let mut mails = self.lock();
        if mails.len() >= MAX_MAILS {
            mails.pop_front();
        }
        mails.push_back(mail);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers one request, or fails as the active faults say. Source of the errors: the SES v2 API reference, `SendEmail`.
pub(super) fn call(inbox: &Inbox, faults: &Faults, method: &Method, path: &str, body: &Bytes) -> Response {
    let hit = |kind| faults.hits(kind, None).is_some();
    if path != "/v2/email/outbound-emails" || method != Method::POST {
        return refused(StatusCode::NOT_FOUND, "NotFoundException", "the local SES only sends e-mail");
    }
    if hit(Kind::SesThrottled) {
        let message = "Maximum sending rate exceeded (fault sesThrottled)";
        return refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message);
    }
    if hit(Kind::SesRejects) {
        let message = "Email address is not verified (fault sesRejects)";
        return refused(StatusCode::BAD_REQUEST, "MessageRejected", message);
    }
    let mail =
        serde_json::from_slice::<SendEmail>(body).map_err(|error| error.to_string()).and_then(SendEmail::into_mail);
    match mail {
        Ok(mail) => {
            inbox.push(mail);
            if hit(Kind::SesErrorAfterSend) {
                let message = "Internal server error (fault sesErrorAfterSend)";
                return refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceErrorException", message);
            }
            axum::Json(json!({"MessageId": uuid::Uuid::now_v7()})).into_response()
        }
        Err(reason) => refused(StatusCode::BAD_REQUEST, "BadRequestException", &reason),
    }
}

/// Clients read the kind of error from the header and the message from the body.
fn refused(status: StatusCode, kind: &'static str, message: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], axum::Json(json!({"message": message}))).into_response()
}

// The fields of `SendEmail` that make up a mail. Source: the SES v2 API reference.

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    #[serde(default)]
    destination: Destination,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

impl Tag {
    /// Whether SES takes it. Source: the SES v2 API reference, `MessageTag`.
    fn check(&self) -> Result<(), String> {
        for (part, text) in [("name", &self.name), ("value", &self.value)] {
            let is_allowed = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
            if text.is_empty() {
                return Err(format!("The tag {part} must be specified"));
            }
            if text.len() > MAX_TAG || !text.chars().all(is_allowed) {
                return Err(format!(
                    "Invalid tag {part} <{text}>: it may have up to {MAX_TAG} ASCII letters, digits, '_' and '-'"
                ));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
enum Content {
    Simple(Simple),
    Raw(Raw),
    Template(Template),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
    html: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Template {
    template_name: Option<String>,
    template_content: Option<TemplateContent>,
    #[serde(default)]
    template_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TemplateContent {
    #[serde(default)]
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

impl SendEmail {
    fn into_mail(self) -> Result<Mail, String> {
        let Destination { to_addresses: mut to, cc_addresses, bcc_addresses } = self.destination;
        to.extend(cc_addresses);
        to.extend(bcc_addresses);
        let (subject, text, html) = match self.content {
            Content::Simple(Simple { subject, body }) => {
                (subject.data, body.text.map(|text| text.data), body.html.map(|html| html.data))
            }
            Content::Raw(raw) => {
                let message = STANDARD.decode(raw.data).map_err(|_| "Raw.Data is not base64".to_owned())?;
                let message = RawMessage::read(&String::from_utf8_lossy(&message));
                if to.is_empty() {
                    to = message.to;
                }
                (message.subject, Some(message.body), None)
            }
            Content::Template(template) => template.render()?,
        };
        match to.len() {
            0 => return Err("there is no recipient".into()),
            count if count > MAX_RECIPIENTS => return Err(format!("there are more than {MAX_RECIPIENTS} recipients")),
            _ => {}
        }
        if let Some(wrong) = to.iter().find(|address| !address.contains('@')) {
            return Err(format!("Missing final '@domain' in {wrong}"));
        }
        self.email_tags.iter().try_for_each(Tag::check)?;
        let tags = self.email_tags.into_iter().map(|tag| (tag.name, tag.value)).collect();
        Ok(Mail { to, subject, text, html, tags, at: Timestamp::now() })
    }
}

impl Template {
    /// Fills in `{{name}}`. Stored templates do not exist here, so their name and data are used as the text.
    fn render(self) -> Result<(String, Option<String>, Option<String>), String> {
        let data = self.template_data.unwrap_or_else(|| "{}".into());
        let Some(content) = self.template_content else {
            let name = self.template_name.ok_or("the template has neither a name nor content")?;
            return Ok((name, Some(data), None));
        };
        let values: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&data).map_err(|error| format!("TemplateData: {error}"))?;
        let fill = |text: String| {
            values.iter().fold(text, |text, (name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.replace(&format!("{{{{{name}}}}}"), &value)
            })
        };
        Ok((fill(content.subject), content.text.map(fill), content.html.map(fill)))
    }
}

/// The part of a raw message that the inbox shows; MIME parts stay encoded.
struct RawMessage {
    to: Vec<String>,
    subject: String,
    body: String,
}

impl RawMessage {
    fn read(message: &str) -> Self {
        let message = message.replace("\r\n", "\n");
        let (head, body) = message.split_once("\n\n").unwrap_or((&message, ""));
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let field = |wanted: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let to = field("to").split(',').map(str::trim).filter(|to| !to.is_empty()).map(str::to_owned).collect();
        Self { to, subject: field("subject"), body: body.to_owned() }
    }
}
