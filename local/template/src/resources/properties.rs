//! Typed access to the properties of one resource, with messages that say where.

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use crate::intrinsics::Resolver;
use crate::parameters::text_of;

/// Properties of a resource, or of a part of one.
pub struct Properties<'a> {
    resolver: &'a Resolver,
    at: String,
    values: Map<String, Value>,
}

impl<'a> Properties<'a> {
    /// Properties at the path `at`, of a resource of type `kind`. Those in `run` have a meaning in the local stack,
    /// those in `ignored` only on AWS.
    ///
    /// # Errors
    /// Any other property.
    pub fn new(
        resolver: &'a Resolver,
        at: String,
        kind: &str,
        values: &Value,
        run: &[&str],
        ignored: &[&str],
    ) -> anyhow::Result<Self> {
        let Value::Object(values) = values else { bail!("{at}: expected the properties of {kind}, found {values}") };
        if let Some(unknown) =
            values.keys().find(|key| !run.contains(&key.as_str()) && !ignored.contains(&key.as_str()))
        {
            let mut known = [run, ignored].concat();
            known.sort_unstable();
            bail!(
                "{at}: the local stack does not know the property `{unknown}` of {kind}; it knows {}",
                known.join(", ")
            );
        }
        Ok(Self { resolver, at, values: values.clone() })
    }

    /// Path of these properties.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The resolved value; `None` if it is absent or `AWS::NoValue`.
    pub fn value(&self, name: &str) -> anyhow::Result<Option<Value>> {
        match self.values.get(name) {
            Some(value) => self.resolver.resolve(value, &format!("{}.{name}", self.at)),
            None => Ok(None),
        }
    }

    /// The unresolved value, for parts that are read with their own [`Properties`].
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A string.
    pub fn text(&self, name: &str) -> anyhow::Result<Option<String>> {
        let at = &self.at;
        let value = self.value(name)?;
        value.map(|value| text_of(&value).with_context(|| format!("{at}.{name}: {value} is not a string"))).transpose()
    }

    /// A string that must be there.
    pub fn required(&self, name: &str) -> anyhow::Result<String> {
        self.text(name)?.with_context(|| format!("{}: the property {name} is missing", self.at))
    }

    /// A whole number from `least` to `most`.
    pub fn integer(&self, name: &str, least: i64, most: i64) -> anyhow::Result<Option<i64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => bail!("{}.{name}: `{text}` is not a whole number from {least} to {most}", self.at),
        }
    }

    /// A boolean.
    pub fn boolean(&self, name: &str) -> anyhow::Result<Option<bool>> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => bail!("{}.{name}: `{other}` is neither true nor false", self.at),
        }
    }

    /// A list of strings; empty if absent.
    pub fn texts(&self, name: &str) -> anyhow::Result<Vec<String>> {
        match self.value(name)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| text_of(item).with_context(|| format!("{}.{name}: {item} is not a string", self.at)))
                .collect(),
            Some(other) => bail!("{}.{name}: expected a list, found {other}", self.at),
        }
    }
}
