//! What the template says about every function, table and mapping, and what is rejected. Longer than other files,
//! because it is the list that a change of template.yaml is checked against.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod permissions;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::model::{Asynchronous, Authorizer, Delivery, FunctionUrl, Identity, StartingPosition, Template, UrlAuth};
use super::{load, parse};

const STACK: &str = "millrace";

fn parameters(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// As the local stack loads it.
const LOCAL: [(&str, &str); 4] = [
    ("KafkaMode", "selfManaged"),
    ("KafkaBootstrapServers", "127.0.0.1:9092"),
    ("KafkaAuth", "plaintext"),
    ("ArchiveWindowSeconds", "1"),
];

fn the_template() -> Template {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml"), STACK, &parameters(&LOCAL)).unwrap()
}

#[test]
fn every_function_has_its_binary_limits_and_environment() {
    let template = the_template();
    // msk-bootstrap exists only with an MSK cluster to ask.
    let names: Vec<&str> = template.functions.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "activity-api",
            "activity-order",
            "activity-sweeper",
            "alert-mail",
            "analytics",
            "analytics-api",
            "archive",
            "authorizer",
            "console",
            "docs-api",
            "event-log",
            "event-log-api",
            "notifications",
            "notifications-api",
            "notifier",
            "operations-api",
            "orders-api",
            "outbox-relay",
            "products-api",
            "stock",
            "timer-runner",
            "timer-store",
            "timers-api",
            "webhook-sender"
        ]
    );

    let products = &template.functions["products-api"];
    assert_eq!(products.logical_id, "ProductsApi");
    assert_eq!((products.timeout, products.memory_mb), (Duration::from_secs(10), 512));
    let expected = parameters(&[
        ("API_AUTH", "on"),
        ("CLOCK_SKEW_MS", "50"),
        ("CORS_ORIGINS", ""),
        ("IDEMPOTENCY_TABLE", "millrace-IdempotencyTable"),
        ("KAFKA_AUTH", "plaintext"),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
        ("KAFKA_CA_SECRET_ARN", ""),
        ("KAFKA_SECRET_ARN", ""),
        ("OUTBOX_TABLE", "millrace-OutboxTable"),
        ("PRODUCTS_TABLE", "millrace-ProductsTable"),
        ("RATE_TABLE", "millrace-RateTable"),
        ("RUST_LOG", "info"),
    ]);
    assert_eq!(products.environment, expected);

    let expected = parameters(&[
        ("ARCHIVE_BUCKET", "millrace-archivebucket"),
        ("DEAD_LETTER_TABLE", "millrace-DeadLetterTable"),
        ("EVENT_LOG_DAYS", "30"),
        ("EVENT_LOG_TABLE", "millrace-EventLogTable"),
        ("PARTIAL_BATCHES", "on"),
        ("RUST_LOG", "info"),
    ]);
    assert_eq!(template.functions["event-log"].environment, expected);
    assert_eq!(template.functions["docs-api"].memory_mb, 256, "from Globals");

    let asynchronous = |name: &str| template.functions[name].asynchronous;
    let repeated_by_others = Asynchronous { retries: 0, max_age: Duration::from_secs(60) };
    assert_eq!(asynchronous("webhook-sender"), repeated_by_others);
    assert_eq!(asynchronous("event-log"), Asynchronous::default());
}

