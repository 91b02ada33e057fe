//! Event filtering (LDG/invocation-eventfiltering, LDG/kafka-filtering, LDG/with-ddb-filtering). Pure.
//!
//! Patterns are compiled when the mapping starts, so that a pattern that this stack cannot evaluate stops it with a
//! message instead of silently dropping records.

use serde_json::{Map, Value};

/// A pattern that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A rule that Lambda does not know, or that is not implemented here.
    #[error(
        "the filter rule {0} is not known; known are values, null, prefix, suffix, anything-but, numeric, exists, equals-ignore-case and $or"
    )]
    Rule(String),
    /// The pattern is not an object of fields.
    #[error("a filter pattern must be an object, and each of its fields an object or a list of rules: {0}")]
    Shape(String),
    /// Kafka mappings filter on the value only (LDG/kafka-filtering).
    #[error("a Kafka mapping filters on \"value\" only, not on {0}")]
    KafkaField(String),
}

/// The filter of a mapping: patterns, at least one of which must match. Without patterns, everything passes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    patterns: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    /// Every field must match, and at least one of the alternatives (`$or`).
    Fields(Vec<(String, Node)>, Vec<Node>),
    /// At least one of the rules must match.
    Rules(Vec<Rule>),
}

#[derive(Debug, Clone)]
enum Rule {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Rule>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Compiles the patterns of a DynamoDB stream mapping, or of anything that is matched as a whole.
    ///
    /// # Errors
    /// [`PatternError`] for a pattern that cannot be evaluated.
    pub fn new(patterns: &[Value]) -> Result<Self, PatternError> {
        Ok(Self { patterns: patterns.iter().map(fields).collect::<Result<_, _>>()? })
    }

    /// Compiles the patterns of a Kafka mapping, which may name only `value`; `$or` belongs inside it.
    ///
    /// # Errors
    /// [`PatternError`] for a pattern that cannot be evaluated.
    pub fn kafka(patterns: &[Value]) -> Result<Self, PatternError> {
        let named = patterns.iter().filter_map(Value::as_object).flat_map(Map::keys);
        if let Some(other) = named.into_iter().find(|name| name.as_str() != "value") {
            return Err(PatternError::KafkaField(other.clone()));
        }
        Self::new(patterns)
    }

    /// Whether a record passes, matched as a whole.
    pub fn passes(&self, record: &Value) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(Some(record)))
    }

    /// Whether a Kafka record passes, by its value.
    ///
    /// A pattern with fields requires JSON, a pattern with rules requires plain text; if the value has the other
    /// format, the record is dropped. A value that is not UTF-8, and a tombstone, match no pattern.
    pub fn passes_kafka(&self, value: Option<&[u8]>) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let Some(text) = value.and_then(|value| std::str::from_utf8(value).ok()) else { return false };
        let json: Option<Value> =
            serde_json::from_str(text).ok().filter(|json: &Value| json.is_object() || json.is_array());
        let is_json = json.is_some();
        let mut record = Map::new();
        record.insert("value".into(), json.unwrap_or_else(|| Value::from(text)));
        let record = Value::Object(record);
        self.patterns.iter().any(|pattern| pattern.wants(is_json) && pattern.matches(Some(&record)))
    }
}

impl Node {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Rules(rules) => rules.iter().any(|rule| rule.matches(value)),
            Self::Fields(fields, alternatives) => {
                // An array of objects matches if one of them does.
                if let Some(Value::Array(elements)) = value {
                    return elements.iter().any(|element| self.matches(Some(element)));
                }
                let field = |name: &str| value.and_then(|value| value.get(name));
                fields.iter().all(|(name, node)| node.matches(field(name)))
                    && (alternatives.is_empty() || alternatives.iter().any(|node| node.matches(value)))
            }
        }
    }

    /// Whether the pattern's `value` is for JSON (fields) or for plain text (rules).
    fn wants(&self, is_json: bool) -> bool {
        let Self::Fields(fields, _) = self else { return true };
        fields.iter().all(|(_, node)| matches!(node, Self::Fields(..)) == is_json)
    }
}

