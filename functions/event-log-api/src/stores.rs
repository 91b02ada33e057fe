//! Where the facts about an event are stored.

use aws_sdk_s3::Client;
use millrace_platform::aws;
use millrace_platform::settings::{MissingSetting, setting};

/// The names of the tables, and the archive's bucket.
#[derive(Debug, Clone)]
pub struct Stores {
    pub log: String,
    pub dead_letters: String,
    pub outbox: String,
    pub activity: String,
    pub orders: String,
    pub timers: String,
    pub mail: String,
    pub s3: Client,
    pub bucket: String,
}

impl Stores {
    /// As the settings name them.
    pub fn from_env() -> Result<Self, MissingSetting> {
        Ok(Self {
            log: setting("EVENT_LOG_TABLE")?,
            dead_letters: setting("DEAD_LETTER_TABLE")?,
            outbox: setting("OUTBOX_TABLE")?,
            activity: setting("ACTIVITY_TABLE")?,
            orders: setting("ORDERS_TABLE")?,
            timers: setting("TIMERS_TABLE")?,
            mail: setting("MAIL_TABLE")?,
            s3: aws::s3()?,
            bucket: setting("ARCHIVE_BUCKET")?,
        })
    }
}
