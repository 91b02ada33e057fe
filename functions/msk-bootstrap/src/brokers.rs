//! Asks MSK for the bootstrap brokers.

use aws_sdk_kafka::operation::get_bootstrap_brokers::GetBootstrapBrokersOutput;
use millrace_platform::aws;

use crate::request::Auth;

/// The brokers of the listener for `auth`, as `host:port,host:port`. The error is the reason that CloudFormation shows.
pub async fn lookup(kafka: &aws_sdk_kafka::Client, cluster_arn: &str, auth: Auth) -> Result<String, String> {
    let output =
        kafka.get_bootstrap_brokers().cluster_arn(cluster_arn).send().await.map_err(|error| aws::describe(&error))?;
    pick(&output, auth)
        .map(str::to_owned)
        .ok_or_else(|| format!("the cluster has no listener for Auth {}", auth.name()))
}

/// `plaintext` never returns the TLS listener, because a client without TLS cannot use it.
fn pick(output: &GetBootstrapBrokersOutput, auth: Auth) -> Option<&str> {
    match auth {
        Auth::Iam => output.bootstrap_broker_string_sasl_iam(),
        Auth::Scram => output.bootstrap_broker_string_sasl_scram(),
        Auth::Plaintext => output.bootstrap_broker_string(),
    }
    .filter(|brokers| !brokers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_auth_takes_its_own_listener_and_no_other() {
        let output = GetBootstrapBrokersOutput::builder()
            .bootstrap_broker_string("plain:9092")
            .bootstrap_broker_string_tls("tls:9094")
            .bootstrap_broker_string_sasl_iam("iam:9098")
            .bootstrap_broker_string_sasl_scram("")
            .build();
        assert_eq!(pick(&output, Auth::Iam), Some("iam:9098"));
        assert_eq!(pick(&output, Auth::Plaintext), Some("plain:9092"));
        assert_eq!(pick(&output, Auth::Scram), None);
    }
}
