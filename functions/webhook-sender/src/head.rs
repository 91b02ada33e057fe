//! The head of an answer: liberal in what counts as one, because what a receiver has taken must not be sent to it again;
//! strict in its size.
//!
//! The status counts once its line has been read (RFC 9112, section 4). Of the fields only `Retry-After` is looked for;
//! a line that is none, or is folded, does no harm.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Most bytes of an answer that are read for its head, informational answers before it included.
pub const MAX_HEAD: usize = 16 * 1024;

/// Longest `Retry-After` that is used, in bytes.
const MAX_RETRY_AFTER: usize = 64;

/// What is used of a head.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub retry_after: Option<String>,
}

/// Why there is no head.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHead {
    #[error("the connection ended before an answer")]
    Ended,
    #[error("the answer is not HTTP")]
    NotHttp,
    #[error("the head of the answer is larger than {MAX_HEAD} bytes")]
    TooLarge,
}

/// Reads until there is a whole head, and leaves the body unread. A connection that breaks ends the head.
pub async fn read(reader: &mut (impl AsyncRead + Unpin)) -> Result<Head, NoHead> {
    let mut bytes = Vec::with_capacity(1024);
    let mut rest = reader.take(MAX_HEAD as u64);
    loop {
        let ended = !matches!(rest.read_buf(&mut bytes).await, Ok(1..));
        if ended && bytes.len() >= MAX_HEAD {
            return Err(NoHead::TooLarge);
        }
        if let Some(head) = parse(&bytes, ended)? {
            return Ok(head);
        }
    }
}

/// The head that these bytes begin with; `None` if more are needed. Once the connection has ended, what there is has to
/// do.
fn parse(bytes: &[u8], ended: bool) -> Result<Option<Head>, NoHead> {
    let mut lines = Lines { rest: bytes };
    loop {
        let status = loop {
            match lines.next() {
                Some([]) => {}
                Some(line) => break status(line).ok_or(NoHead::NotHttp)?,
                None if !may_be_status(lines.rest) => return Err(NoHead::NotHttp),
                None if ended => return Err(NoHead::Ended),
                None => return Ok(None),
            }
        };
        let (fields, is_whole) = fields(&mut lines);
        if !is_whole && !ended {
            return Ok(None);
        }
        // An informational answer precedes the final one, except for a change of the protocol, which was not asked for.
        if status == 101 || status >= 200 {
            return Ok(Some(Head { status, retry_after: retry_after(&fields) }));
        }
    }
}

/// Complete lines, without their ends: CR LF, or LF alone.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Lines up to an empty one, those that are folded joined, and whether the empty one was there.
fn fields(lines: &mut Lines<'_>) -> (Vec<Vec<u8>>, bool) {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    while let Some(line) = lines.next() {
        match (line, fields.last_mut()) {
            ([], _) => return (fields, true),
            ([b' ' | b'\t', ..], Some(field)) => field.extend([b" ", line.trim_ascii()].concat()),
            _ => fields.push(line.to_vec()),
        }
    }
    (fields, false)
}

const HTTP: &[u8] = b"HTTP/";

/// Whether an incomplete line may become a status line.
fn may_be_status(line: &[u8]) -> bool {
    line == b"\r" || line.iter().zip(HTTP).all(|(byte, expected)| byte.eq_ignore_ascii_case(expected))
}

/// The status in `HTTP/1.1 200 OK`. Any version and any reason will do, and none.
fn status(line: &[u8]) -> Option<u16> {
    let (name, rest) = line.split_at_checked(HTTP.len())?;
    if !name.eq_ignore_ascii_case(HTTP) {
        return None;
    }
    let version = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let spaced = rest.get(version..)?;
    let rest = spaced.trim_ascii_start();
    let (code, reason) = rest.split_at_checked(3)?;
    if version == 0 || rest.len() == spaced.len() || reason.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
    (100..1000).contains(&code).then_some(code)
}

fn retry_after(fields: &[Vec<u8>]) -> Option<String> {
    let value = fields.iter().find_map(|field| {
        let colon = field.iter().position(|byte| *byte == b':')?;
        let (name, value) = field.split_at(colon);
        name.trim_ascii().eq_ignore_ascii_case(b"retry-after").then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })?;
    let value = std::str::from_utf8(value).ok().filter(|value| value.len() <= MAX_RETRY_AFTER)?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &str) -> Result<Option<Head>, NoHead> {
        parse(bytes.as_bytes(), true)
    }

    #[test]
    fn a_status_line_that_was_read_counts_whatever_follows() {
        let status_lines = [
            "HTTP/1.1 202 Accepted\r\n",
            "HTTP/1.0 202\r\n",
            "HTTP/1.1 202 \r\n",
            "http/1.1 202 ok\n",
            "HTTP/2 202\n",
            "HTTP/1.1  202\tAccepted, \u{fc}ber alles\r\n",
            "\r\nHTTP/1.1 202 Accepted\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 202 Accepted\r\n",
            "HTTP/1.1 102 \n\nHTTP/1.1 202 Accepted\n",
        ];
        let rests = [
            "",
            "\r\n",
            "\n",
            "x-folded: a\r\n b\r\n\tc\r\n\r\n",
            " folded at the start\r\n\r\n",
            "no colon\r\n: no name\r\nspace : a\r\n\u{1}: b\r\n\r\n",
            "content-length: many\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nhalf",
            "transfer-encoding: chunked\r\n\r\n2;name=\"value\"\r\nok\r\n0\r\ntrailer: a\r\n\r\n",
            "transfer-encoding: gzip, nonsense\r\n\r\nxx",
            "cut off in a fie",
        ];
        for (start, rest) in status_lines.iter().flat_map(|start| rests.map(|rest| (start, rest))) {
            let head = parsed(&format!("{start}{rest}")).unwrap().unwrap();
            assert_eq!(head, Head { status: 202, retry_after: None }, "{start}{rest}");
        }
    }

    #[test]
    fn what_is_no_status_line_is_no_answer() {
        for bytes in [
            "SSH-2.0-OpenSSH_9.9\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 +20 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/ 200 OK\r\n\r\n",
            "HTTP/1.1200 OK\r\n\r\n",
            "200 OK\r\n\r\n",
            "{\"ok\":true}",
            "HTTP/1.1 100 Continue\r\n\r\nok\r\n",
        ] {
            assert_eq!(parsed(bytes), Err(NoHead::NotHttp), "{bytes}");
        }
        for bytes in ["", "\r\n\r\n", "HTTP", "HTTP/1.1 200", "HTTP/1.1 200 OK\r", "HTTP/1.1 100 Continue\r\n\r\n"] {
            assert_eq!(parsed(bytes), Err(NoHead::Ended), "{bytes}");
        }
    }

    #[test]
    fn more_is_read_until_the_head_is_whole() {
        let whole = "\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After:\r\n 120 \r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(parse(whole.as_bytes().get(..end).unwrap(), false), Ok(None), "{end}");
        }
        let busy = Head { status: 503, retry_after: Some("120".to_owned()) };
        assert_eq!(parse(format!("{whole}<html>").as_bytes(), false), Ok(Some(busy)));
        let switched = parse(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", false).unwrap().unwrap();
        assert_eq!(switched.status, 101);
    }
}
