//! How far the shards of a stream are processed: in memory, and in a small file if the stack persists data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// How far a shard is processed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Sequence number of the last processed record.
    pub after: Option<String>,
    /// Whether the shard is closed and processed to its end.
    pub finished: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    stream_arn: String,
    shards: BTreeMap<String, Mark>,
}

/// The marks of one mapping.
#[derive(Debug)]
pub struct Checkpoint {
    file: Option<PathBuf>,
    marks: Mutex<Marks>,
}

impl Checkpoint {
    /// Loads the marks of a mapping. Marks of another stream (the table was recreated) are dropped; so is an unreadable
    /// file, with a warning.
    pub fn load(directory: Option<&Path>, mapping: &str, stream_arn: &str) -> Self {
        let file = directory.map(|directory| directory.join("streams").join(format!("{mapping}.json")));
        let kept = file.as_deref().and_then(read).filter(|marks| marks.stream_arn == stream_arn);
        let marks = kept.unwrap_or_else(|| Marks { stream_arn: stream_arn.to_owned(), ..Marks::default() });
        Self { file, marks: Mutex::new(marks) }
    }

    /// The mark of a shard; `None` if nothing of it was processed yet.
    pub fn get(&self, shard: &str) -> Option<Mark> {
        self.lock().shards.get(shard).cloned()
    }

    /// Whether anything of the stream was processed yet.
    pub fn is_empty(&self) -> bool {
        self.lock().shards.is_empty()
    }

    /// Sets the mark of a shard.
    ///
    /// # Errors
    /// The reason why the file cannot be written; memory keeps the mark all the same.
    pub async fn set(&self, shard: &str, mark: Mark) -> Result<(), String> {
        let json = {
            let mut marks = self.lock();
            marks.shards.insert(shard.to_owned(), mark);
            serde_json::to_vec(&*marks).map_err(|error| error.to_string())?
        };
        let Some(file) = &self.file else { return Ok(()) };
        write(file, json).await.map_err(|error| format!("{}: {error}", file.display()))
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> Option<Marks> {
    let json = std::fs::read(file).ok()?;
    let marks = serde_json::from_slice(&json);
    marks.inspect_err(|error| tracing::warn!(file = %file.display(), %error, "the checkpoint is not readable")).ok()
}

/// Writes a temporary file and renames it, so that a crash leaves either the old marks or the new ones.
async fn write(file: &Path, json: Vec<u8>) -> std::io::Result<()> {
    if let Some(directory) = file.parent() {
        tokio::fs::create_dir_all(directory).await?;
    }
    let beside = file.with_extension("json.new");
    tokio::fs::write(&beside, json).await?;
    tokio::fs::rename(&beside, file).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn marks_outlive_the_process_but_not_their_stream() {
        let directory = tempfile::tempdir().unwrap();
        let mark = Mark { after: Some("5".into()), finished: false };
        let first = Checkpoint::load(Some(directory.path()), "M", "arn:1");
        first.set("s", mark.clone()).await.unwrap();
        assert_eq!(Checkpoint::load(Some(directory.path()), "M", "arn:1").get("s"), Some(mark));
        assert!(Checkpoint::load(Some(directory.path()), "M", "arn:2").is_empty());
        assert!(Checkpoint::load(None, "M", "arn:1").is_empty());
    }
}