#[test]
fn routes_and_the_schedule_lead_to_their_functions() {
    let template = the_template();
    let mut routes: Vec<_> =
        template.routes.iter().map(|route| (route.path.as_str(), route.function.as_str())).collect();
    routes.sort_unstable();
    let expected = [
        ("/analytics", "analytics-api"),
        ("/analytics/products", "analytics-api"),
        ("/asyncapi.json", "docs-api"),
        ("/console", "console"),
        ("/console/{version}/{file}", "console"),
        ("/dlq", "activity-api"),
        ("/dlq/{id}/redrive", "activity-api"),
        ("/docs", "docs-api"),
        ("/docs/callback", "docs-api"),
        ("/docs/events", "docs-api"),
        ("/docs/{file}", "docs-api"),
        ("/event-log", "event-log-api"),
        ("/event-log/{id}", "event-log-api"),
        ("/events", "activity-api"),
        ("/events/batch", "activity-api"),
        ("/events/generate", "activity-api"),
        ("/events/processed", "activity-api"),
        ("/events/{id}", "activity-api"),
        ("/health", "products-api"),
        ("/health/ready", "products-api"),
        ("/ingredients", "orders-api"),
        ("/ingredients/{id}", "orders-api"),
        ("/ingredients/{id}/restock", "orders-api"),
        ("/notifications", "notifications-api"),
        ("/openapi.json", "docs-api"),
        ("/order", "orders-api"),
        ("/order/seed", "orders-api"),
        ("/orders", "orders-api"),
        ("/orders/seed", "orders-api"),
        ("/orders/{id}", "orders-api"),
        ("/overview", "operations-api"),
        ("/products", "products-api"),
        ("/products/{id}", "products-api"),
        ("/schemas/{file}", "docs-api"),
        ("/timers", "timers-api"),
        ("/timers/{id}", "timers-api"),
        ("/users/{id}/events", "activity-api"),
    ];
    assert_eq!(routes, expected);
    assert!(template.routes.iter().all(|route| route.method.is_none()), "every route is ANY");
    let mut scheduled: Vec<&str> = template.schedules.iter().map(|schedule| schedule.function.as_str()).collect();
    scheduled.sort_unstable();
    assert_eq!(scheduled, ["activity-sweeper", "outbox-relay", "timer-runner"]);
    assert!(template.schedules.iter().all(|it| (it.every, it.retries) == (Duration::from_secs(60), 0)));
}

#[test]
fn every_route_has_the_authorizer_unless_it_is_open_or_all_of_them_are() {
    let open = [
        "/asyncapi.json",
        "/console",
        "/console/{version}/{file}",
        "/docs",
        "/docs/callback",
        "/docs/events",
        "/docs/{file}",
        "/health",
        "/openapi.json",
        "/schemas/{file}",
    ];
    let expected = Authorizer {
        name: "Access".to_owned(),
        function: "authorizer".to_owned(),
        identity: vec![Identity::Header("authorization".to_owned())],
        ttl: Duration::from_secs(60),
        preflights_pass: false,
    };
    for route in the_template().routes {
        let authorizer = (!open.contains(&route.path.as_str())).then(|| expected.clone());
        assert_eq!(route.authorizer, authorizer, "{}", route.path);
    }
    let with = |parameter| {
        let parameters = parameters(&[&LOCAL[..], &[parameter]].concat());
        load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml"), STACK, &parameters).unwrap()
    };
    let off = with(("ApiAuth", "off"));
    // One that DefinitionBody does not have stays closed.
    let closed: Vec<&str> = off.routes.iter().filter(|it| it.authorizer.is_some()).map(|it| it.path.as_str()).collect();
    assert_eq!(closed, Vec::<&str>::new(), "these are not in the DefinitionBody of HttpApi");
    assert!(off.functions.values().all(|it| it.environment.get("API_AUTH").is_none_or(|auth| auth == "off")));
    let cors = with(("CorsOrigins", "https://shop.example.com"));
    assert!(cors.routes.iter().filter_map(|route| route.authorizer.as_ref()).all(|it| it.preflights_pass));
    let told = cors.cors.unwrap();
    assert_eq!(told.origins, ["https://shop.example.com"]);
    assert!(told.exposed.contains(&"etag".to_owned()), "{:?}", told.exposed);
    assert_eq!(off.cors, None);
}

