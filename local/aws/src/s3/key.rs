//! Under which name an object is kept. Pure.
//!
//! s3s-fs takes a key for a path, and puts it into the name of a file beside it. So a key that is no path of this kind,
//! or too long, is kept under a hash. Most keys of the archive keep their own names, which shows what is there.

use sha2::{Digest, Sha256};

/// Begins the name of an object that is kept under a hash.
const HASHED: char = '%';

/// Longest name of a file.
const MAX_FILE_NAME: usize = 255;

/// What s3s-fs puts around bucket and key, both in base64, in the name of a file: `.bucket-`, `.object-`, `.upload-` with
/// a UUID, and `.metadata.json`.
const FILE_NAME_AROUND: usize = 8 + 8 + 8 + 36 + 14;

/// The name of the object with a key.
pub(super) fn name(bucket: &str, key: &str) -> String {
    if is_plain(bucket, key) { key.to_owned() } else { format!("{HASHED}{:x}", Sha256::digest(key)) }
}

/// Whether a name is a hash.
pub(super) fn is_hash(name: &str) -> bool {
    name.starts_with(HASHED)
}

/// Whether a key can be a path: without upper case, because some file systems do not tell it apart, and with a dot in its
/// last segment and none before, so that no key is the directory of another one.
fn is_plain(bucket: &str, key: &str) -> bool {
    let room = MAX_FILE_NAME.saturating_sub(FILE_NAME_AROUND + in_base64(bucket.len()));
    let segments = |part: &str, also: &str| {
        let allowed = |char: char| matches!(char, 'a'..='z' | '0'..='9' | '-' | '_' | '=') || also.contains(char);
        part.split('/').all(|segment| !segment.is_empty() && segment.chars().all(allowed))
    };
    let (directory, file) = key.rsplit_once('/').map_or((None, key), |(directory, file)| (Some(directory), file));
    in_base64(key.len()) <= room
        && directory.is_none_or(|directory| segments(directory, ""))
        && segments(file, ".")
        && file.find('.').is_some_and(|dot| dot > 0)
}

fn in_base64(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Whether S3 takes a key: its `..` must not lead out of the bucket (user guide, "Naming Amazon S3 objects"). s3s checks
/// its length.
pub(super) fn is_inside(key: &str) -> bool {
    let mut depth = 0_usize;
    key.split('/').all(|segment| match segment {
        ".." => depth.checked_sub(1).is_some_and(|above| {
            depth = above;
            true
        }),
        "" | "." => true,
        _ => {
            depth += 1;
            true
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_of_the_archive_keep_their_names_and_no_two_keys_share_one() {
        let longest = "b".repeat(63);
        let archived = "archive/user-activity-events/dt=2026-01-01/hour=00/0-00000000000000012345.ndjson.gz";
        assert_eq!(name("millrace-archivebucket", archived), archived);
        let odd = [
            "a",
            "a/b",
            "a.txt",
            "a.txt/b.txt",
            "A.txt",
            "a+b.txt",
            "a//b.txt",
            "x/../y.txt",
            "x/./y.txt",
            "/lead.txt",
            "trail/",
            "a b.txt",
            "\u{fc}.txt",
            "%41.txt",
            ".hidden",
            "..",
            "../a.txt",
            "a\\b.txt",
            "a\n.txt",
            "con.txt:x",
        ];
        let long =
            [archived.to_owned(), format!("{archived}/x"), "k".repeat(1024), format!("{}.txt", "k".repeat(1020))];
        let keys: Vec<&str> = odd.into_iter().chain(long.iter().map(String::as_str)).collect();
        let names: BTreeSet<_> = keys.iter().map(|key| name(&longest, key)).collect();
        assert_eq!(names.len(), keys.len());
        for name in &names {
            assert!(FILE_NAME_AROUND + in_base64(longest.len()) + in_base64(name.len()) <= MAX_FILE_NAME, "{name}");
            assert!(is_hash(name) || name == "a.txt", "{name}");
        }
    }

    #[test]
    fn a_key_must_not_lead_out_of_its_bucket() {
        for key in ["x/../y", "a/b/../../c", "a/..", "..a/b", "a..", "./a", "/lead", "a//b", "a/./../b"] {
            assert!(is_inside(key), "{key}");
        }
        for key in ["..", "../a", "x/../../y", "a/../..", "/..", "//../a", "./../a"] {
            assert!(!is_inside(key), "{key}");
        }
    }
}
