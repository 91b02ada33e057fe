//! A key as it is listed.

use jiff::Timestamp;
use millrace_access::key::KeyItem;
use serde_json::{Value, json};

/// One line of JSON, without hashes.
///
/// # Errors
/// A time is beyond the year 9999.
pub fn line(item: &KeyItem, now: i64) -> anyhow::Result<String> {
    let time = |seconds: Option<i64>| -> anyhow::Result<Value> {
        Ok(seconds.map(Timestamp::from_second).transpose()?.map_or(Value::Null, |time| json!(time.to_string())))
    };
    let status = match item {
        _ if item.revoked_at.is_some() => "revoked",
        _ if item.expires_at.is_some_and(|end| now >= end) => "expired",
        _ => "active",
    };
    let previous = item.previous.map(|previous| previous.until).filter(|until| now < *until);
    let line = json!({
        "id": item.id.as_str(),
        "status": status,
        "owner": item.owner,
        "scopes": item.scopes.to_string(),
        "rate": item.rate,
        "createdAt": time(Some(item.created_at))?,
        "expiresAt": time(item.expires_at)?,
        "revokedAt": time(item.revoked_at)?,
        "lastUsedAt": time(item.last_used_at)?,
        "previousSecretUntil": time(previous)?,
    });
    Ok(line.to_string())
}
