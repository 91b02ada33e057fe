//! What `--auth` adds: an issuer, and an API key for the developer.

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use local_aws_client::Access;
use local_template::model::Template;
use millrace_access::key::{ApiKey, KeyItem};
use millrace_access::{Scope, Scopes};
use ring::rand::{SecureRandom, SystemRandom};

/// The setting of a function that takes API keys: the table of their hashes.
const KEY_TABLE: &str = "API_KEY_TABLE";

/// Id of the developer's key: the same on every start, so that the key of an earlier start is not good any more.
const DEVELOPER: u64 = 0;

/// Makes the developer's key, which may do everything, if a function of the template takes API keys.
///
/// # Errors
/// There is no randomness, or the table does not answer.
pub async fn developer_key(access: &Access, template: &Template) -> anyhow::Result<Option<String>> {
    let Some(table) = template.functions.values().find_map(|function| function.environment.get(KEY_TABLE)) else {
        return Ok(None);
    };
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_| anyhow!("there is no randomness for an API key"))?;
    let key = ApiKey::new(DEVELOPER, secret);
    let item = KeyItem {
        id: key.id().clone(),
        hash: key.hash(),
        previous: None,
        owner: "the developer of this stack".to_owned(),
        scopes: Scope::ALL.into_iter().collect::<Scopes>(),
        rate: None,
        created_at: Timestamp::now().as_second(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let put = access.dynamodb().put_item().table_name(table).set_item(Some(item.to_item()));
    put.send().await.with_context(|| format!("the developer's API key cannot be stored in {table}"))?;
    Ok(Some(key.expose()))
}
