//! The request that CloudFormation sends, and the action that it requires.
//!
//! Fields: "Custom resource request objects" in the CloudFormation user guide.

use serde::Deserialize;
use serde_json::Value;

/// Longest cluster ARN that is accepted, in bytes; MSK's have about 120.
const MAX_ARN_BYTES: usize = 2048;

/// Domain suffixes of the pre-signed URLs' hosts.
const AWS_DOMAINS: &[&str] = &[".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];

/// A request. Its properties are validated separately, so that a request with an invalid one still gets a response.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// `Create`, `Update` or `Delete`.
    pub request_type: String,
    /// Pre-signed URL to which the response is sent.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    pub stack_id: String,
    pub request_id: String,
    pub logical_resource_id: String,
    /// Absent on Create.
    pub physical_resource_id: Option<String>,
    #[serde(default)]
    pub resource_properties: Value,
}

/// The cluster listener that is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Iam,
    Scram,
    Plaintext,
}

impl Auth {
    /// The property's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Scram => "scram",
            Self::Plaintext => "plaintext",
        }
    }
}

/// The action that a request requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask MSK, and respond with the brokers.
    Lookup { cluster_arn: String, auth: Auth },
    /// Respond with success: there is nothing to delete.
    Nothing,
}

/// The request cannot be fulfilled. The text is the reason that CloudFormation shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("ClusterArn must be the ARN of an MSK cluster")]
    ClusterArn,
    #[error("Auth must be iam, scram or plaintext")]
    Auth,
    #[error("the request type is unknown")]
    RequestType,
}

/// Decides which action the request requires.
pub fn decide(request: &Request) -> Result<Action, Refusal> {
    match request.request_type.as_str() {
        // Does not validate the properties: a stack whose creation failed because of an invalid one must be deletable.
        "Delete" => Ok(Action::Nothing),
        "Create" | "Update" => {
            let property = |name: &str| request.resource_properties.get(name).and_then(Value::as_str);
            let cluster_arn = property("ClusterArn").filter(|arn| is_cluster_arn(arn)).ok_or(Refusal::ClusterArn)?;
            let auth = match property("Auth") {
                Some("iam") => Auth::Iam,
                Some("scram") => Auth::Scram,
                Some("plaintext") => Auth::Plaintext,
                _ => return Err(Refusal::Auth),
            };
            Ok(Action::Lookup { cluster_arn: cluster_arn.to_owned(), auth })
        }
        _ => Err(Refusal::RequestType),
    }
}

/// Whether a response may be sent to `url`: an AWS host over https. If `endpoint` replaces the AWS endpoints (a local
/// stack), it is the endpoint's host or this machine instead, over http or https.
pub fn may_answer(url: &http::Uri, endpoint: Option<&http::Uri>) -> bool {
    let Some(host) = url.host() else { return false };
    match (url.scheme_str(), endpoint) {
        (Some("https"), None) => AWS_DOMAINS.iter().any(|domain| host.ends_with(domain)),
        (Some("http" | "https"), Some(endpoint)) => endpoint.host() == Some(host) || is_local(host),
        _ => false,
    }
}

/// LocalStack calls itself `localhost.localstack.cloud`.
fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "localhost.localstack.cloud")
}

fn is_cluster_arn(arn: &str) -> bool {
    let mut parts = arn.split(':');
    let (prefix, _partition, service) = (parts.next(), parts.next(), parts.next());
    prefix == Some("arn") && service == Some("kafka") && arn.contains(":cluster/") && arn.len() <= MAX_ARN_BYTES
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:kafka:eu-central-1:123456789012:cluster/millrace/abc-1";

    fn request(request_type: &str, properties: Value) -> Request {
        serde_json::from_value(json!({
            "RequestType": request_type, "ResponseURL": "https://x", "StackId": "s", "RequestId": "r",
            "LogicalResourceId": "Brokers", "ResourceProperties": properties,
        }))
        .unwrap()
    }

    #[test]
    fn create_and_update_look_the_brokers_up() {
        for (name, auth) in [("iam", Auth::Iam), ("scram", Auth::Scram), ("plaintext", Auth::Plaintext)] {
            for request_type in ["Create", "Update"] {
                let decided = decide(&request(request_type, json!({"ClusterArn": ARN, "Auth": name})));
                assert_eq!(decided, Ok(Action::Lookup { cluster_arn: ARN.to_owned(), auth }));
            }
        }
    }

    #[test]
    fn a_wrong_property_is_refused_and_deleting_never_is() {
        let long = format!("{ARN}{}", "x".repeat(MAX_ARN_BYTES));
        let cases = [
            (json!({"Auth": "iam"}), Refusal::ClusterArn),
            (json!({"ClusterArn": "arn:aws:s3:::bucket", "Auth": "iam"}), Refusal::ClusterArn),
            (json!({"ClusterArn": [ARN], "Auth": "iam"}), Refusal::ClusterArn),
            (json!({"ClusterArn": long, "Auth": "iam"}), Refusal::ClusterArn),
            (json!({"ClusterArn": ARN, "Auth": "IAM"}), Refusal::Auth),
            (json!("text"), Refusal::ClusterArn),
        ];
        for (properties, refusal) in cases {
            assert_eq!(decide(&request("Update", properties.clone())), Err(refusal), "{properties}");
            assert_eq!(decide(&request("Delete", properties)), Ok(Action::Nothing));
        }
        assert_eq!(decide(&request("Explode", json!({}))), Err(Refusal::RequestType));
    }

    #[test]
    fn answers_go_to_aws_over_https_only_unless_the_endpoint_is_local() {
        let presigned = "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/a%3Ab?X-Amz-Signature=1";
        let may = |url: &str, endpoint| url.parse().is_ok_and(|url| may_answer(&url, endpoint));
        assert!(may(presigned, None));
        let refused = [
            "http://bucket.s3.amazonaws.com/a",
            "https://169.254.169.254/latest",
            "https://bucket.s3.amazonaws.com@evil.example/a",
            "https://evil.example/?.amazonaws.com",
            "https://evilamazonaws.com/",
            "/path",
        ];
        for url in refused {
            assert!(!may(url, None), "{url}");
        }
        let local = "http://172.17.0.2:4566".parse().unwrap();
        assert!(may("http://172.17.0.2:4566/a", Some(&local)) && may("http://localhost:4566/a", Some(&local)));
        assert!(!may("http://169.254.169.254/a", Some(&local)) && !may("http://localhost:4566/a", None));
    }

    #[test]
    fn the_samples_are_what_their_names_say() {
        let valid: Request = serde_json::from_str(include_str!("../../../events/msk-bootstrap.valid.json")).unwrap();
        assert!(matches!(decide(&valid), Ok(Action::Lookup { auth: Auth::Iam, .. })));
        assert!(may_answer(&valid.response_url.parse().unwrap(), None));
        let hostile: Request =
            serde_json::from_str(include_str!("../../../events/msk-bootstrap.hostile.json")).unwrap();
        assert!(decide(&hostile).is_err() && !may_answer(&hostile.response_url.parse().unwrap(), None));
    }
}
