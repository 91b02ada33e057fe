//! Optimistic concurrency: the entity tag is the version, and `If-Match` requires one (RFC 9110, 13.1.1).

use http::{HeaderMap, StatusCode, header};

use super::Problem;

/// The requirement of an `If-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// No header: any state is accepted.
    Absent,
    /// `*`: any version of an existing resource.
    Any,
    /// One of these versions.
    Versions(Vec<u64>),
}

/// The entity tag of a version.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// 400 for a value that is not a list of entity tags.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::read_as(headers, &header::IF_MATCH)
    }

    /// Reads `If-None-Match`, which has the same syntax.
    ///
    /// # Errors
    /// 400 for a value that is not a list of entity tags.
    pub fn read_none_match(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::read_as(headers, &header::IF_NONE_MATCH)
    }

    fn read_as(headers: &HeaderMap, name: &header::HeaderName) -> Result<Self, Problem> {
        let Some(value) = headers.get(name) else { return Ok(Self::Absent) };
        let invalid =
            || Problem::invalid_field(name.as_str(), "invalid_etag", "entity tags such as \"3\" were expected");
        let text = value.to_str().map_err(|_| invalid())?.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        for tag in text.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(invalid)?;
            // A weak tag never matches in a strong comparison, and a tag that is not a version matches none of ours.
            if let (Ok(version), false) = (inner.parse(), tag.starts_with("W/")) {
                versions.push(version);
            }
        }
        Ok(Self::Versions(versions))
    }

    /// Whether the header accepts this existing version.
    #[must_use]
    pub fn allows(&self, version: u64) -> bool {
        match self {
            Self::Absent | Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }

    /// 412 unless the header accepts the version.
    ///
    /// # Errors
    /// 412 `version_mismatch`.
    pub fn check(&self, version: u64) -> Result<(), Problem> {
        if self.allows(version) {
            return Ok(());
        }
        let detail = format!("the current version is \"{version}\"; read it again and decide anew");
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<IfMatch, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, text.parse().unwrap());
        IfMatch::read(&headers)
    }

    #[test]
    fn only_a_strong_tag_of_the_version_matches() {
        assert!(read("\"3\"").unwrap().allows(3));
        assert!(read("\"1\", \"3\"").unwrap().allows(3));
        assert!(read("*").unwrap().allows(3));
        assert!(!read("\"4\"").unwrap().allows(3));
        assert!(!read("W/\"3\"").unwrap().allows(3));
        assert!(!read("\"other\"").unwrap().allows(3));
        assert_eq!(read("3").unwrap_err().status(), StatusCode::BAD_REQUEST);
        assert_eq!(read("\"4\"").unwrap().check(3).unwrap_err().status(), StatusCode::PRECONDITION_FAILED);
    }
}
