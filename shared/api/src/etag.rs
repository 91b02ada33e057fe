//! Conditional requests (RFC 9110, 13): the entity tag of a resource is its version, and `If-Match` and `If-None-Match` name
//! the versions that a request is for.
//!
//! Nothing here has a modification date, so `If-Modified-Since` and `If-Unmodified-Since` are ignored, as 13.1.3 and 13.1.4
//! demand.

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::Problem;

/// The preconditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// The value of one of the two headers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// `*`: whatever exists.
    Any,
    /// These.
    Listed(Vec<Tag>),
}

/// An entity tag (RFC 9110, 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// What stands between the quotes.
    opaque: Vec<u8>,
}

/// How two tags are compared (RFC 9110, 8.8.3.2). Those of the server are all strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// A weak tag equals none.
    Strong,
    /// A weak tag equals the strong one with its text.
    Weak,
}

/// The entity tag of a version.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

impl Conditions {
    /// Reads both headers.
    ///
    /// # Errors
    /// 400 `invalid_etag` for a value that is neither `*` nor a list of entity tags.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            if_match: Tags::read(headers, &header::IF_MATCH)?,
            if_none_match: Tags::read(headers, &header::IF_NONE_MATCH)?,
        })
    }

    /// Checks a request that changes a resource, which is at version `current` or does not exist.
    ///
    /// # Errors
    /// 412 `version_mismatch`.
    pub fn check(&self, current: Option<u64>) -> Result<(), Problem> {
        self.check_match(current)?;
        match (&self.if_none_match, current) {
            (Some(tags), Some(version)) if tags.contain(version, Comparison::Weak) => {
                Err(failed(&format!("it exists, at version \"{version}\", and If-None-Match rules that out")))
            }
            _ => Ok(()),
        }
    }

    /// Checks a request that reads a resource at this version. True: the client has it already, and the answer is 304.
    ///
    /// # Errors
    /// 412 `version_mismatch`.
    pub fn unchanged(&self, version: u64) -> Result<bool, Problem> {
        self.check_match(Some(version))?;
        Ok(self.if_none_match.as_ref().is_some_and(|tags| tags.contain(version, Comparison::Weak)))
    }

    fn check_match(&self, current: Option<u64>) -> Result<(), Problem> {
        match (&self.if_match, current) {
            (None, _) => Ok(()),
            (Some(tags), Some(version)) if tags.contain(version, Comparison::Strong) => Ok(()),
            (Some(_), Some(version)) => {
                Err(failed(&format!("the current version is \"{version}\"; read it again and decide anew")))
            }
            (Some(_), None) => Err(failed("If-Match asks for a version, and there is none: it does not exist")),
        }
    }
}

fn failed(detail: &str) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", detail)
}

impl Tags {
    /// The lines of a header are one list (RFC 9110, 5.3).
    fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let lines: Vec<&[u8]> = headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let tags = Self::parse(&lines.join(&b','));
        let detail = "* or a list of entity tags such as \"3\" was expected";
        tags.map(Some).ok_or_else(|| Problem::invalid_field(name.as_str(), "invalid_etag", detail))
    }

    /// Empty elements of a list are ignored (RFC 9110, 5.6.1.2). A comma may be part of a tag.
    fn parse(value: &[u8]) -> Option<Self> {
        if value.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = value.trim_ascii_start();
        while let Some(first) = rest.first() {
            if *first == b',' {
                rest = rest.get(1..)?.trim_ascii_start();
                continue;
            }
            let (tag, behind) = Tag::parse(rest)?;
            tags.push(tag);
            rest = behind.trim_ascii_start();
            if !matches!(rest.first(), None | Some(b',')) {
                return None;
            }
        }
        Some(Self::Listed(tags))
    }

    fn contain(&self, version: u64, comparison: Comparison) -> bool {
        let own = version.to_string();
        match self {
            Self::Any => true,
            Self::Listed(tags) => {
                tags.iter().any(|tag| tag.opaque == own.as_bytes() && (comparison == Comparison::Weak || !tag.weak))
            }
        }
    }
}

