//! What `Ref` and `Fn::GetAtt` return for a resource.

use serde_json::Value;

use crate::declaration::{BUCKET, Declaration, FUNCTION, HTTP_API, TABLE, TOPIC};
use crate::names::{self, Names};

/// The supported attributes, for messages.
pub const ATTRIBUTES: &str = "Arn and StreamArn of a table, Arn of a bucket or a function, TopicArn of a topic";

/// The value of `Ref`; `None` for types without a name in the local stack.
pub fn reference(names: &Names, declaration: &Declaration) -> Option<String> {
    match declaration.kind.as_str() {
        TABLE => Some(names.table(&declaration.id)),
        BUCKET => Some(names.bucket(&declaration.id)),
        FUNCTION => Some(function_name(declaration)),
        TOPIC => topic_name(declaration).map(|name| names.topic_arn(&name)),
        HTTP_API => Some(declaration.id.to_lowercase()),
        _ => None,
    }
}

/// The value of `Fn::GetAtt`; `None` for unsupported attributes.
pub fn attribute(names: &Names, declaration: &Declaration, attribute: &str) -> Option<String> {
    match (declaration.kind.as_str(), attribute) {
        (TABLE, "Arn") => Some(names.table_arn(&declaration.id)),
        (TABLE, "StreamArn") => Some(names.stream_arn(&declaration.id)),
        (BUCKET, "Arn") => Some(names.bucket_arn(&declaration.id)),
        (FUNCTION, "Arn") => Some(names::function_arn(&function_name(declaration))),
        (TOPIC, "TopicArn") => topic_name(declaration).map(|name| names.topic_arn(&name)),
        _ => None,
    }
}

/// A function's name: `FunctionName`, else the binary of `Metadata.BuildProperties`, else its logical id.
pub fn function_name(declaration: &Declaration) -> String {
    let given = declaration.properties.get("FunctionName");
    let name = given.or_else(|| declaration.metadata.pointer("/BuildProperties/Binary"));
    name.and_then(Value::as_str).unwrap_or(&declaration.id).to_owned()
}

fn topic_name(declaration: &Declaration) -> Option<String> {
    declaration.properties.get("TopicName").and_then(Value::as_str).map(str::to_owned)
}