#[test]
fn a_route_has_the_authorizer_that_sam_gives_it() {
    let text = |auth: &str, event: &str| {
        format!(
            "Conditions: {{Never: !Equals [a, b]}}\nResources:\n  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      \
             {auth}\n  G: {{Type: 'AWS::Serverless::Function'}}\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
             Events: {{E: {{Type: HttpApi, Properties: {{Path: /f, Method: ANY, {event}}}}}}}\n"
        )
    };
    let lambda = |more: &str| {
        format!(
            "{{FunctionArn: !GetAtt G.Arn, AuthorizerPayloadFormatVersion: 2.0, EnableSimpleResponses: true{more}}}"
        )
    };
    let identity = lambda(", Identity: {Headers: [X-Key], QueryStrings: [who]}");
    let auth = |default: &str, a: &str| {
        format!("Auth: {{DefaultAuthorizer: {default}, Authorizers: {{A: {a}, B: {identity}}}}}")
    };
    let body = |security: &str| {
        format!(
            "{}\n      DefinitionBody: {{paths: {{/f: {{x-amazon-apigateway-any-method: {{security: {security}}}}}}}}}",
            auth("A", &lambda(""))
        )
    };
    let here = "ApiId: !Ref Api";
    let of = |auth: &str, event: &str| {
        let template = parse(&text(auth, event), STACK, &parameters(&[])).unwrap_or_else(|error| panic!("{error:#}"));
        template.routes[0].authorizer.as_ref().map(|it| (it.name.clone(), it.identity.clone(), it.ttl.as_secs()))
    };
    let a = Some(("A".to_owned(), Vec::new(), 0));
    let both = vec![Identity::Header("x-key".to_owned()), Identity::Query("who".to_owned())];
    let b = Some(("B".to_owned(), both, 300));
    let both_by_default = auth("A", &lambda(""));
    assert_eq!(of(&both_by_default, here), a, "the default");
    assert_eq!(of(&both_by_default, &format!("{here}, Auth: {{Authorizer: B}}")), b, "the event's own");
    assert_eq!(of(&both_by_default, &format!("{here}, Auth: {{Authorizer: NONE}}")), None);
    assert_eq!(of(&both_by_default, "RouteSettings: {}"), None, "of another API");
    assert_eq!(of(&body("[{B: []}]"), here), b, "the operation's");
    assert_eq!(of(&body("!If [Never, [{B: []}], !Ref 'AWS::NoValue']"), here), None, "open by a condition");
    assert_eq!(of(&auth("J", "{JwtConfiguration: {}}").replace("A: {Jwt", "J: {Jwt"), here), None, "AWS's business");
    assert_eq!(of("Auth: {DefaultAuthorizer: AWS_IAM, EnableIamAuthorizer: true}", here), None);
    for (auth, part) in [
        (auth("C", &lambda("")), "Api.Auth.Authorizers.C: there is no such authorizer"),
        (
            auth("A", &lambda("").replace("2.0", "1.0")),
            "AuthorizerPayloadFormatVersion: the local stack knows 2.0 only",
        ),
        (auth("A", &lambda("").replace("true", "false")), "EnableSimpleResponses: the local stack knows simple"),
        (auth("A", &lambda("").replace("!GetAtt G.Arn", "arn:aws:s3:::b")), "FunctionArn: `arn:aws:s3:::b` is no"),
        (
            auth("A", &lambda("").replace("!GetAtt G.Arn", "'arn:aws:lambda:x:1:function:x'")),
            "there is no function `x`",
        ),
        (
            auth("A", &lambda(", Identity: {Context: [routeKey]}")),
            "Identity: the local stack does not know the property",
        ),
        (auth("A", &lambda(", Identity: {ReauthorizeEvery: 3601}")), "ReauthorizeEvery: `3601` is not a whole number"),
        (body("[]").replace("security: []", "summary: x"), "knows `security` only, not `summary`"),
    ] {
        let error = format!("{:#}", parse(&text(&auth, here), STACK, &parameters(&[])).unwrap_err());
        assert!(error.contains(part), "{error}\n{auth}");
    }
}

