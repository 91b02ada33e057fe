//! Sends one mail per Notify event.

use aws_sdk_sesv2::Client;
use futures::stream::{self, StreamExt};
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_domain::event::{Event, EventType};
use millrace_domain::ingredient::Notify;
use millrace_platform::clock;

use crate::claim::{Claimed, Claims};
use crate::mail::mail;
use crate::send::{NotSent, send};

/// Mails that are sent concurrently; SES allows a new account one per second, and more on request.
const AT_ONCE: usize = 4;

/// Sends alerts.
pub struct Alerts {
    pub claims: Claims,
    pub ses: Client,
    /// The sender address, verified in SES.
    pub from: Option<String>,
    /// The recipient of alerts for ingredients without an address of their own.
    pub fallback: Option<String>,
}

impl Consumer for Alerts {
    const NAME: &'static str = "alert-mail";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        stream::iter(records.iter().map(|record| self.alert(record)).collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

impl Alerts {
    async fn alert(&self, record: &Incoming) -> Verdict {
        let event = &record.event;
        if event.kind != EventType::Notify {
            return Verdict::Done;
        }
        let alert = match Event::<Notify>::typed(event) {
            Ok(alert) => alert,
            Err(error) => return Verdict::DeadLetter { reason: "breaks_schema", detail: error.to_string() },
        };
        let Some(from) = &self.from else {
            let detail = "the setting ALERT_FROM has no address".to_owned();
            return Verdict::DeadLetter { reason: "no_sender", detail };
        };
        let address = alert.email.as_ref().map(|email| email.as_str().to_owned());
        let Some(to) = address.or_else(|| self.fallback.clone()) else {
            let detail = "neither the ingredient nor the setting ALERT_EMAIL has an address".to_owned();
            return Verdict::DeadLetter { reason: "no_recipient", detail };
        };
        let owner = clock::new_id();
        let mail_id = format!("{}#{}", event.id, event.source_key());
        match self.claims.claim(&mail_id, owner, clock::now()).await {
            Ok(Claimed::Ours) => {}
            Ok(Claimed::Sent) => return Verdict::Done,
            Ok(Claimed::Held) => return Verdict::Retry("somebody else is sending this mail".to_owned()),
            Err(error) => return Verdict::Retry(error.to_string()),
        }
        match send(&self.ses, from, &to, &event.id, &mail(&alert, event.time)).await {
            Ok(message) => {
                if let Err(error) = self.claims.sent(&mail_id, &message, clock::now()).await {
                    // Reporting a failure would certainly send the mail again.
                    tracing::error!(%error, message, "sent, and not marked: a later delivery sends it again");
                }
                Verdict::Done
            }
            Err(NotSent::Refused(detail)) => {
                self.claims.release(&mail_id, owner).await;
                Verdict::DeadLetter { reason: "mail_refused", detail }
            }
            Err(NotSent::Later(why)) => {
                self.claims.release(&mail_id, owner).await;
                Verdict::Retry(why)
            }
            // It may have been sent. SES gets until the lease expires; then the mail is sent again.
            Err(NotSent::Unknown(why)) => Verdict::Retry(why),
        }
    }
}
