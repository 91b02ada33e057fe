//! What clients send: ids, numbers, times, money and repeated bodies.

use end_to_end::paths::root;
use end_to_end::stack::timers::NOBODY;
use end_to_end::stack::{Stack, product};
use millrace_domain::timer::Secret;
use serde_json::{Value, json};

use super::{fields, salt, send, told};

#[tokio::test]
async fn numbers_and_times_are_read_as_their_standards_say() {
    let stack = Stack::start().await;
    let timer = async |fields: &str| {
        let body = format!("{{\"url\": \"{NOBODY}\", {fields}}}");
        send(&stack, "POST", "/timers", &[("content-type", "application/json")], &body).await
    };
    for (text, seconds) in [("3600.0", 3_600), ("36e2", 3_600), ("3.6E+3", 3_600), ("-0.0", 0), ("0e1", 0)] {
        let made = timer(&format!("\"seconds\": {text}")).await.with(202).json();
        let made_at: jiff::Timestamp = made["createdAt"].as_str().unwrap().parse().unwrap();
        let fire_at: jiff::Timestamp = made["fireAt"].as_str().unwrap().parse().unwrap();
        let ahead = fire_at.duration_since(made_at).as_secs_f64();
        assert!((ahead - f64::from(seconds)).abs() < 5.0, "{text}: {made}");
    }
    for (text, code) in
        [("5.5", "not_an_integer"), ("0.99999999999999999999", "not_an_integer"), ("1e99", "out_of_range")]
    {
        let refused = timer(&format!("\"seconds\": {text}")).await.with(400);
        assert_eq!(fields(&refused), [("/seconds".to_owned(), code.to_owned())], "{text}");
    }
    let body = |stock: &str| {
        format!("{{\"name\": \"A\", \"price\": {{\"amount\": 9.50e2, \"currency\": \"EUR\"}}, \"stock\": {stock}}}")
    };
    let json = [("content-type", "application/json")];
    let made = send(&stack, "POST", "/products", &json, &body("999999999999.0")).await.with(201).json();
    assert_eq!((&made["stock"], &made["price"]["amount"]), (&json!(999_999_999_999_u64), &json!(950)));
    let large = send(&stack, "POST", "/products", &json, &body("9007199254740993.0")).await.with(400);
    assert_eq!(fields(&large), [("/stock".to_owned(), "out_of_range".to_owned())]);

    let year = jiff::Timestamp::now().strftime("%Y").to_string().parse::<i32>().unwrap();
    let taken = format!("{year}-12-31T23:59:60Z");
    // A stack that is asked late on the last day of a year is not told from one that is asked early on the first.
    if timer(&format!("\"fireAt\": \"{taken}\"")).await.status == 202 {
        let made = timer(&format!("\"fireAt\": \"{taken}\"")).await.json();
        assert_eq!(made["fireAt"], format!("{}-01-01T00:00:00Z", year + 1));
    }
    for text in [
        "2026-12-31T12:00:00+25:00",
        "2026-12-31T24:00:00Z",
        "2026-12-31T12:00:00+0130",
        "2026-12-31T12:00Z",
        "2026-12-31T12:00:00,5Z",
        "2026-12-31T12:00:00Z[UTC]",
        "2026-12-31 12:00:00Z",
        "2026-06-15T12:30:60Z",
    ] {
        let refused = timer(&format!("\"fireAt\": \"{text}\"")).await.with(400);
        assert_eq!(fields(&refused), [("/fireAt".to_owned(), "invalid_time".to_owned())], "{text}");
        for name in ["from", "to"] {
            let value = text.replace('+', "%2B").replace(' ', "%20").replace('[', "%5B").replace(']', "%5D");
            let refused = stack.get(&format!("/event-log?{name}={value}")).await.with(400);
            assert_eq!(fields(&refused), [(name.to_owned(), "not_a_time".to_owned())], "{text}");
        }
    }
}

#[tokio::test]
async fn a_repeated_body_is_known_by_what_it_means() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "lunch"), ("content-type", "application/json")];
    let first = r#"{"name":"Burger","price":{"amount":950,"currency":"EUR"},"stock":10}"#;
    let again =
        "{ \"stock\": 1.0e1,\n \"price\": {\"currency\": \"\\u0045UR\", \"amount\": 950.00}, \"name\": \"Burger\" }";
    let made = send(&stack, "POST", "/products", &key, first).await.with(201);
    let replayed = send(&stack, "POST", "/products", &key, again).await.with(201);
    assert_eq!((replayed.header("idempotency-replayed"), &replayed.text), ("true", &made.text));
    for other in [first.replace("10}", "11}"), first.replace("Burger", "burger"), first.replace("950", "\"950\"")] {
        let refused = send(&stack, "POST", "/products", &key, &other).await;
        assert!(
            [(422, "idempotency_key_reused".to_owned()), (400, "invalid_request".to_owned())].contains(&told(&refused))
        );
    }
}

#[tokio::test]
async fn a_price_is_in_a_currency_that_is_in_use() {
    let stack = Stack::start().await;
    let with = |currency: &str| {
        let mut body = product("Burger");
        body["price"]["currency"] = json!(currency);
        body
    };
    for (currency, code) in [
        ("XXX", "currency_not_in_use"),
        ("XTS", "currency_not_in_use"),
        ("XAU", "currency_not_in_use"),
        ("HRK", "currency_not_in_use"),
        ("ANG", "unknown_currency"),
        ("ABC", "unknown_currency"),
    ] {
        let refused = stack.ask("POST", "/products", &with(currency)).await.with(400);
        assert_eq!(fields(&refused), [("/price/currency".to_owned(), code.to_owned())], "{currency}");
    }
    for currency in ["EUR", "JPY", "XOF", "VES", "XCG"] {
        stack.ask("POST", "/products", &with(currency)).await.with(201);
    }
}

