//! Metrics in the CloudWatch embedded metric format: one JSON line on stdout carries several metrics.
//!
//! Format and limits: "Specification: Embedded metric format" in the CloudWatch user guide.

use std::io::Write as _;

use serde_json::{Map, Value, json};

use crate::settings;

/// Namespace of every metric.
pub const NAMESPACE: &str = "Millrace";

/// Most metrics in one line (limit of the format).
pub const MAX_METRICS: usize = 100;

/// Most characters of a dimension value (CloudWatch's limit).
const MAX_DIMENSION_CHARS: usize = 1024;

/// Unit of a metric, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Percent.
    Percent,
    /// No unit.
    None,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
            Self::Percent => "Percent",
            Self::None => "None",
        }
    }
}

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric<'a> {
    /// Name, in `PascalCase`.
    pub name: &'a str,
    /// Unit of `value`.
    pub unit: Unit,
    /// The value; a value that is not finite is left out.
    pub value: f64,
}

impl<'a> Metric<'a> {
    /// A count of `value`.
    pub fn count(name: &'a str, value: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count above 2^53 does not occur")]
        Self { name, unit: Unit::Count, value: value as f64 }
    }

    /// A duration, in milliseconds.
    pub fn milliseconds(name: &'a str, value: std::time::Duration) -> Self {
        Self { name, unit: Unit::Milliseconds, value: value.as_secs_f64() * 1000.0 }
    }
}

/// The line for `metrics`, measured at `now_ms` (Unix milliseconds).
///
/// All `dimensions` form one set, so a metric is found only under all of them together; keep the number of distinct
/// values low. `properties` can be searched in the logs and create no metric. At most [`MAX_METRICS`] metrics are used.
pub fn render(now_ms: i64, dimensions: &[(&str, &str)], metrics: &[Metric<'_>], properties: &[(&str, &str)]) -> String {
    let metrics: Vec<_> = metrics.iter().filter(|metric| metric.value.is_finite()).take(MAX_METRICS).collect();
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let definitions: Vec<Value> =
        metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit.name()})).collect();

    let mut line = Map::new();
    for (name, value) in properties {
        line.insert((*name).to_owned(), Value::from(*value));
    }
    for (name, value) in dimensions {
        line.insert((*name).to_owned(), Value::from(dimension_value(value)));
    }
    for metric in &metrics {
        line.insert(metric.name.to_owned(), Value::from(metric.value));
    }
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now_ms,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": definitions}],
        }),
    );
    Value::Object(line).to_string()
}

/// Writes `metrics` to stdout with the dimension `function` (the function's name) and the given `dimensions`.
pub fn emit(dimensions: &[(&str, &str)], metrics: &[Metric<'_>], properties: &[(&str, &str)]) {
    let function = settings::optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned());
    let mut all = vec![("function", function.as_str())];
    all.extend_from_slice(dimensions);
    let now_ms = jiff::Timestamp::now().as_millisecond();
    for some in metrics.chunks(MAX_METRICS) {
        let mut line = render(now_ms, &all, some, properties);
        line.push('\n');
        // A closed stdout must not stop the measured work.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

/// CloudWatch drops a dimension whose value is empty, too long or not printable ASCII.
fn dimension_value(value: &str) -> String {
    if value.is_empty() {
        return "none".to_owned();
    }
    value.chars().take(MAX_DIMENSION_CHARS).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_has_the_shape_of_the_specification() {
        let metrics = [Metric::count("Published", 3), Metric::milliseconds("PublishTime", Duration::from_micros(1500))];
        let line = render(1_700_000_000_123, &[("function", "f"), ("topic", "t")], &metrics, &[("eventId", "e\n1")]);
        assert!(!line.contains('\n'), "one line: {line}");
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Millrace",
                    "Dimensions": [["function", "topic"]],
                    "Metrics": [
                        {"Name": "Published", "Unit": "Count"},
                        {"Name": "PublishTime", "Unit": "Milliseconds"},
                    ],
                }],
            },
            "function": "f", "topic": "t", "Published": 3.0, "PublishTime": 1.5, "eventId": "e\n1",
        });
        assert_eq!(serde_json::from_str::<Value>(&line).ok(), Some(expected));
    }

    #[test]
    fn values_that_cloudwatch_would_drop_are_made_fit_or_left_out() {
        let many: Vec<Metric<'_>> = vec![Metric::count("M", 1); MAX_METRICS + 1];
        let line = render(0, &[("a", ""), ("b", "é\n")], &many, &[]);
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!((value["a"].as_str(), value["b"].as_str()), (Some("none"), Some("??")));
        let definitions = value["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map(Vec::len);
        assert_eq!(definitions, Some(MAX_METRICS));

        let nan = render(0, &[], &[Metric { name: "X", unit: Unit::None, value: f64::NAN }], &[]);
        assert!(!nan.contains("\"X\""), "{nan}");
    }
}
