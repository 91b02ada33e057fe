//! W3C Trace Context: the `traceparent` header (<https://www.w3.org/TR/trace-context/>, level 1).

use std::fmt;
use std::str::FromStr;

/// The version that this code writes.
const VERSION: &str = "00";

/// Length of a version 00 header, in bytes. Later versions may only append to it.
const LENGTH: usize = 55;

/// The only flag that level 1 defines; the other flags become zero when a context is passed on.
const SAMPLED: u8 = 0x01;

/// Trace id, parent id and the sampled flag, valid by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    sampled: bool,
}

/// The text is not a valid `traceparent`. As the specification requires, the caller then starts a new trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid traceparent")]
pub struct InvalidTraceparent;

impl TraceContext {
    /// A new trace from random numbers. Zero is not a valid id and is replaced by one.
    pub fn new(trace_id: u128, parent_id: u64) -> Self {
        Self { trace_id: trace_id.max(1), parent_id: parent_id.max(1), sampled: true }
    }

    /// The same trace with a new parent id, taken from a random number.
    #[must_use]
    pub fn child(&self, parent_id: u64) -> Self {
        Self { parent_id: parent_id.max(1), ..*self }
    }

    /// The trace id: 32 lower-case hex digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The parent (span) id: 16 lower-case hex digits.
    pub fn parent_id(&self) -> String {
        format!("{:016x}", self.parent_id)
    }

    /// Whether the caller recorded the trace.
    pub fn sampled(&self) -> bool {
        self.sampled
    }
}

/// Formats the value of the header.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, u8::from(self.sampled))
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let (known, rest) = text.split_at_checked(LENGTH).ok_or(InvalidTraceparent)?;
        let mut parts = known.split('-');
        let mut part = |length: usize| parts.next().filter(|part| is_lower_hex(part, length)).ok_or(InvalidTraceparent);
        let (version, trace_id, parent_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let rest_is_valid = match version {
            "ff" => false,
            VERSION => rest.is_empty(),
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let trace_id = u128::from_str_radix(trace_id, 16).map_err(|_| InvalidTraceparent)?;
        let parent_id = u64::from_str_radix(parent_id, 16).map_err(|_| InvalidTraceparent)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| InvalidTraceparent)?;
        if !rest_is_valid || trace_id == 0 || parent_id == 0 {
            return Err(InvalidTraceparent);
        }
        Ok(Self { trace_id, parent_id, sampled: flags & SAMPLED != 0 })
    }
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_header_is_written_as_it_was_read() {
        assert_eq!(VALID.parse::<TraceContext>().map(|context| context.to_string()).as_deref(), Ok(VALID));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_known_and_written_as_version_00() {
        for later in [VALID.replacen("00", "cc", 1), format!("{}-what-ever", VALID.replacen("00", "01", 1))] {
            assert_eq!(later.parse::<TraceContext>().map(|c| c.to_string()).as_deref(), Ok(VALID), "{later}");
        }
        let flags = VALID.replace("-01", "-ff").parse::<TraceContext>();
        assert_eq!(flags.map(|context| context.to_string()).as_deref(), Ok(VALID), "unknown flags become zero");
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        let refused = [
            String::new(),
            "00".to_owned(),
            VALID.replacen("00", "ff", 1),
            VALID.replacen("00", "0x", 1),
            VALID.to_uppercase(),
            VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            VALID.replace("-01", "-0g"),
            VALID.replace("-01", "-1"),
            VALID.replace('-', "_"),
            VALID.replacen("-4bf92f", "4-bf92f", 1),
            format!("{VALID}-extra"),
            format!("{VALID}0"),
            format!(" {VALID}"),
            format!("{}x", VALID.replacen("00", "01", 1)),
            VALID.replace("4bf92f", "é92f").replace("-01", "-0101"),
            VALID.replacen("00-4", "00-+", 1),
        ];
        for text in refused {
            assert_eq!(text.parse::<TraceContext>(), Err(InvalidTraceparent), "{text:?}");
        }
    }

    #[test]
    fn a_child_keeps_the_trace_and_its_flag_and_never_has_a_zero_id() {
        let parent = TraceContext::new(0, 0);
        assert_eq!(parent.to_string(), format!("00-{:032x}-{:016x}-01", 1, 1));
        let child = parent.child(7);
        assert_eq!((child.trace_id(), child.parent_id()), (parent.trace_id(), format!("{:016x}", 7)));
        let unsampled = VALID.replace("-01", "-00").parse::<TraceContext>();
        assert_eq!(unsampled.map(|context| context.child(0).sampled()), Ok(false));
    }
}
