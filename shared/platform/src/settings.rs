//! The only module that reads the process environment.

/// A required environment variable is absent, empty or invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not set, or is not of its kind")]
pub struct MissingSetting {
    /// Name of the variable.
    pub name: String,
}

impl MissingSetting {
    /// The error for the variable `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// The value of the variable `name`.
///
/// # Errors
/// [`MissingSetting`] when it is absent, empty or not UTF-8. The error names the variable and never includes its value.
pub fn setting(name: &str) -> Result<String, MissingSetting> {
    optional(name).ok_or_else(|| MissingSetting::new(name))
}

/// The value of the variable `name`. An empty value counts as absent: in CloudFormation it is easier to set a variable
/// to "" by condition than to leave it out.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of the variable `name`, parsed as a `T`, such as a number.
///
/// # Errors
/// [`MissingSetting`] when it is absent or cannot be parsed.
pub fn parsed<T: std::str::FromStr>(name: &str) -> Result<T, MissingSetting> {
    setting(name)?.parse().map_err(|_| MissingSetting::new(name))
}

/// Whether the variable `name` is `on`; the only other valid states are `off` and absent.
///
/// # Errors
/// [`MissingSetting`] for any other value.
pub fn switch(name: &str) -> Result<bool, MissingSetting> {
    match optional(name).as_deref() {
        Some("on") => Ok(true),
        None | Some("off") => Ok(false),
        Some(_) => Err(MissingSetting::new(name)),
    }
}

/// The comma-separated values of the variable `name`; empty when it is absent.
///
/// # Errors
/// [`MissingSetting`] when a value cannot be parsed as a `T`.
pub fn list<T: std::str::FromStr>(name: &str) -> Result<Vec<T>, MissingSetting> {
    let text = optional(name).unwrap_or_default();
    let values = text.split(',').filter(|value| !value.is_empty()).map(str::parse);
    values.collect::<Result<_, _>>().map_err(|_| MissingSetting::new(name))
}
