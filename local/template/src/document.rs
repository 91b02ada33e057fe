//! YAML to JSON, with the short forms of intrinsic functions expanded.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;

/// Short forms that CloudFormation defines (User Guide, "Intrinsic function reference"). Those that
/// [`crate::intrinsics`] does not evaluate may be used on resources that are ignored.
const SHORT_FORMS: [&str; 18] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// The template's sections.
pub fn read(text: &str) -> anyhow::Result<Map<String, Value>> {
    let yaml: Yaml = serde_norway::from_str(text).context("this is not YAML")?;
    object(convert(yaml, "template")?, "the template")
}

/// `at` is the path from the root, for messages.
fn convert(yaml: Yaml, at: &str) -> anyhow::Result<Value> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => number_to_json(&number).with_context(|| format!("{at}: {number} is out of range"))?,
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| convert(item, &format!("{at}[{index}]")))
                .collect::<anyhow::Result<_>>()?,
        ),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = key_of(key).with_context(|| format!("{at}: keys are strings"))?;
                let value = convert(value, &format!("{at}.{key}"))?;
                object.insert(key, value);
            }
            written_out(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            if !SHORT_FORMS.contains(&name) {
                bail!("{at}: `{tag}` is not an intrinsic function; known are !{}", SHORT_FORMS.join(", !"));
            }
            let key = if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
            let mut object = Map::new();
            object.insert(key, convert(tagged.value, at)?);
            written_out(object)
        }
    })
}

fn key_of(key: Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text),
        Yaml::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number_to_json(number: &serde_norway::Number) -> Option<Value> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    number.as_u64().map(Value::from).or_else(|| number.as_f64().and_then(serde_json::Number::from_f64).map(Value::from))
}

/// YAML allows `GetAtt` as `Resource.Attribute`; this converts it to the list form.
fn written_out(mut object: Map<String, Value>) -> Value {
    if let Some(Value::String(text)) = object.get("Fn::GetAtt")
        && let Some((resource, attribute)) = text.split_once('.')
    {
        let list = json!([resource, attribute]);
        object.insert("Fn::GetAtt".to_owned(), list);
    }
    Value::Object(object)
}

/// The entries of a section or property that must be a map.
pub fn object(value: Value, at: &str) -> anyhow::Result<serde_json::Map<String, Value>> {
    match value {
        Value::Object(entries) => Ok(entries),
        other => bail!("{at}: expected a map, found {other}"),
    }
}

/// The function and its argument, if this map is a call. `Condition` is one only in `Conditions` and `Rules`: an IAM
/// statement has a key of that name as well.
pub fn intrinsic(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, argument) = entries.iter().next().filter(|_| entries.len() == 1)?;
    (key == "Ref" || key.starts_with("Fn::")).then_some((key.as_str(), argument))
}