#[test]
fn a_function_url_says_who_may_call_it_and_whether_it_streams() {
    let with = |origins: &str| {
        let parameters = parameters(&[&LOCAL[..], &[("CorsOrigins", origins)]].concat());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        load(&path, STACK, &parameters).unwrap().function_urls
    };
    let closed = FunctionUrl { auth: UrlAuth::None, streams: true, cors: None };
    assert_eq!(with(""), [("notifications".to_owned(), closed)].into());
    let cors = with("https://a.example,https://b.example")["notifications"].cors.clone().unwrap();
    assert_eq!((cors.origins.len(), cors.methods.as_slice(), cors.max_age), (2, &["GET".to_owned()][..], Some(600)));
    assert!(cors.headers.contains(&"last-event-id".to_owned()) && !cors.credentials);
    let text = |url: &str| {
        format!("Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {{FunctionUrlConfig: {url}}}\n")
    };
    let of = |url: &str| parse(&text(url), STACK, &parameters(&[])).map(|it| it.function_urls["F"].clone());
    assert_eq!(of("{AuthType: AWS_IAM}").unwrap(), FunctionUrl { auth: UrlAuth::Iam, streams: false, cors: None });
    for (url, part) in [
        ("{}", "AuthType is missing"),
        ("{AuthType: JWT}", "AuthType: `JWT` is not known"),
        ("{AuthType: NONE, InvokeMode: LATER}", "InvokeMode: `LATER` is not known"),
        ("{AuthType: NONE, Cors: {Origins: ['*']}}", "the property `Origins`"),
        ("{AuthType: NONE, Cors: {MaxAge: 86401}}", "MaxAge: `86401`"),
    ] {
        let error = format!("{:#}", of(url).unwrap_err());
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn kafka_mappings_retry_without_end_and_report_failures() {
    let template = the_template();
    let groups: BTreeMap<&str, (&str, &str)> = template
        .kafka_mappings
        .iter()
        .map(|it| (it.group.as_str(), (it.topic.as_str(), it.delivery.function.as_str())))
        .collect();
    assert_eq!(groups.len(), template.kafka_mappings.len(), "a consumer group of its own for each mapping");
    let topics = template.topics.iter().map(|topic| topic.name.as_str());
    for topic in topics {
        for function in ["archive", "event-log"] {
            assert!(groups.values().any(|of| *of == (topic, function)), "{function} does not read {topic}");
        }
    }
    assert_eq!(groups["millrace-stock"], ("order_created", "stock"));
    assert_eq!(groups["millrace-activity-order"], ("user-activity-events", "activity-order"));
    assert_eq!(groups["millrace-timer-store"], ("timer-requests", "timer-store"));
    let filtered = template.kafka_mappings.iter().filter(|it| !it.delivery.filters.is_empty());
    let filtered: BTreeMap<_, _> = filtered.map(|it| (it.group.as_str(), &it.delivery.filters[..])).collect();
    let of = |types: &[&str]| json!({"value": {"type": types}});
    let binary = json!({"value": {"specversion": [{"exists": false}]}});
    let expected: [(&str, &[_]); 5] = [
        ("millrace-timer-store", &[of(&["TimerRequested"])]),
        ("millrace-notifier", &[of(&["LowStockWarning"]), binary.clone()]),
        ("millrace-notifier-order-events", &[of(&["OrderConfirmed", "OrderRejected"]), binary.clone()]),
        ("millrace-notifier-notify", &[of(&["Notify"]), binary.clone()]),
        ("millrace-notifier-timer-requests", &[of(&["TimerFired", "TimerFailed"]), binary.clone()]),
    ];
    assert_eq!(filtered, expected.into());
    assert!(template.kafka_mappings.iter().all(|it| it.delivery.report_batch_item_failures));
    let mapping = |id: &str| template.kafka_mappings.iter().find(|it| it.delivery.logical_id == id).unwrap();
    let (archive, event_log) = (mapping("ArchiveFromProductEvents"), mapping("EventLogFromProductEvents"));
    assert_eq!((archive.topic.as_str(), archive.group.as_str()), ("product-events", "millrace-archive"));
    assert_eq!((event_log.topic.as_str(), event_log.group.as_str()), ("product-events", "millrace-event-log"));
    let expected = Delivery {
        logical_id: "ArchiveFromProductEvents".to_owned(),
        function: "archive".to_owned(),
        starting_position: StartingPosition::TrimHorizon,
        batch_size: 10_000,
        window: Duration::from_secs(1),
        filters: Vec::new(),
        report_batch_item_failures: true,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        bisect: false,
        on_failure: None,
        enabled: true,
    };
    assert_eq!(archive.delivery, expected);
    assert_eq!(event_log.delivery.window, Duration::from_secs(1));
    assert!(event_log.delivery.report_batch_item_failures && event_log.delivery.maximum_retry_attempts.is_none());
}

#[test]
fn streams_wake_the_relay_for_marked_inserts_and_tell_the_notifier_of_dead_letters() {
    let template = the_template();
    let find = |table: &str| template.stream_mappings.iter().find(|it| it.table == table).unwrap();
    let (dead, mapping) = (find("millrace-DeadLetterTable"), find("millrace-OutboxTable"));
    assert_eq!((mapping.delivery.function.as_str(), dead.delivery.function.as_str()), ("outbox-relay", "notifier"));
    assert_eq!(dead.delivery.filters, [json!({"dynamodb": {"NewImage": {"status": {"S": ["dead"]}}}})]);
    assert_eq!((mapping.delivery.batch_size, mapping.delivery.window), (100, Duration::ZERO));
    let pattern = json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"wake": {"BOOL": [true]}}}});
    assert_eq!(mapping.delivery.filters, [pattern]);
}

