//! The keywords of JSON Schema that are understood.

/// They allow nothing and forbid nothing. `$defs` is read where it is referred to.
const ANNOTATIONS: [&str; 10] = [
    "$id",
    "$schema",
    "$comment",
    "$defs",
    "title",
    "description",
    "examples",
    "example",
    "deprecated",
    "externalDocs",
];

/// An extension: readers have to expect further values than those of `enum`.
pub const MAY_GROW: &str = "x-may-grow";

/// Lower and upper limits. An instance that one of them does not apply to is allowed by it.
pub const LOWER: [&str; 5] = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
pub const UPPER: [&str; 5] = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];

/// Rules of which only presence and equality are compared.
pub const RULES: [&str; 8] = [
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "contentEncoding",
    "contentMediaType",
    "propertyNames",
    "dependentRequired",
];

/// Likewise, with schemas in them. `oneOf` is one of them where its alternatives may overlap, `allOf` where they could not be made
/// one schema, and `$ref` where it closes a circle.
pub const WHOLE: [&str; 6] = ["if", "then", "else", "oneOf", "allOf", "$ref"];

/// What says in which direction a property goes, and which alternative an instance is of.
pub const ROLES: [&str; 2] = ["readOnly", "writeOnly"];

const STRUCTURE: [&str; 11] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "not",
    "anyOf",
    "discriminator",
    "default",
];

pub fn is_annotation(name: &str) -> bool {
    ANNOTATIONS.contains(&name) || (name.starts_with("x-") && name != MAY_GROW)
}

pub fn is_known(name: &str) -> bool {
    is_annotation(name)
        || name == MAY_GROW
        || [&LOWER[..], &UPPER, &RULES, &WHOLE, &ROLES, &STRUCTURE].iter().any(|names| names.contains(&name))
}
