//! Reads a SAM template as CloudFormation and SAM would, for the parts that run on a laptop.
//!
//! Whatever the local stack does not know stops it with a message: an unknown intrinsic function, resource type or
//! property would otherwise be an unnoticed difference between laptop and AWS. Resources that only matter on AWS
//! (roles, network, the MSK cluster) are ignored by name; see `declaration`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use self::names::Names;

mod declaration;
mod document;
mod intrinsics;
pub mod model;
pub mod names;
mod parameters;
mod physical;
mod resources;
#[cfg(test)]
mod tests;

/// Sections of a template. Those not read here have no meaning on a laptop.
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
];

/// The only supported transform.
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Reads the template at `path` as the stack with this name and these parameters; for others, the template's defaults
/// apply.
///
/// # Errors
/// If the template has something that the local stack would not run as AWS does, or for parameters that the template
/// does not declare or allow. The message names the resource, the property and the known alternatives.
pub fn load(path: &Path, stack: &str, parameters: &BTreeMap<String, String>) -> anyhow::Result<model::Template> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the template {}; is --template right?", path.display()))?;
    parse(&text, stack, parameters).with_context(|| format!("in {}", path.display()))
}

/// Like [`load`], from text.
///
/// # Errors
/// As for [`load`].
pub fn parse(text: &str, stack: &str, parameters: &BTreeMap<String, String>) -> anyhow::Result<model::Template> {
    let document = document::read(text)?;
    for (section, content) in &document {
        match section.as_str() {
            "Transform" if content == TRANSFORM => {}
            "Transform" => bail!("Transform: the local stack knows {TRANSFORM} only, not {content}"),
            name if SECTIONS.contains(&name) => {}
            name => bail!("`{name}` is not a section of a template; known are {}", SECTIONS.join(", ")),
        }
    }
    resources::build(&resolver(&document, stack, parameters)?)
}

/// The resolver of a template whose rules the parameters keep.
fn resolver(
    document: &Map<String, Value>,
    stack: &str,
    parameters: &BTreeMap<String, String>,
) -> anyhow::Result<intrinsics::Resolver> {
    let section = |name: &str| document.get(name).cloned().unwrap_or_else(|| Value::Object(Default::default()));
    let resolver = intrinsics::Resolver::new(
        Names::new(stack),
        parameters::resolve(&section("Parameters"), parameters)?,
        section("Mappings"),
        document::object(section("Conditions"), "Conditions")?,
        declaration::read(section("Resources"), &section("Globals"))?,
    );
    resolver.check_rules(&section("Rules"))?;
    Ok(resolver)
}
