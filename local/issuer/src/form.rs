//! Forms and queries: `application/x-www-form-urlencoded`.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// The fields of a form or a query. A field that comes twice counts for nothing (RFC 6749, 3.1: "MUST NOT be included more
/// than once").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, Option<String>>);

impl Form {
    /// Reads a form.
    pub fn read(text: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            fields.entry(name.into_owned()).and_modify(|field| *field = None).or_insert(Some(value.into_owned()));
        }
        Self(fields)
    }

    /// A field that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref().filter(|value| !value.is_empty())
    }
}

/// A text within HTML or an attribute in double quotes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_once_and_written_into_a_page_as_text() {
        let form = Form::read(b"a=1&b=%3Cb%3E+%26&c=&d=1&d=1");
        assert_eq!(
            (form.get("a"), form.get("b"), form.get("c"), form.get("d")),
            (Some("1"), Some("<b> &"), None, None)
        );
        assert_eq!(escaped("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