#[tokio::test]
async fn a_url_is_refused_with_what_this_stack_takes() {
    for (local, taken) in [("on", "http or https"), ("off", "https")] {
        let stack = Stack::start_with(&["--parameter", &format!("WebhookAllowLocal={local}")]).await;
        let body = json!({"url": "ftp://example.com/", "seconds": 1});
        let refused = stack.ask("POST", "/timers", &body).await.with(422).json();
        assert_eq!(refused["errors"][0]["detail"], format!("a webhook is called by {taken} only"));
    }
}

/// The contract's pattern is what clients check with; the type is what the server checks with.
#[test]
fn the_pattern_of_a_secret_takes_what_the_server_takes() {
    let contract = std::fs::read_to_string(root().join("contracts/openapi.yaml")).unwrap();
    let contract: Value = serde_norway::from_str(&contract).unwrap();
    let schema = &contract["components"]["schemas"]["NewTimer"]["properties"]["secret"];
    let pattern = jsonschema::validator_for(&json!({"type": "string", "pattern": schema["pattern"]})).unwrap();
    let base64 = |bytes: usize, fill: u8| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(vec![fill; bytes])
    };
    let mut samples: Vec<String> = Vec::new();
    for bytes in 0..=70 {
        for fill in [0, 7, 0xa5, 0xff] {
            let key = base64(bytes, fill);
            let unpadded = key.trim_end_matches('=');
            // The last letter before the padding has bits that have to be zero.
            let dirty = format!("{}B{}", &unpadded[..unpadded.len().saturating_sub(1)], &key[unpadded.len()..]);
            samples.extend([
                key.clone(),
                unpadded.to_owned(),
                format!("{key}="),
                dirty,
                key.replace('A', "-"),
                format!("{key}\n"),
            ]);
        }
    }
    let good = format!("whsec_{}", base64(24, 7));
    let mut all: Vec<String> = samples.iter().map(|key| format!("whsec_{key}")).collect();
    all.extend(samples.iter().map(|key| format!("{good} whsec_{key}")));
    all.extend([String::new(), good.to_uppercase(), format!(" {good}"), format!("{good} "), format!("{good}  {good}")]);
    all.extend([format!("{good} {good} {good}"), format!("{good}\n{good}"), format!("{good}\n"), base64(24, 7)]);
    let mut taken = 0;
    for text in all {
        let valid = Secret::try_from(text.clone()).is_ok();
        assert_eq!(pattern.is_valid(&json!(text)), valid, "{text:?}");
        taken += usize::from(valid);
    }
    assert!(taken > 100, "{taken} are valid");
}

#[tokio::test]
async fn an_id_that_is_accepted_can_be_read_and_one_that_no_path_can_name_is_refused() {
    let stack = Stack::start().await;
    let event = |user: &str, id: &str| json!({"userId": user, "type": "click", "payload": {}, "eventId": id});
    for id in ["processed", "batch", "generate", ".", ".."] {
        let refused = stack.ask("POST", "/events", &event("ann", id)).await.with(400);
        assert_eq!(fields(&refused), [("/eventId".to_owned(), "reserved".to_owned())], "{id}");
        let batch = json!({"events": [event("ann", id)]});
        let refused = stack.ask("POST", "/events/batch", &batch).await.with(400).json();
        assert_eq!(refused["results"][0]["error"]["errors"][0]["code"], "reserved", "{id}");
    }
    for user in [".", ".."] {
        let refused = stack.ask("POST", "/events", &event(user, "e")).await.with(400);
        assert_eq!(fields(&refused), [("/userId".to_owned(), "reserved".to_owned())], "{user}");
    }
    let names = [
        "a/b", "/", "a%2Fb", "%", "%2E", "#", "a?b=c", "a\\b", "...", " a", "ü/é", "+", "a&b;c", "Batch", "🍔", "\"x\"",
    ];
    // Every byte but those that stand for themselves in a path (RFC 3986, 2.3).
    let encoded = |name: &str| {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        name.bytes().map(byte).collect::<String>()
    };
    for name in names {
        stack.ask("POST", "/events", &event(name, name)).await.with(202);
    }
    for name in names {
        let found = stack
            .eventually("the event can be read", async || {
                let answer = stack.get(&format!("/events/{}", encoded(name))).await;
                if answer.status == 200 { Ok(answer.json()) } else { Err((name, answer)) }
            })
            .await;
        assert_eq!((&found["eventId"], &found["userId"]), (&json!(name), &json!(name)));
        let of_user = stack.get(&format!("/users/{}/events", encoded(name))).await.with(200).json();
        assert_eq!(of_user["items"].as_array().unwrap().len(), 1, "{name}");
    }
    // Ids of products and ingredients have no characters that a path would mistake, and no names beside them.
    for id in [".", "..", "a/b", "", "%"] {
        for (path, mut body) in [("/products", product("Burger")), ("/ingredients", salt(1))] {
            body["id"] = json!(id);
            assert_eq!(fields(&stack.ask("POST", path, &body).await.with(400))[0].1, "invalid_id", "{path} {id}");
        }
    }
    for id in ["seed", "batch", "health", "ready", "restock", "-", "_"] {
        for (path, mut body) in [("/products", product("Burger")), ("/ingredients", salt(1))] {
            body["id"] = json!(id);
            let made = stack.ask("POST", path, &body).await.with(201);
            assert_eq!(stack.get(made.header("location")).await.with(200).text, made.text);
        }
    }
}
