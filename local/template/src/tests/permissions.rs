//! What functions and pollers need by the parameters, and may: Kafka's secrets, and the table of rates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{LOCAL, STACK, parameters, the_template};
use crate::{document, load, resolver};

const LOGIN: (&str, &str) = ("KafkaSecretArn", "arn:login");
const CA: (&str, &str) = ("KafkaCaSecretArn", "arn:ca");
const EXISTING: [(&str, &str); 5] = [
    ("KafkaMode", "existing"),
    ("KafkaClusterArn", "arn:cluster"),
    ("KafkaSecurityGroupId", "sg-1"),
    ("VpcId", "vpc-1"),
    ("SubnetIds", "s1,s2,s3"),
];

/// Parameters, what a mapping logs in with, and the secrets that the policy opens.
type Case<'a> = (Vec<(&'a str, &'a str)>, Option<Value>, &'a [&'a str]);

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml")
}

fn resources(document: &Map<String, Value>) -> &Map<String, Value> {
    document["Resources"].as_object().unwrap()
}

/// What each Kafka mapping and the policy of the secrets are with these parameters.
fn with(entries: &[(&str, &str)]) -> (Vec<Option<Value>>, Value) {
    // The local stack has no name for a security group.
    let text = std::fs::read_to_string(path()).unwrap().replace("${FunctionSecurityGroup}", "sg");
    let document = document::read(&text).unwrap();
    let resolver = resolver(&document, STACK, &parameters(entries)).unwrap();
    let properties = resources(&document).values().filter(|it| it["Type"] == "AWS::Lambda::EventSourceMapping");
    let kafka = properties.map(|it| &it["Properties"]).filter(|it| it.get("Topics").is_some());
    let access = kafka.map(|it| resolver.resolve(&it["SourceAccessConfigurations"], "access").unwrap()).collect();
    let policy = &resources(&document)["KafkaSecretPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    (access, resolver.resolve(policy, "policy").unwrap().unwrap())
}

#[test]
fn every_mapping_logs_in_as_the_parameters_say_and_the_policy_opens_these_secrets_alone() {
    let scram = json!({"Type": "SASL_SCRAM_512_AUTH", "URI": "arn:login"});
    let plain = json!({"Type": "BASIC_AUTH", "URI": "arn:login"});
    let ca = json!({"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": "arn:ca"});
    let subnet = |id: &str| json!({"Type": "VPC_SUBNET", "URI": format!("subnet:{id}")});
    let group = json!({"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg"});
    let in_vpc = [("VpcId", "vpc-1"), ("SubnetIds", "s1,s2,s3")];
    let (scram_auth, plain_auth) = (("KafkaAuth", "scram"), ("KafkaAuth", "plain"));
    let key = ("KafkaSecretKeyArn", "arn:key");
    let cases: [Case; 6] = [
        (LOCAL.to_vec(), None, &[]),
        ([&LOCAL[..], &[scram_auth, LOGIN]].concat(), Some(json!([scram])), &["arn:login"]),
        ([&LOCAL[..], &[plain_auth, LOGIN, CA]].concat(), Some(json!([plain, ca])), &["arn:login", "arn:ca"]),
        (
            [&LOCAL[..], &[plain_auth, LOGIN, key], &in_vpc].concat(),
            Some(json!([plain, subnet("s1"), subnet("s2"), subnet("s3"), group])),
            &["arn:login"],
        ),
        (EXISTING.to_vec(), None, &[]),
        ([&EXISTING[..], &[scram_auth, LOGIN, key]].concat(), Some(json!([scram])), &["arn:login"]),
    ];
    for (entries, expected, secrets) in cases {
        let (access, policy) = with(&entries);
        assert!(access.len() > 10 && access.iter().all(|it| *it == expected), "{entries:?}: {access:?}");
        if secrets.is_empty() {
            continue;
        }
        assert_eq!(policy[0]["Resource"], json!(secrets), "{entries:?}");
        let decrypt = entries.contains(&key).then(|| json!("kms:Decrypt"));
        assert_eq!(policy.get(1).map(|it| it["Action"].clone()), decrypt, "{entries:?}");
    }
}

#[test]
fn whoever_meets_kafka_gets_its_secrets_and_whoever_has_a_closed_route_counts_requests() {
    let document = document::read(&std::fs::read_to_string(path()).unwrap()).unwrap();
    let role = |function: &str| {
        let found = &resources(&document)[function]["Properties"]["Role"]["Fn::GetAtt"][0];
        &resources(&document)[found.as_str().unwrap()]["Properties"]
    };
    let plain = [&LOCAL[..], &[("KafkaAuth", "plain"), LOGIN, CA]].concat();
    let template = load(&path(), STACK, &parameters(&plain)).unwrap();
    let readers: BTreeSet<&str> = template.kafka_mappings.iter().map(|it| it.delivery.function.as_str()).collect();
    let policy = json!({"Fn::If": ["Password", {"Ref": "KafkaSecretPolicy"}, {"Ref": "AWS::NoValue"}]});
    let secrets = parameters(&[("KAFKA_SECRET_ARN", "arn:login"), ("KAFKA_CA_SECRET_ARN", "arn:ca")]);
    for (name, function) in &template.functions {
        let writes = function.environment.contains_key("KAFKA_AUTH");
        let given: BTreeMap<_, _> =
            function.environment.clone().into_iter().filter(|(name, _)| secrets.contains_key(name)).collect();
        assert_eq!(given, if writes { secrets.clone() } else { BTreeMap::new() }, "{name}");
        let policies = role(&function.logical_id)["ManagedPolicyArns"].as_array();
        let may = policies.is_some_and(|policies| policies.contains(&policy));
        assert_eq!(may, writes || readers.contains(name.as_str()), "{name}");
    }

    let count =
        json!({"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": {"Fn::GetAtt": ["RateTable", "Arn"]}});
    let template = the_template();
    let closed = template.routes.iter().filter(|route| route.authorizer.is_some());
    let closed: BTreeSet<&str> = closed.map(|route| route.function.as_str()).collect();
    for (name, function) in &template.functions {
        let counts = closed.contains(name.as_str());
        let set = ["RATE_TABLE", "CLOCK_SKEW_MS"].map(|variable| function.environment.contains_key(variable));
        assert_eq!(set, [counts; 2], "{name}");
        let statements = role(&function.logical_id)["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.contains(&count), counts, "{name}");
        let named = function.environment.get("RATE_TABLE").map(String::as_str);
        assert_eq!(named, counts.then_some("millrace-RateTable"), "{name}");
    }
}
