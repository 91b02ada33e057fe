//! Which keys a listing shows. Pure. Source: the S3 API reference, `ListObjectsV2`.

use std::collections::BTreeMap;

/// What a listing asks for.
pub(super) struct Asked<'a> {
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    /// The key behind which it begins.
    pub after_key: Option<&'a str>,
    /// The last entry of the page before.
    pub after_entry: Option<&'a str>,
    pub max_entries: usize,
}

/// A page of a listing.
pub(super) struct Page<T> {
    pub objects: Vec<(String, T)>,
    pub prefixes: Vec<String>,
    /// The last entry, if there are more.
    pub next: Option<String>,
}

/// The page of these objects that is asked for. An entry is an object, or all those whose keys are alike up to the
/// delimiter.
pub(super) fn page<T>(all: BTreeMap<String, T>, asked: &Asked<'_>) -> Page<T> {
    let mut page = Page { objects: Vec::new(), prefixes: Vec::new(), next: None };
    let mut last: Option<String> = None;
    for (key, object) in all {
        let Some(rest) = key.strip_prefix(asked.prefix) else { continue };
        if asked.after_key.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        let delimiter = asked.delimiter.filter(|delimiter| !delimiter.is_empty());
        let common = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        let entry = common.and_then(|length| key.get(..asked.prefix.len() + length)).unwrap_or(&key);
        if asked.after_entry.is_some_and(|after| entry <= after) || last.as_deref() == Some(entry) {
            continue;
        }
        if page.objects.len() + page.prefixes.len() >= asked.max_entries {
            page.next = last;
            break;
        }
        last = Some(entry.to_owned());
        if common.is_some() {
            page.prefixes.push(entry.to_owned());
        } else {
            page.objects.push((key, object));
        }
    }
    page
}

/// A text in the encoding type `url`, as S3 has it: a space becomes `+`.
pub(super) fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(asked: &Asked<'_>) -> Vec<String> {
        let keys = ["", "a", "a/b", "a/b/c", "a/b/d", "a//e", "a0", "b, c", "z"];
        let mut entries = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let all = keys.iter().map(|key| ((*key).to_owned(), ())).collect();
            let page = page(all, &Asked { after_entry: after.as_deref(), ..*asked });
            assert!(page.objects.len() + page.prefixes.len() <= asked.max_entries);
            entries.extend(page.objects.into_iter().map(|(key, ())| key));
            entries.extend(page.prefixes.into_iter().map(|prefix| format!("{prefix}*")));
            after = page.next;
            if after.is_none() {
                entries.sort();
                return entries;
            }
        }
    }

    #[test]
    fn pages_of_any_size_together_show_each_entry_once() {
        let asked = Asked { prefix: "", delimiter: None, after_key: None, after_entry: None, max_entries: 1_000 };
        for max_entries in 1..10 {
            let asked = Asked { max_entries, ..asked };
            assert_eq!(listed(&asked).len(), 9);
            let by_slash = Asked { delimiter: Some("/"), ..asked };
            assert_eq!(listed(&by_slash), ["", "a", "a/*", "a0", "b, c", "z"]);
            assert_eq!(listed(&Asked { prefix: "a/", ..by_slash }), ["a//*", "a/b", "a/b/*"]);
            assert_eq!(listed(&Asked { after_key: Some("a/b/c"), ..by_slash }), ["a/*", "a0", "b, c", "z"]);
            assert_eq!(listed(&Asked { delimiter: Some(", "), prefix: "b", ..asked }), ["b, *"]);
            assert_eq!(listed(&Asked { delimiter: Some(""), prefix: "a/b", ..asked }).len(), 3);
        }
        assert!(listed(&Asked { max_entries: 0, ..asked }).is_empty());
    }

    #[test]
    fn a_key_in_a_url_is_encoded_as_s3_does() {
        assert_eq!(url_encoded("test_file(3).png"), "test_file%283%29.png");
        assert_eq!(url_encoded("a b+c/\u{fc}%~*"), "a+b%2Bc/%C3%BC%25%7E*");
    }
}
