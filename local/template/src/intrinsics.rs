//! Intrinsic functions and conditions.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use base64::Engine as _;
use serde_json::{Map, Value};

use crate::declaration::Declaration;
use crate::document::{intrinsic, object};
use crate::names::Names;
use crate::parameters::text_of;
use crate::physical;

/// Functions that return a value and are supported here. Of the others, some need AWS (`GetAZs`, `ImportValue`), and
/// none is used by what runs on a laptop.
const FUNCTIONS: [&str; 9] =
    ["Ref", "Fn::Base64", "Fn::FindInMap", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"];

/// Functions that return true or false, in `Conditions` and `Rules`.
const CONDITIONS: [&str; 5] = ["Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];

/// Conditions that refer to each other more deeply than this are circular.
const MAX_CONDITION_DEPTH: usize = 32;

/// Resolves values of one template.
pub struct Resolver {
    names: Names,
    parameters: BTreeMap<String, Value>,
    mappings: Value,
    conditions: Map<String, Value>,
    resources: BTreeMap<String, Declaration>,
}

impl Resolver {
    /// A resolver for these sections of a template.
    pub fn new(
        names: Names,
        parameters: BTreeMap<String, Value>,
        mappings: Value,
        conditions: Map<String, Value>,
        resources: BTreeMap<String, Declaration>,
    ) -> Self {
        Self { names, parameters, mappings, conditions, resources }
    }

    /// The names of the stack.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The declared resources by logical id.
    pub fn resources(&self) -> &BTreeMap<String, Declaration> {
        &self.resources
    }

    /// Whether the resource has no condition, or its condition holds.
    pub fn includes(&self, declaration: &Declaration) -> anyhow::Result<bool> {
        declaration.condition.as_ref().map_or(Ok(true), |name| self.condition(name, 0))
    }

    /// Fails with the description of the first assertion of `Rules` that does not hold.
    pub fn check_rules(&self, rules: &Value) -> anyhow::Result<()> {
        for (name, rule) in object(rules.clone(), "Rules")? {
            let at = format!("Rules.{name}");
            if let Some(condition) = rule.get("RuleCondition")
                && !self.decide(condition, &at, 0)?
            {
                continue;
            }
            for assertion in rule.get("Assertions").and_then(Value::as_array).into_iter().flatten() {
                let Some(assert) = assertion.get("Assert") else { bail!("{at}: an assertion without `Assert`") };
                if !self.decide(assert, &at, 0)? {
                    let description = assertion.get("AssertDescription").and_then(Value::as_str).unwrap_or("no reason");
                    bail!("the parameters break the rule {name}: {description}");
                }
            }
        }
        Ok(())
    }

    /// The value with every intrinsic resolved; `None` for `AWS::NoValue`. Entries without a value are removed from
    /// maps and lists, as in CloudFormation.
    pub fn resolve(&self, value: &Value, at: &str) -> anyhow::Result<Option<Value>> {
        Ok(Some(match value {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.extend(self.resolve(item, at)?);
                }
                Value::Array(resolved)
            }
            Value::Object(entries) => {
                if let Some((function, argument)) = intrinsic(entries) {
                    return self.call(function, argument, at);
                }
                let mut resolved = Map::new();
                for (key, entry) in entries {
                    if let Some(entry) = self.resolve(entry, &format!("{at}.{key}"))? {
                        resolved.insert(key.clone(), entry);
                    }
                }
                Value::Object(resolved)
            }
            Value::String(text) if text.contains("{{resolve:") => {
                bail!("{at}: `{text}` is looked up on AWS; choose parameters that do without it")
            }
            scalar => scalar.clone(),
        }))
    }

    fn call(&self, function: &str, argument: &Value, at: &str) -> anyhow::Result<Option<Value>> {
        Ok(Some(match function {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => return Ok(None),
                Some(name) => self.reference(name, at)?,
                None => bail!("{at}: Ref takes a name, not {argument}"),
            },
            "Fn::GetAtt" => match self.list(function, argument, at)?.as_slice() {
                [Value::String(id), Value::String(attribute)] => Value::String(self.attribute(id, attribute, at)?),
                _ => bail!("{at}: Fn::GetAtt takes a resource and an attribute, not {argument}"),
            },
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(condition), yes, no]) => {
                    let holds = self.condition(condition, 0).with_context(|| at.to_owned())?;
                    return self.resolve(if holds { yes } else { no }, at);
                }
                _ => bail!("{at}: Fn::If takes a condition and two values, not {argument}"),
            },
            "Fn::Join" => match self.list(function, argument, at)?.as_slice() {
                [Value::String(delimiter), Value::Array(parts)] => Value::String(texts(parts, at)?.join(delimiter)),
                _ => bail!("{at}: Fn::Join takes a delimiter and a list, not {argument}"),
            },
            "Fn::Split" => match self.list(function, argument, at)?.as_slice() {
                [Value::String(delimiter), Value::String(text)] if !delimiter.is_empty() => {
                    text.split(delimiter.as_str()).map(Value::from).collect()
                }
                _ => bail!("{at}: Fn::Split takes a delimiter and a string, not {argument}"),
            },
            "Fn::Select" => match self.list(function, argument, at)?.as_slice() {
                [index, Value::Array(items)] => text_of(index)
                    .and_then(|index| items.get(index.parse::<usize>().ok()?).cloned())
                    .with_context(|| format!("{at}: Fn::Select has no item {index} in {items:?}"))?,
                _ => bail!("{at}: Fn::Select takes an index and a list, not {argument}"),
            },
            "Fn::FindInMap" => {
                let keys = texts(&self.list(function, argument, at)?, at)?;
                let found = keys.iter().try_fold(&self.mappings, |level, key| level.get(key));
                found
                    .filter(|_| keys.len() == 3)
                    .cloned()
                    .with_context(|| format!("{at}: Fn::FindInMap finds no {} in Mappings", keys.join(".")))?
            }
            "Fn::Base64" => {
                let text = self.resolve(argument, at)?.as_ref().and_then(text_of);
                let text = text.with_context(|| format!("{at}: Fn::Base64 takes a string, not {argument}"))?;
                Value::String(base64::engine::general_purpose::STANDARD.encode(text))
            }
            "Fn::Sub" => Value::String(self.substitute(argument, at)?),
            unknown => bail!(
                "{at}: the local stack does not know the intrinsic function `{unknown}`; it knows {}",
                FUNCTIONS.join(", ")
            ),
        }))
    }

    fn list(&self, function: &str, argument: &Value, at: &str) -> anyhow::Result<Vec<Value>> {
        match self.resolve(argument, at)? {
            Some(Value::Array(items)) => Ok(items),
            _ => bail!("{at}: {function} takes a list, not {argument}"),
        }
    }

    fn substitute(&self, argument: &Value, at: &str) -> anyhow::Result<String> {
        let (text, variables) = match argument {
            Value::String(text) => (text, Map::new()),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text), Value::Object(variables)] => (text, variables.clone()),
                _ => bail!("{at}: Fn::Sub takes a string, or a string and a map, not {argument}"),
            },
            _ => bail!("{at}: Fn::Sub takes a string, or a string and a map, not {argument}"),
        };
        let mut result = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) =
                after.split_once('}').with_context(|| format!("{at}: `${{` without `}}` in `{text}`"))?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match (variables.get(name), name.split_once('.')) {
                (Some(variable), _) => self.resolve(variable, at)?,
                (None, Some((id, attribute))) => Some(Value::String(self.attribute(id, attribute, at)?)),
                (None, None) => Some(self.reference(name, at)?),
            };
            let value = value.as_ref().and_then(text_of);
            result.push_str(&value.with_context(|| format!("{at}: `${{{name}}}` is not a string"))?);
        }
        result.push_str(rest);
        if result.contains("{{resolve:") {
            bail!("{at}: `{text}` is looked up on AWS; choose parameters that do without it");
        }
        Ok(result)
    }

    fn reference(&self, name: &str, at: &str) -> anyhow::Result<Value> {
        if let Some(value) = self.names.pseudo_parameter(name) {
            return Ok(Value::String(value));
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let declaration = self.declaration(name, at)?;
        let value = physical::reference(&self.names, declaration);
        value.map(Value::String).with_context(|| {
            format!("{at}: Ref {name}: a resource of type {} has no name in the local stack", declaration.kind)
        })
    }

    fn attribute(&self, id: &str, attribute: &str, at: &str) -> anyhow::Result<String> {
        let declaration = self.declaration(id, at)?;
        physical::attribute(&self.names, declaration, attribute).with_context(|| {
            format!(
                "{at}: GetAtt {id}.{attribute}: the local stack knows no such attribute of {}; it knows {}",
                declaration.kind,
                physical::ATTRIBUTES
            )
        })
    }

    fn declaration(&self, id: &str, at: &str) -> anyhow::Result<&Declaration> {
        let Some(declaration) = self.resources.get(id) else {
            bail!("{at}: there is no parameter or resource `{id}`");
        };
        if !self.includes(declaration)? {
            let condition = declaration.condition.as_deref().unwrap_or_default();
            bail!("{at} refers to {id}, which does not exist because its condition {condition} is false");
        }
        Ok(declaration)
    }

    fn condition(&self, name: &str, depth: usize) -> anyhow::Result<bool> {
        if depth > MAX_CONDITION_DEPTH {
            bail!("Conditions.{name} refers to itself");
        }
        let Some(expression) = self.conditions.get(name) else { bail!("there is no condition `{name}`") };
        self.decide(expression, &format!("Conditions.{name}"), depth + 1)
    }

    fn decide(&self, expression: &Value, at: &str, depth: usize) -> anyhow::Result<bool> {
        let Some((function, argument)) = expression.as_object().and_then(intrinsic_or_condition) else {
            bail!("{at}: {expression} is neither true nor false; known are {}", CONDITIONS.join(", "));
        };
        let each = || argument.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        let decided: Vec<bool> = match function {
            "Fn::And" | "Fn::Or" | "Fn::Not" => {
                each().map(|item| self.decide(item, at, depth)).collect::<anyhow::Result<_>>()?
            }
            _ => Vec::new(),
        };
        match (function, decided.as_slice()) {
            ("Condition", _) => match argument.as_str() {
                Some(name) => self.condition(name, depth),
                None => bail!("{at}: Condition takes a name, not {argument}"),
            },
            ("Fn::Not", [holds]) => Ok(!holds),
            ("Fn::And", [_, _, ..]) => Ok(decided.iter().all(|holds| *holds)),
            ("Fn::Or", [_, _, ..]) => Ok(decided.iter().any(|holds| *holds)),
            ("Fn::Equals", _) => match self.list(function, argument, at)?.as_slice() {
                [left, right] => Ok(left == right || (text_of(left).is_some() && text_of(left) == text_of(right))),
                _ => bail!("{at}: Fn::Equals takes two values, not {argument}"),
            },
            (known, _) if CONDITIONS.contains(&known) => bail!("{at}: {known} has a wrong number of items"),
            (unknown, _) => bail!(
                "{at}: the local stack does not know the condition function `{unknown}`; it knows {}",
                CONDITIONS.join(", ")
            ),
        }
    }
}

fn intrinsic_or_condition(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    intrinsic(entries).or_else(|| {
        let argument = entries.get("Condition").filter(|_| entries.len() == 1)?;
        Some(("Condition", argument))
    })
}

fn texts(items: &[Value], at: &str) -> anyhow::Result<Vec<String>> {
    items.iter().map(|item| text_of(item).with_context(|| format!("{at}: {item} is not a string"))).collect()
}
