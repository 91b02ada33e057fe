//! Names and ARNs that CloudFormation would generate, here the same on every start.

/// `AWS::Region`.
pub const REGION: &str = "us-east-1";
/// `AWS::AccountId`.
pub const ACCOUNT: &str = "000000000000";

/// The names of one stack.
#[derive(Debug, Clone)]
pub struct Names {
    stack: String,
}

impl Names {
    /// Names of the stack with this name.
    pub fn new(stack: &str) -> Self {
        Self { stack: stack.to_owned() }
    }

    /// The value of a pseudo parameter; `None` for an unknown one. `AWS::NoValue` is not a value.
    pub fn pseudo_parameter(&self, name: &str) -> Option<String> {
        Some(match name {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::StackId" => format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{}/local", self.stack),
            "AWS::StackName" => self.stack.clone(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => return None,
        })
    }

    /// Name of the table with this logical id.
    pub fn table(&self, logical_id: &str) -> String {
        format!("{}-{logical_id}", self.stack)
    }

    /// ARN of the table with this logical id.
    pub fn table_arn(&self, logical_id: &str) -> String {
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", self.table(logical_id))
    }

    /// ARN of that table's stream. On AWS it ends with the time at which the stream was enabled.
    pub fn stream_arn(&self, logical_id: &str) -> String {
        format!("{}/stream/2026-01-01T00:00:00.000", self.table_arn(logical_id))
    }

    /// Name of the bucket with this logical id, in lower case because S3 requires it.
    pub fn bucket(&self, logical_id: &str) -> String {
        format!("{}-{}", self.stack, logical_id.to_lowercase())
    }

    /// ARN of the bucket with this logical id.
    pub fn bucket_arn(&self, logical_id: &str) -> String {
        format!("arn:aws:s3:::{}", self.bucket(logical_id))
    }

    /// ARN of a Kafka topic.
    pub fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:kafka:{REGION}:{ACCOUNT}:topic/{}/00000000-0000-0000-0000-000000000000-1/{name}", self.stack)
    }
}

/// The table's name in an ARN of its stream.
pub fn table_of_stream(arn: &str) -> Option<&str> {
    let (table, _) = arn.split_once(":table/")?.1.split_once("/stream/")?;
    arn.starts_with("arn:aws:dynamodb:").then_some(table)
}

/// ARN of a function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The function's name in an ARN of it.
pub fn function_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:lambda:").and_then(|rest| rest.split_once(":function:")).map(|(_, name)| name)
}