impl Tag {
    /// The tag at the start, and what stands behind it.
    fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, text) = text.strip_prefix(b"W/").map_or((false, text), |rest| (true, rest));
        let text = text.strip_prefix(b"\"")?;
        let end = text.iter().position(|byte| *byte == b'"')?;
        let (opaque, behind) = text.split_at(end);
        // `etagc`: visible ASCII but the quote, and everything beyond ASCII.
        let valid = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..));
        valid.then(|| (Self { weak, opaque: opaque.to_vec() }, behind.get(1..).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: HeaderName, lines: &[&str]) -> Result<Conditions, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        Conditions::read(&headers)
    }

    type Outcome = (bool, bool, bool);

    /// Whether each of the two headers with this value lets version 3 change, and whether a read is answered by 304.
    fn outcome(lines: &[&str]) -> Outcome {
        let (wanted, unwanted) = (read(header::IF_MATCH, lines).unwrap(), read(header::IF_NONE_MATCH, lines).unwrap());
        assert_eq!(wanted.check(Some(3)).is_ok(), wanted.unchanged(3).is_ok(), "a read asks the same");
        let told = |problem: Problem| (problem.status().as_u16(), problem.code);
        for refused in [wanted.check(Some(3)), unwanted.check(Some(3))].into_iter().filter_map(Result::err) {
            assert_eq!(told(refused), (412, "version_mismatch"));
        }
        (wanted.check(Some(3)).is_ok(), unwanted.check(Some(3)).is_ok(), unwanted.unchanged(3).unwrap())
    }

    #[test]
    fn if_match_compares_strongly_and_if_none_match_weakly() {
        let (match_it, weakly, other) = ((true, false, true), (false, false, true), (false, true, false));
        let cases: &[(&[&str], Outcome)] = &[
            (&["*"], match_it),
            (&[" * "], match_it),
            (&["\"3\""], match_it),
            (&["\"1\", \"3\""], match_it),
            (&["\"1\",\"3\",\"9\""], match_it),
            (&["\"1\"", "\"3\""], match_it),
            (&[",, \"3\" ,,\"4\",", ""], match_it),
            (&["W/\"3\", \"3\""], match_it),
            (&["\"a,b\", \"3\""], match_it),
            (&["W/\"3\""], weakly),
            (&["\"4\", W/\"3\""], weakly),
            (&["\"4\""], other),
            (&["W/\"4\""], other),
            (&["\"03\""], other),
            (&["\"+3\""], other),
            (&["\"\""], other),
            (&["\"3,\""], other),
            (&["\"W/3\""], other),
            (&["\"*\""], other),
            (&["\"drei\u{fc}\""], other),
            (&[""], other),
            (&[" , "], other),
        ];
        for (lines, expected) in cases {
            assert_eq!(outcome(lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn what_does_not_exist_meets_if_none_match_and_no_if_match() {
        for value in ["*", "\"3\"", ""] {
            assert_eq!(read(header::IF_MATCH, &[value]).unwrap().check(None).unwrap_err().status().as_u16(), 412);
            assert_eq!(read(header::IF_NONE_MATCH, &[value]).unwrap().check(None), Ok(()));
        }
        assert_eq!(Conditions::default().check(None), Ok(()));
        assert_eq!((Conditions::default().check(Some(3)), Conditions::default().unchanged(3)), (Ok(()), Ok(false)));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for value in
            ["3", "\"3", "3\"", "'3'", "w/\"3\"", "W / \"3\"", "W/3", "*, \"3\"", "\"3\", *", "\"1\" \"3\"", "\"a b\""]
        {
            for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
                assert_eq!(read(name, &[value]).unwrap_err().status(), StatusCode::BAD_REQUEST, "{value}");
            }
        }
    }

    #[test]
    fn both_headers_have_to_hold() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, "\"3\"".parse().unwrap());
        headers.insert(header::IF_NONE_MATCH, "\"3\"".parse().unwrap());
        let both = Conditions::read(&headers).unwrap();
        assert!(both.check(Some(3)).is_err() && both.check(Some(4)).is_err());
        assert_eq!(both.unchanged(3), Ok(true));
        assert_eq!(both.unchanged(4).unwrap_err().status().as_u16(), 412);
    }
}