#[test]
fn what_is_counted_comes_from_streams_with_windows_and_retries_without_end() {
    let template = the_template();
    let of_analytics = template.stream_mappings.iter().filter(|it| it.delivery.function == "analytics");
    let tables: Vec<&str> = of_analytics
        .map(|it| {
            assert_eq!((it.tumbling, it.delivery.maximum_retry_attempts), (Some(Duration::from_secs(900)), None));
            assert_eq!(it.delivery.starting_position, StartingPosition::TrimHorizon);
            assert_eq!(it.delivery.filters[0]["eventName"], json!(["INSERT"]));
            it.table.as_str()
        })
        .collect();
    assert_eq!(tables, ["millrace-EventLogTable", "millrace-AnalyticsTable"]);
}

#[test]
fn tables_come_as_create_table_takes_them() {
    let template = the_template();
    let names: Vec<&str> = template.tables.iter().map(|table| table.logical_id.as_str()).collect();
    assert_eq!(
        names,
        [
            "ActivityTable",
            "AnalyticsTable",
            "ApiKeysTable",
            "DeadLetterTable",
            "EventLogTable",
            "IdempotencyTable",
            "IngredientsTable",
            "MailTable",
            "NotificationsTable",
            "OrdersTable",
            "OutboxTable",
            "ProductsTable",
            "RateTable",
            "TimersTable"
        ]
    );
    let table = |id: &str| template.tables.iter().find(|table| table.logical_id == id).unwrap();
    let expected = json!({
        "TableName": "millrace-OutboxTable",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "aggregate", "AttributeType": "S"},
            {"AttributeName": "entry", "AttributeType": "S"},
            {"AttributeName": "shard", "AttributeType": "S"},
            {"AttributeName": "createdAt", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "aggregate", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "pending",
            "KeySchema": [
                {"AttributeName": "shard", "KeyType": "HASH"},
                {"AttributeName": "createdAt", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
    });
    assert_eq!(table("OutboxTable").create, expected);
    let indexes = |id: &str| {
        let indexes = table(id).create["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
        indexes.iter().map(|index| index["IndexName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(indexes("ProductsTable"), ["byShard", "lowStock"]);
    assert_eq!(
        (indexes("OrdersTable"), indexes("IngredientsTable")),
        (vec!["byTime".into(), "byOwner".into()], vec!["byShard".into()])
    );
    assert_eq!(indexes("EventLogTable"), ["byTime", "byType", "bySubject", "byTrace"]);
    assert_eq!(indexes("AnalyticsTable"), ["byPieces"]);
    assert_eq!(indexes("ActivityTable"), ["processed", "byUser", "due"]);
    assert_eq!(indexes("DeadLetterTable"), ["byTime", "open"]);
    assert_eq!(indexes("TimersTable"), ["byTime", "byStatus", "byOwner"]);
    assert_eq!(table("EventLogTable").ttl_attribute.as_deref(), Some("expiresAt"));
    assert_eq!(table("IdempotencyTable").ttl_attribute.as_deref(), Some("expiresAt"));
    assert_eq!(table("RateTable").ttl_attribute.as_deref(), Some("expiresAt"));
    assert_eq!(table("ProductsTable").ttl_attribute, None);
}

#[test]
fn topics_exist_although_their_condition_is_false() {
    let template = the_template();
    let topics: BTreeMap<&str, i32> = template.topics.iter().map(|it| (it.name.as_str(), it.partitions)).collect();
    let expected = [
        ("notify", 3),
        ("order-events", 12),
        ("order_created", 3),
        ("product-events", 12),
        ("timer-due", 12),
        ("timer-requests", 12),
        ("user-activity-events", 12),
    ];
    assert_eq!(topics, BTreeMap::from(expected));
    assert!(template.topics.iter().all(|it| it.configs == parameters(&[("retention.ms", "604800000")])));
    let [bucket] = template.buckets.as_slice() else { panic!("{:?}", template.buckets) };
    assert_eq!((bucket.logical_id.as_str(), bucket.name.as_str()), ("ArchiveBucket", "millrace-archivebucket"));
}

#[test]
fn the_templates_own_rules_hold_on_the_laptop() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let error = |entries: &[(&str, &str)]| format!("{:#}", load(&path, STACK, &parameters(entries)).unwrap_err());
    let message = error(&[("KafkaMode", "selfManaged"), ("KafkaAuth", "plaintext")]);
    assert!(message.ends_with("KafkaMode selfManaged needs KafkaBootstrapServers."), "{message}");
    let (secret, ca) = (("KafkaSecretArn", "arn:login"), ("KafkaCaSecretArn", "arn:ca"));
    let existing = [
        ("KafkaMode", "existing"),
        ("KafkaClusterArn", "arn:cluster"),
        ("KafkaSecurityGroupId", "sg-1"),
        ("VpcId", "vpc-1"),
        secret,
    ];
    for (base, others, broken) in [
        (&LOCAL[..], &[("KafkaAuth", "plain")][..], "KafkaAuth scram and plain need KafkaSecretArn."),
        (&LOCAL, &[("KafkaAuth", "scram")], "KafkaAuth scram and plain need KafkaSecretArn."),
        (&LOCAL, &[ca], "KafkaAuth plaintext has no TLS, so that it takes no KafkaCaSecretArn."),
        (&LOCAL, &[secret, ("KafkaAuth", "iam")], "with selfManaged use scram, plain or plaintext."),
        (
            &existing,
            &[("KafkaAuth", "plain")],
            "KafkaAuth plain is only for KafkaMode selfManaged; MSK does not know it.",
        ),
        (&existing, &[("KafkaAuth", "scram"), ca], "a public CA signs the certificates of MSK."),
    ] {
        let message = error(&[base, others].concat());
        assert!(message.ends_with(broken), "{others:?}: {message}");
    }
    let issuer = ("OidcIssuer", "https://login.example.com");
    let message = error(&[&LOCAL[..], &[issuer]].concat());
    assert!(message.contains("OidcIssuer needs OidcAudiences or OidcClientIds"), "{message}");
    let message = error(&[("KafkaMode", "none")]);
    assert!(message.ends_with("KafkaMode is `none`; allowed are create, existing, selfManaged"), "{message}");
    let message = error(&[("ArchiveWindowSeconds", "301")]);
    assert!(message.ends_with("ArchiveWindowSeconds is 301; allowed are 0 to 300"), "{message}");
    let message = error(&[("KafkaMod", "create")]);
    assert!(
        message.contains(
            "no parameter `KafkaMod`; it has ActivityGapSeconds, AlertEmail, AlertFrom, AllowSeed, ApiAuth, "
        ),
        "{message}"
    );
}

#[test]
fn intrinsics_give_what_cloudformation_gives() {
    let text = r"
        Parameters:
          Hosts: {Type: CommaDelimitedList, Default: 'a,b'}
          Stage: {Type: String, Default: prod}
          Count: {Type: Number, Default: 3}
        Mappings: {Sizes: {prod: {Memory: 512}}}
        Conditions:
          Prod: !Equals [!Ref Stage, prod]
          Both: !And [!Condition Prod, !Not [!Equals [!Ref Count, 4]]]
          Never: {'Fn::Or': [{'Fn::Not': [{Condition: Both}]}, !Equals [x, y]]}
        Globals: {Function: {Environment: {Variables: {SHARED: global, OWN: global}}}}
        Resources:
          Rows:
            Type: AWS::DynamoDB::Table
            Properties: {KeySchema: []}
          Gone: {Type: 'AWS::S3::Bucket', Condition: Never}
          F:
            Type: AWS::Serverless::Function
            Metadata: {BuildProperties: {Binary: f}}
            Properties:
              MemorySize: !FindInMap [Sizes, !Ref Stage, Memory]
              Timeout: !Ref Count
              Environment:
                Variables:
                  OWN: own
                  JOIN: !Join ['-', [!Ref Stage, {Ref: Count}, !If [Never, x, !Ref 'AWS::NoValue'], z]]
                  SELECT: !Select [1, !Ref Hosts]
                  SPLIT: !Select ['0', !Split ['.', x.y]]
                  SUB: !Sub '${Stage}/${Rows}/${Rows.Arn}/${!literal}/${AWS::Region}'
                  SUB_MAP: !Sub ['${A}', {A: !GetAtt Rows.StreamArn}]
                  BASE64: {'Fn::Base64': !Ref Stage}
                  NONE: !If [Both, !Ref 'AWS::NoValue', x]
                  ARN: {'Fn::GetAtt': [F, Arn]}
    ";
    let template = parse(text, STACK, &parameters(&[])).unwrap();
    let function = &template.functions["f"];
    assert_eq!((function.memory_mb, function.timeout), (512, Duration::from_secs(3)));
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table/millrace-Rows";
    let sub = format!("prod/millrace-Rows/{table}/${{literal}}/us-east-1");
    let stream = format!("{table}/stream/2026-01-01T00:00:00.000");
    let expected = parameters(&[
        ("ARN", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("BASE64", "cHJvZA=="),
        ("JOIN", "prod-3-z"),
        ("OWN", "own"),
        ("SELECT", "b"),
        ("SHARED", "global"),
        ("SPLIT", "x"),
        ("SUB", &sub),
        ("SUB_MAP", &stream),
    ]);
    assert_eq!(function.environment, expected);
    assert!(template.buckets.is_empty(), "a resource whose condition is false is left out");
}

/// A template with one function that has these additional properties, and additional resources.
fn around(properties: &str, resources: &str) -> String {
    format!(
        "Conditions: {{No: !Equals [a, b]}}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    \
         Metadata: {{BuildProperties: {{Binary: f}}}}\n    Properties: {{{properties}}}\n{resources}"
    )
}

fn mapping(properties: &str) -> String {
    around(
        "",
        &format!(
            "  T: {{Type: 'AWS::MSK::Topic', Properties: {{TopicName: t, PartitionCount: 1}}}}\n  M:\n    \
             Type: AWS::Lambda::EventSourceMapping\n    Properties: {{FunctionName: !Ref F, {properties}}}\n"
        ),
    )
}

#[test]
fn a_broken_template_says_where_and_what_is_known() {
    let kafka = "SelfManagedEventSource: {}, StartingPosition: LATEST, Topics: [t]";
    let cases = [
        ("Resources: [".to_owned(), "this is not YAML"),
        ("Resource: {}".to_owned(), "`Resource` is not a section of a template; known are AWSTemplateFormatVersion,"),
        (around("Timeout: !Get x", ""), "template.Resources.F.Properties.Timeout: `!Get` is not an intrinsic function"),
        (
            around("Timeout: !ImportValue x", ""),
            "F.Timeout: the local stack does not know the intrinsic function `Fn::ImportValue`; it knows Ref,",
        ),
        (
            around("Timeot: 3", ""),
            "F: the local stack does not know the property `Timeot` of AWS::Serverless::Function; it knows Architectures,",
        ),
        (around("Timeout: 901", ""), "F.Timeout: `901` is not a whole number from 1 to 900"),
        (around("Timeout: !Ref Nowhere", ""), "F.Timeout: there is no parameter or resource `Nowhere`"),
        (around("Timeout: !If [Maybe, 1, 2]", ""), "there is no condition `Maybe`"),
        (around("Environment: {Variables: {A: [1]}}", ""), "F.Environment.Variables.A: [1] is not a string"),
        (around("Environment: {Variables: {A: '{{resolve:ssm:x}}'}}", ""), "is looked up on AWS"),
        (
            around("Environment: {Variables: {A: !Ref B}}", "  B: {Type: 'AWS::S3::Bucket', Condition: No}"),
            "refers to B, which does not exist because its condition No is false",
        ),
        (
            around("Environment: {Variables: {A: !GetAtt B.Domain}}", "  B: {Type: 'AWS::S3::Bucket'}"),
            "GetAtt B.Domain: the local stack knows no such attribute",
        ),
        (
            around("Events: {E: {Type: SQS}}", ""),
            "F.Events.E: the local stack does not know the event type `SQS`; it knows HttpApi,",
        ),
        (
            around("Events: {E: {Type: ScheduleV2, Properties: {ScheduleExpression: cron(* * * * ? *)}}}", ""),
            "F.Events.E.ScheduleExpression: the local stack knows rate(",
        ),
        (
            around("Events: {E: {Type: HttpApi, Properties: {Path: x, Method: GET}}}", ""),
            "F.Events.E.Path: `x` does not start with `/`",
        ),
        (
            around("", "  Q: {Type: 'AWS::SQS::Queue'}"),
            "Q: the local stack does not know the resource type `AWS::SQS::Queue`; it runs AWS::Serverless::Function,",
        ),
        (
            around("", "  T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: x}}"),
            "T: the local stack does not know the property `TableName`",
        ),
        (around("FunctionName: !Sub 'x'", ""), "F.FunctionName: the local stack takes plain text only"),
        (
            mapping(&format!("{kafka}, ParallelizationFactor: 2")),
            "M: the local stack does not know the property `ParallelizationFactor` of AWS::Lambda::EventSourceMapping",
        ),
        (mapping(&format!("{kafka}, BatchSize: 10001")), "M.BatchSize: `10001` is not a whole number from 1 to 10000"),
        (
            mapping(&format!("{kafka}, FilterCriteria: {{Filters: [{{Pattern: '{{'}}]}}")),
            "M.FilterCriteria.Filters: `{` is not JSON",
        ),
        (
            mapping(&format!("{kafka}, DestinationConfig: {{OnFailure: {{Destination: 'arn:aws:sqs:x'}}}}")),
            "M.DestinationConfig: the local stack knows the ARN of a bucket",
        ),
        (
            mapping("SelfManagedEventSource: {}, StartingPosition: LATEST, Topics: [u]"),
            "M: Topics: no AWS::MSK::Topic resource has the name `u`",
        ),
        (
            mapping("SelfManagedEventSource: {}, StartingPosition: NOW, Topics: [t]"),
            "M.StartingPosition: `NOW` is not known",
        ),
        (
            mapping("EventSourceArn: 'arn:aws:kinesis:x', StartingPosition: LATEST"),
            "M.EventSourceArn: the local stack maps Kafka topics",
        ),
    ];
    for (text, expected) in cases {
        let message = match parse(&text, STACK, &parameters(&[])) {
            Err(error) => format!("{error:#}"),
            Ok(_) => panic!("this was accepted, but should say `{expected}`:\n{text}"),
        };
        assert!(message.contains(expected), "expected `{expected}`\nfound    `{message}`\nfor\n{text}");
    }
}
