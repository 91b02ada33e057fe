//! Opens dynoxide's database and adds an index that it lacks.

use std::path::Path;

use dynoxide::Database;
use rusqlite::Connection;

use crate::{Error, unusable};

/// For every change to a table with a stream, dynoxide queries the highest sequence number of that stream; a reader
/// queries the records after one. Without this index both scan all records since the start.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS millrace_stream_order
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// A database file on disk.
pub(super) fn on_disk(path: &Path) -> Result<Database, Error> {
    let name = path.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
    let database = Database::new(name).map_err(|error| unusable(path, error))?;
    // Write-ahead logging: ten times faster than the default, and a killed process loses no acknowledged write.
    database.disable_bulk_loading().map_err(|error| unusable(path, error))?;
    let connection = Connection::open(path).map_err(|error| unusable(path, error))?;
    connection.execute_batch(STREAM_INDEX).map_err(|error| unusable(path, error))?;
    Ok(database)
}

/// Empty tables in memory, restored from a file that has the index, because only dynoxide itself can reach an in-memory
/// database.
pub(super) fn in_memory() -> Result<Database, Error> {
    let directory = tempfile::tempdir().map_err(|error| unusable(&std::env::temp_dir(), error))?;
    let path = directory.path().join("empty.db");
    on_disk(&path)?;
    let database = Database::memory().map_err(|error| unusable(Path::new("memory"), error))?;
    database.restore_from(&path.to_string_lossy()).map_err(|error| unusable(&path, error))?;
    Ok(database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_sequence_number_is_found_by_the_index() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tables.db");
        drop(on_disk(&path).unwrap());
        let plan: String = Connection::open(&path)
            .unwrap()
            .query_row(
                "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
                 FROM _stream_records WHERE table_name = 'outbox'",
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("millrace_stream_order"), "{plan}");
        assert_eq!(in_memory().unwrap().table_count().unwrap(), 0);
    }
}
