//! What `sam deploy` reads besides the template: the stack's name and its parameters, from samconfig.toml.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use toml_edit::{DocumentMut, Item};

/// Name of the file, next to the template.
const FILE: &str = "samconfig.toml";
/// The configuration environment, as in `sam deploy --config-env local`.
const ENVIRONMENT: &str = "local";
/// The environment that `--auth` adds.
const AUTH_ENVIRONMENT: &str = "local_auth";
/// Placeholder for the address of the broker, which is known only once it runs.
const KAFKA: &str = "{kafka}";
/// Placeholder for the address of the issuer.
const ISSUER: &str = "{issuer}";
/// Name of a stack that has none configured.
const UNNAMED: &str = "local";

/// Name and parameters of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `stack_name` of the environment `local`, or else of `default`.
    pub stack_name: String,
    parameters: BTreeMap<String, String>,
    /// What `--auth` adds.
    auth: BTreeMap<String, String>,
}

impl Deployment {
    /// Reads the given file, or else the one next to the template, which may be absent.
    pub fn read(template: &Path, config: Option<&Path>) -> anyhow::Result<Self> {
        let beside = template.with_file_name(FILE);
        let path = config.unwrap_or(&beside);
        if config.is_none() && !path.exists() {
            return Ok(Self { stack_name: UNNAMED.to_owned(), parameters: BTreeMap::new(), auth: BTreeMap::new() });
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}; is --config-file right?", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let document: DocumentMut = text.parse()?;
        let entry = |environment: &str, command: &str, name: &str| -> Option<Item> {
            document.get(environment)?.get(command)?.get("parameters")?.get(name).cloned()
        };
        let named = [(ENVIRONMENT, "deploy"), (ENVIRONMENT, "global"), ("default", "global")];
        let stack_name = named.iter().find_map(|(environment, command)| entry(environment, command, "stack_name"));
        let stack_name = stack_name.as_ref().and_then(Item::as_str).unwrap_or(UNNAMED).to_owned();
        let overrides = |environment| overrides(entry(environment, "deploy", "parameter_overrides"));
        Ok(Self { stack_name, parameters: overrides(ENVIRONMENT)?, auth: overrides(AUTH_ENVIRONMENT)? })
    }

    /// The template's parameters, with those of `--auth` if there is an issuer; those given on the command line take
    /// precedence.
    pub fn parameters(
        &self,
        given: &[(String, String)],
        bootstrap_servers: &str,
        issuer: Option<&str>,
    ) -> BTreeMap<String, String> {
        let own = self.parameters.iter().map(|(name, value)| (name.clone(), value.replace(KAFKA, bootstrap_servers)));
        let auth = issuer.into_iter().flat_map(|issuer| {
            self.auth.iter().map(move |(name, value)| (name.clone(), value.replace(ISSUER, issuer)))
        });
        own.chain(auth).chain(given.iter().cloned()).collect()
    }
}

/// The parameters of `parameter_overrides`, which is text or a list.
fn overrides(item: Option<Item>) -> anyhow::Result<BTreeMap<String, String>> {
    let overrides: Vec<String> = match item {
        None => Vec::new(),
        Some(item) => match (item.as_str(), item.as_array()) {
            (Some(text), _) => text.split_whitespace().map(str::to_owned).collect(),
            (_, Some(list)) => list.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect(),
            _ => bail!("parameter_overrides is neither text nor a list"),
        },
    };
    let pair = |text: String| {
        let (name, value) = text.split_once('=').with_context(|| format!("`{text}` is not NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    overrides.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

    use super::*;

    #[test]
    fn the_local_environment_names_the_stack_and_its_parameters_and_the_command_line_is_stronger() {
        let text = r#"
            [default.global.parameters]
            stack_name = "shop"
            [local.deploy.parameters]
            parameter_overrides = ["Kafka={kafka}", "Seed=on"]
            [local_auth.deploy.parameters]
            parameter_overrides = ["Auth=on", "Issuer={issuer}/"]
            [other.deploy.parameters]
            parameter_overrides = "Seed=off"
        "#;
        let deployment = Deployment::parse(text).unwrap();
        assert_eq!(deployment.stack_name, "shop");
        let with = |issuer| deployment.parameters(&[("Seed".into(), "never".into())], "127.0.0.1:9092", issuer);
        let mut expected: BTreeMap<String, String> =
            [("Kafka", "127.0.0.1:9092"), ("Seed", "never")].map(|(a, b)| (a.into(), b.into())).into();
        assert_eq!(with(None), expected);
        expected.extend([("Auth", "on"), ("Issuer", "http://i/")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(with(Some("http://i")), expected);
        let text = "[local.global.parameters]\nstack_name = \"a\"\n[local.deploy.parameters]\nparameter_overrides = \"A=1 B==\"";
        let deployment = Deployment::parse(text).unwrap();
        assert_eq!(deployment.stack_name, "a");
        assert_eq!(deployment.parameters["B"], "=");
    }

    #[test]
    fn a_template_needs_no_configuration_but_one_that_was_named_has_to_be_there() {
        let directory = std::env::temp_dir().join("no-such-directory");
        let template = directory.join("template.yaml");
        assert_eq!(Deployment::read(&template, None).unwrap().stack_name, UNNAMED);
        assert!(Deployment::read(&template, Some(&directory.join("x.toml"))).is_err());
        assert!(Deployment::parse("[local.deploy.parameters]\nparameter_overrides = [\"A\"]").is_err());
    }
}