impl Rule {
    fn matches(&self, value: Option<&Value>) -> bool {
        if let Self::Exists(wanted) = self {
            // In a pattern, `exists` applies only to leaves.
            return value.is_some_and(|value| !value.is_object()) == *wanted;
        }
        match value {
            None => false,
            Some(Value::Array(elements)) => match self {
                Self::AnythingBut(_) => elements.iter().all(|element| self.matches_leaf(element)),
                _ => elements.iter().any(|element| self.matches_leaf(element)),
            },
            Some(leaf) => self.matches_leaf(leaf),
        }
    }

    fn matches_leaf(&self, leaf: &Value) -> bool {
        match self {
            Self::Equals(wanted) => equal(wanted, leaf),
            Self::EqualsIgnoreCase(wanted) => {
                leaf.as_str().is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Prefix(prefix) => leaf.as_str().is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => leaf.as_str().is_some_and(|text| text.ends_with(suffix)),
            Self::AnythingBut(rules) => {
                (leaf.is_string() || leaf.is_number()) && !rules.iter().any(|rule| rule.matches_leaf(leaf))
            }
            Self::Numeric(bounds) => leaf
                .as_f64()
                .is_some_and(|number| bounds.iter().all(|(comparison, bound)| comparison.holds(number, *bound))),
            Self::Exists(wanted) => *wanted,
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}

fn equal(wanted: &Value, leaf: &Value) -> bool {
    match (wanted.as_f64(), leaf.as_f64()) {
        (Some(wanted), Some(leaf)) => wanted == leaf,
        _ => wanted == leaf,
    }
}

fn fields(pattern: &Value) -> Result<Node, PatternError> {
    let Value::Object(map) = pattern else { return Err(PatternError::Shape(pattern.to_string())) };
    let mut named = Vec::new();
    let mut alternatives = Vec::new();
    for (name, inner) in map {
        match inner {
            Value::Array(patterns) if name == "$or" => {
                alternatives = patterns.iter().map(fields).collect::<Result<_, _>>()?;
            }
            Value::Array(rules) => {
                named.push((name.clone(), Node::Rules(rules.iter().map(rule).collect::<Result<_, _>>()?)));
            }
            Value::Object(_) => named.push((name.clone(), fields(inner)?)),
            _ => return Err(PatternError::Shape(format!("{name}: {inner}"))),
        }
    }
    Ok(Node::Fields(named, alternatives))
}

fn rule(rule: &Value) -> Result<Rule, PatternError> {
    let unknown = || PatternError::Rule(rule.to_string());
    let Value::Object(map) = rule else {
        return if rule.is_array() { Err(unknown()) } else { Ok(Rule::Equals(rule.clone())) };
    };
    let mut entries = map.iter();
    let (Some((name, argument)), None) = (entries.next(), entries.next()) else { return Err(unknown()) };
    match (name.as_str(), argument) {
        ("prefix", Value::String(text)) => Ok(Rule::Prefix(text.clone())),
        ("suffix", Value::String(text)) => Ok(Rule::Suffix(text.clone())),
        ("equals-ignore-case", Value::String(text)) => Ok(Rule::EqualsIgnoreCase(text.clone())),
        ("exists", Value::Bool(wanted)) => Ok(Rule::Exists(*wanted)),
        ("numeric", Value::Array(bounds)) => numeric(bounds).ok_or_else(unknown),
        ("anything-but", Value::Array(values)) => {
            Ok(Rule::AnythingBut(values.iter().map(self::rule).collect::<Result<_, _>>()?))
        }
        ("anything-but", one) => Ok(Rule::AnythingBut(vec![self::rule(one)?])),
        _ => Err(unknown()),
    }
}

/// Pairs of operator and number, such as `[">=", 0, "<", 10]`.
fn numeric(bounds: &[Value]) -> Option<Rule> {
    let (pairs, rest) = bounds.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let bounds = pairs.iter().map(|[operator, bound]| {
        let comparison = match operator.as_str()? {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        Some((comparison, bound.as_f64()?))
    });
    bounds.collect::<Option<Vec<_>>>().map(Rule::Numeric)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(pattern: Value, value: &str) -> bool {
        Filter::kafka(&[json!({"value": pattern})]).unwrap().passes_kafka(Some(value.as_bytes()))
    }

    #[test]
    fn rules_match_as_documented() {
        let event = r#"{"type":"order.created","n":5,"deep":{"x":null,"tags":["a","b"]},"s":"Text"}"#;
        for (pattern, expected) in [
            (json!({"type": ["order.created"]}), true),
            (json!({"type": ["other", "order.created"]}), true),
            (json!({"type": ["other"]}), false),
            (json!({"type": ["order.created"], "n": [6]}), false),
            (json!({"type": [{"prefix": "order."}]}), true),
            (json!({"type": [{"suffix": ".created"}]}), true),
            (json!({"type": [{"prefix": "created"}]}), false),
            (json!({"s": [{"equals-ignore-case": "TEXT"}]}), true),
            (json!({"type": [{"anything-but": ["a", "b"]}]}), true),
            (json!({"type": [{"anything-but": "order.created"}]}), false),
            (json!({"type": [{"anything-but": {"prefix": "order"}}]}), false),
            (json!({"missing": [{"anything-but": ["a"]}]}), false),
            (json!({"n": [{"numeric": [">", 4, "<=", 5]}]}), true),
            (json!({"n": [{"numeric": ["=", 5.0]}]}), true),
            (json!({"n": [{"numeric": [">", 5]}]}), false),
            (json!({"type": [{"numeric": ["=", 5]}]}), false),
            (json!({"n": [5.0]}), true),
            (json!({"n": ["5"]}), false),
            (json!({"deep": {"x": [null]}}), true),
            (json!({"deep": {"tags": ["b"]}}), true),
            (json!({"deep": {"tags": [{"anything-but": ["b"]}]}}), false),
            (json!({"n": [{"exists": true}]}), true),
            (json!({"m": [{"exists": false}]}), true),
            (json!({"m": [{"exists": true}]}), false),
            (json!({"deep": {"y": [{"exists": false}]}}), true),
            (json!({"$or": [{"n": [6]}, {"type": [{"prefix": "order"}]}]}), true),
            (json!({"$or": [{"n": [6]}, {"type": ["x"]}]}), false),
        ] {
            assert_eq!(passes(pattern.clone(), event), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_are_ored() {
        let filter = Filter::kafka(&[json!({"value": {"a": [1]}}), json!({"value": {"a": [2]}})]).unwrap();
        assert!(filter.passes_kafka(Some(b"{\"a\":2}")));
        assert!(!filter.passes_kafka(Some(b"{\"a\":3}")));
    }

    #[test]
    fn a_format_mismatch_drops_the_record() {
        assert!(!passes(json!({"a": [{"exists": false}]}), "plain text"));
        assert!(!passes(json!([{"anything-but": ["error"]}]), "{\"a\":1}"));
        assert!(passes(json!([{"anything-but": ["error"]}]), "fine"));
        assert!(!passes(json!([{"anything-but": ["error"]}]), "error"));
        let filter = Filter::kafka(&[json!({"value": {"a": [1]}})]).unwrap();
        assert!(!filter.passes_kafka(None), "a tombstone has no value to match");
        assert!(!filter.passes_kafka(Some(&[0xff, 0xfe])));
        assert!(Filter::default().passes_kafka(None));
    }

    #[test]
    fn a_stream_record_is_matched_as_a_whole() {
        let record = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "x"}}}});
        let filter = |pattern| Filter::new(&[pattern]).unwrap().passes(&record);
        assert!(filter(json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["x"]}}}})));
        assert!(!filter(json!({"eventName": ["REMOVE"]})));
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        for pattern in [
            json!({"value": {"a": [{"wildcard": "*"}]}}),
            json!({"value": {"a": [{"numeric": ["!", 1]}]}}),
            json!({"value": {"a": [{"numeric": []}]}}),
            json!({"value": {"a": "x"}}),
            json!({"value": {"a": [["x"]]}}),
            json!({"key": ["x"]}),
            json!([1]),
        ] {
            assert!(Filter::kafka(std::slice::from_ref(&pattern)).is_err(), "{pattern}");
        }
    }
}
