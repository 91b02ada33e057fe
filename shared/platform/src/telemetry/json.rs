//! A `tracing` layer that writes one flat JSON object per event and line.
//!
//! The formatter of tracing-subscriber nests the fields of spans in objects. CloudWatch Logs Insights filters flat
//! fields without a path: `filter eventId = "..."`.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Longest text of one field, in bytes; longer text is truncated. CloudWatch accepts up to 1 MB per log event.
pub(super) const MAX_FIELD_BYTES: usize = 8 * 1024;

/// The layer; it writes each line to `W` in one call.
pub(super) struct JsonLines<W, N> {
    writer: Mutex<W>,
    now: N,
}

impl<W, N> JsonLines<W, N> {
    pub(super) fn new(writer: W, now: N) -> Self {
        Self { writer: Mutex::new(writer), now }
    }
}

/// The fields of a span, kept in its extensions.
struct Fields(Map<String, Value>);

impl<S, W, N> Layer<S> for JsonLines<W, N>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
    N: Fn() -> String + Send + Sync + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(Fields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Collect(&mut line));
        let metadata = event.metadata();
        line.insert("timestamp".to_owned(), (self.now)().into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("target".to_owned(), metadata.target().into());
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed stdout must not stop the work that is being logged.
        let _ = writer.write_all(text.as_bytes());
    }
}

/// Collects fields in a JSON object; of two values with the same name, the later one wins.
struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::String(cut(value).to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause.filter(|_| text.len() < MAX_FIELD_BYTES) {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        self.put(field, Value::String(cut(&text).to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::String(cut(&format!("{value:?}")).to_owned()));
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_FIELD_BYTES)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(work: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let layer = JsonLines::new(buffer.clone(), || "2026-01-02T03:04:05.678Z".to_owned());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_carries_the_fields_of_all_its_spans_flat_and_the_innermost_wins() {
        let lines = lines(|| {
            let outer =
                tracing::info_span!("invocation", requestId = "r1", step = "outer", late = tracing::field::Empty);
            outer.record("late", 7);
            outer.in_scope(|| {
                tracing::info_span!("record", eventId = %"e1", step = "inner")
                    .in_scope(|| tracing::warn!(attempt = 2_u64, ok = false, "hello"));
            });
        });
        let expected = serde_json::json!([{
            "timestamp": "2026-01-02T03:04:05.678Z", "level": "WARN", "target": module_path!(),
            "requestId": "r1", "eventId": "e1", "step": "inner", "late": 7, "attempt": 2, "ok": false,
            "message": "hello",
        }]);
        assert_eq!(Value::from(lines), expected);
    }

    #[test]
    fn text_from_outside_cannot_start_a_line_or_replace_the_level() {
        let hostile = "x\n{\"level\":\"ERROR\"}\r\u{1b}[31m\u{2028}";
        let lines = lines(|| tracing::info!(name = hostile, level = "forged", "{hostile}"));
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = lines.first().cloned().unwrap_or_default();
        assert_eq!((line["name"].as_str(), line["level"].as_str()), (Some(hostile), Some("INFO")));
    }

    #[test]
    fn a_long_field_is_cut_at_a_character_and_an_error_shows_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        let error = Outer(io::Error::other("inner"));
        let long = "é".repeat(MAX_FIELD_BYTES);
        let lines = lines(|| tracing::info!(long, error = &error as &dyn std::error::Error));
        let line = lines.first().cloned().unwrap_or_default();
        assert_eq!(line["long"].as_str().map(str::len), Some(MAX_FIELD_BYTES));
        assert_eq!(line["error"], "outer: inner");
    }
}
