mod providers;

use proptest::prelude::*;
use serde_json::json;

use self::providers::{Provider, auth0, cognito, entra, keycloak};
use super::*;

const NOW: i64 = 1_795_240_800;

fn rules(issuer: &str, audiences: &[&str], clients: &[&str]) -> Rules {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Rules::new(issuer.to_owned(), list(audiences), list(clients), "sub".to_owned())
}

fn read(claims: &Value, typ: Option<&str>, rules: &Rules) -> Result<Caller, Refused> {
    caller(claims.as_object().unwrap(), typ, rules, NOW)
}

/// `claims` with some more, or with others.
fn with(claims: &Value, more: Value) -> Value {
    let mut all = claims.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[test]
fn the_tokens_of_four_providers_name_their_users_and_programs() {
    for (name, it) in [
        ("cognito", cognito()),
        ("auth0", auth0()),
        ("keycloak", keycloak()),
        ("entra 1", entra(1)),
        ("entra 2", entra(2)),
    ] {
        let user = read(&it.user, it.typ, &it.rules).unwrap_or_else(|why| panic!("{name}: {why}"));
        let subject = it.user["sub"].as_str().unwrap();
        assert_eq!(
            (user.kind, user.user.as_deref(), user.key_id.as_ref()),
            (Kind::User, Some(subject), None),
            "{name}"
        );
        assert_eq!(user.principal, format!("user:{}:{subject}", it.rules.issuer_hash), "{name}");
        assert_eq!(
            (user.scopes.to_string().as_str(), user.exp),
            ("orders:read orders:write", it.user["exp"].as_i64().unwrap()),
            "{name}"
        );

        let service = read(&it.service, it.typ, &it.rules).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!((service.kind, service.user), (Kind::Service, None), "{name}");
        assert!(service.principal.starts_with("service:"), "{name}");
        let scopes = if name.starts_with("entra") { "" } else { "orders:read orders:write" };
        assert_eq!(service.scopes.to_string(), scopes, "{name}: roles, and the scopes of other APIs, grant nothing");

        let id_token = with(&it.user, it.id_token);
        let why = read(&id_token, Some("JWT"), &it.rules).unwrap_err();
        assert!(matches!(why, Refused::NotAnAccessToken | Refused::Audience), "{name}: {why}");
    }
}

#[test]
fn a_token_of_a_login_or_of_another_use_is_no_access_token() {
    let good = auth0();
    let others = [
        json!({"token_use": "id"}),
        json!({"token_use": "refresh"}),
        json!({"token_use": null}),
        json!({"nonce": "n"}),
        json!({"at_hash": "x"}),
        json!({"c_hash": "x"}),
        json!({"typ": "ID"}),
        json!({"typ": "Refresh"}),
        json!({"typ": "Offline"}),
        json!({"typ": 7}),
        json!({"typ": "Bearer", "at_hash": "x"}),
    ];
    for more in others {
        assert_eq!(
            read(&with(&good.user, more.clone()), good.typ, &good.rules),
            Err(Refused::NotAnAccessToken),
            "{more}"
        );
    }
    for typ in ["id+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", ""] {
        assert_eq!(read(&good.user, Some(typ), &good.rules), Err(Refused::NotAnAccessToken), "{typ}");
    }
    for typ in [None, Some("JWT"), Some("jwt"), Some("AT+JWT"), Some("application/at+jwt")] {
        assert!(read(&good.user, typ, &good.rules).is_ok(), "{typ:?}");
    }
    let old_keycloak = with(&keycloak().user, json!({"nonce": "n"}));
    assert!(read(&old_keycloak, None, &keycloak().rules).is_ok());
}

#[test]
fn a_token_is_for_one_of_the_audiences_or_has_none_and_is_a_clients() {
    let issuer = "https://issuer.example";
    let base = json!({"iss": issuer, "sub": "ann", "exp": NOW + 60});
    let both = rules(issuer, &["api", "api2"], &["web"]);
    let by_client = rules(issuer, &[], &["web"]);
    let by_audience = rules(issuer, &["api"], &[]);
    let taken = [
        (json!({"aud": "api2"}), &both),
        (json!({"aud": ["other", "api"], "azp": "foreign"}), &both),
        (json!({"client_id": "web"}), &both),
        (json!({"azp": "web"}), &both),
        (json!({"cid": "web"}), &both),
        (json!({"aud": "account", "azp": "web"}), &by_client),
        (json!({"aud": "api"}), &by_audience),
    ];
    for (more, rules) in taken {
        assert!(read(&with(&base, more.clone()), None, rules).is_ok(), "{more}");
    }
    let refused = [
        (json!({}), &both),
        (json!({"aud": "other"}), &both),
        // Made for another API, though for a client of ours.
        (json!({"aud": "other", "azp": "web"}), &both),
        (json!({"aud": [], "azp": "web"}), &both),
        (json!({"aud": null, "azp": "web"}), &both),
        (json!({"aud": {"api": true}}), &both),
        (json!({"aud": "API"}), &both),
        (json!({"aud": "api "}), &both),
        (json!({"client_id": "web2"}), &both),
        (json!({"client_id": ["web"]}), &both),
        (json!({"aud": "web"}), &by_client),
        (json!({"azp": "web"}), &by_audience),
        (json!({"client_id": ""}), &by_audience),
    ];
    for (more, rules) in refused {
        assert_eq!(read(&with(&base, more.clone()), None, rules), Err(Refused::Audience), "{more}");
    }
}

#[test]
fn what_has_to_be_there_is_there_in_its_form() {
    let Provider { rules, user, .. } = auth0();
    for name in ["iss", "sub", "exp"] {
        let mut claims = user.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert!(read(&claims, None, &rules).is_err(), "no {name}");
    }
    let long = "x".repeat(257);
    let cases = [
        (json!({"iss": "https://shop.eu.auth0.com"}), Refused::Issuer),
        (json!({"iss": null}), Refused::Issuer),
        (json!({"exp": (NOW + 60).to_string()}), Refused::Claims),
        (json!({"exp": null}), Refused::Claims),
        (json!({"exp": NOW - 30}), Refused::Expired),
        (json!({"exp": -1e300}), Refused::Expired),
        (json!({"nbf": NOW + 31}), Refused::NotYetValid),
        (json!({"nbf": 1e300}), Refused::NotYetValid),
        (json!({"nbf": "now"}), Refused::Claims),
        (json!({"sub": ""}), Refused::Claims),
        (json!({"sub": " "}), Refused::Claims),
        (json!({"sub": "a\nb"}), Refused::Claims),
        (json!({"sub": ".."}), Refused::Claims),
        (json!({"sub": 7}), Refused::Claims),
        (json!({"sub": long}), Refused::Claims),
    ];
    for (more, why) in cases {
        assert_eq!(read(&with(&user, more.clone()), None, &rules), Err(why), "{more}");
    }
    for more in
        [json!({"exp": NOW - 29}), json!({"exp": NOW as f64 + 0.5}), json!({"nbf": NOW + 30}), json!({"exp": 1e300})]
    {
        let caller = read(&with(&user, more.clone()), None, &rules).unwrap_or_else(|why| panic!("{more}: {why}"));
        assert!(caller.exp <= NO_EXPIRY && !caller.is_expired(NOW), "{more}");
    }
}

#[test]
fn the_user_is_the_claim_that_the_settings_name_and_the_principal_stays_the_subject() {
    let Provider { mut rules, user, .. } = keycloak();
    rules.user_claim = "preferred_username".to_owned();
    let caller = read(&user, None, &rules).unwrap();
    assert_eq!(caller.user.as_deref(), Some("ann"));
    assert!(caller.principal.ends_with(user["sub"].as_str().unwrap()), "{}", caller.principal);
    rules.user_claim = "employee".to_owned();
    assert_eq!(read(&user, None, &rules), Err(Refused::Claims));
    let elsewhere = Rules::new("https://sso.example/realms/other".to_owned(), vec![], vec![], "sub".to_owned());
    assert_ne!(rules.issuer_hash, elsewhere.issuer_hash);
}

#[test]
fn a_user_whose_name_looks_like_a_programs_stays_a_user() {
    let looks = [
        (auth0(), json!({"sub": "auth0|x@clients"})),
        (keycloak(), json!({"preferred_username": "service-account-other"})),
        (entra(2), json!({"oid": "another"})),
    ];
    for (it, more) in looks {
        assert_eq!(
            read(&with(&it.user, more.clone()), None, &it.rules).map(|caller| caller.kind),
            Ok(Kind::User),
            "{more}"
        );
    }
    // As the standard has it, and Okta.
    for client in ["client_id", "cid"] {
        let claims = with(&auth0().service, json!({"sub": "a-program", client: "a-program", "gty": null, "azp": ""}));
        assert_eq!(read(&claims, None, &auth0().rules).map(|caller| caller.kind), Ok(Kind::Service), "{client}");
    }
    // Without the optional claim.
    let mut app = entra(2);
    app.service.as_object_mut().unwrap().remove("idtyp");
    assert_eq!(read(&app.service, None, &app.rules).map(|caller| caller.kind), Ok(Kind::Service));
}

#[test]
fn scopes_are_texts_or_lists_and_another_apis_scopes_are_not_ours() {
    let issuer = "https://issuer.example";
    let rules = rules(issuer, &["https://api.example/"], &["web"]);
    let read = |more: Value| {
        let base = json!({"iss": issuer, "sub": "ann", "exp": NOW + 60, "azp": "web"});
        super::caller(with(&base, more).as_object().unwrap(), None, &rules, NOW).unwrap().scopes.to_string()
    };
    assert_eq!(read(json!({"scp": ["products:read", "seed"]})), "products:read seed");
    assert_eq!(read(json!({"scp": "products:read  seed"})), "products:read seed");
    assert_eq!(read(json!({"scope": "products:read", "permissions": ["seed", 7, null]})), "products:read seed");
    assert_eq!(
        read(json!({"scope": "https://api.example/products:read https://other.example/seed x/seed /seed"})),
        "products:read"
    );
    for nothing in [
        json!({}),
        json!({"scope": 7}),
        json!({"scope": {"seed": true}}),
        json!({"roles": ["seed"]}),
        json!({"groups": "seed"}),
    ] {
        assert_eq!(read(nothing.clone()), "", "{nothing}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn claims_of_any_form_are_judged_without_a_panic_and_grant_no_more_than_the_good_ones(
        name in proptest::sample::select(vec![
            "iss", "sub", "aud", "exp", "nbf", "scope", "scp", "permissions", "azp", "client_id", "typ", "token_use", "nonce", "idtyp", "gty",
        ]),
        value in any_json(),
    ) {
        let Provider { rules, typ, user, .. } = auth0();
        if let Ok(caller) = read(&with(&user, json!({name: value})), typ, &rules) {
            prop_assert!(!caller.principal.is_empty() && !caller.is_expired(NOW));
            prop_assert_eq!(caller.user.is_some(), caller.kind == Kind::User);
        }
    }
}
