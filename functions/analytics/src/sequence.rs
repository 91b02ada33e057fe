//! Sequence numbers of stream records, which grow within a shard.

use std::cmp::Ordering;

/// A sequence number: decimal, of up to 40 digits, which no integer type holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence(String);

impl Sequence {
    /// The number as the stream has it; `None` if it is no number.
    pub fn read(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(text.to_owned()))
    }

    /// The number as the stream has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |it: &Self| {
            let digits = it.0.trim_start_matches('0');
            (digits.len(), digits.to_owned())
        };
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_in_the_order_of_their_value() {
        let order = ["9", "10", "100000000000000000007", "1234567890123456789012345678901234567890"];
        let order: Vec<Sequence> = order.iter().filter_map(|text| Sequence::read(text)).collect();
        assert!(order.len() == 4 && order.is_sorted(), "{order:?}");
        for none in ["", "-1", "1e3", "0x1", "१"] {
            assert_eq!(Sequence::read(none), None, "{none}");
        }
    }
}
