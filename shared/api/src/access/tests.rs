use std::num::NonZeroU32;

use millrace_access::{Kind, LEEWAY_SECONDS, Scopes};

use super::*;

const NOW: i64 = 1_795_240_800;

fn caller(kind: Kind, scopes: &str) -> Caller {
    Caller {
        principal: format!("{kind:?}:ann"),
        kind,
        user: (kind == Kind::User).then(|| "ann".to_owned()),
        scopes: Scopes::known(scopes),
        exp: NOW + 60,
        key_id: (kind == Kind::Key).then(|| "k".to_owned()),
        rate: None,
    }
}

fn context(caller: &Caller) -> HashMap<String, Value> {
    serde_json::from_value(serde_json::to_value(caller).unwrap()).unwrap()
}

fn ask(method: &Method, route: &str, context: Option<&HashMap<String, Value>>) -> Result<Option<Access>, Problem> {
    decide(Auth::On, &Asked { method, route: Some(route), query: "", context }, NOW)
}

fn access(kind: Kind, scopes: &str) -> Access {
    let caller = caller(kind, &format!("{scopes} products:read"));
    ask(&Method::GET, "/products", Some(&context(&caller))).unwrap().unwrap()
}

fn user(name: &str) -> UserId {
    UserId::try_from(name.to_owned()).unwrap()
}

#[test]
fn every_operation_wants_a_caller_with_each_of_its_scopes_and_no_other() {
    let all: Scopes = Scope::ALL.into_iter().collect();
    let mut scoped = 0;
    for operation in &operations::OPERATIONS {
        let scopes = operation.scopes;
        if scopes.is_empty() {
            assert_eq!(operation.method, Method::GET, "{operation:?} changes something, and is open");
            continue;
        }
        let ask = |context: Option<&HashMap<String, Value>>| ask(&operation.method, operation.route, context);
        assert_eq!(ask(None).unwrap_err().code, "unauthenticated", "{operation:?}");
        let with = |scopes: Scopes| ask(Some(&context(&Caller { scopes, ..caller(Kind::Service, "") })));
        assert!(with(scopes.iter().copied().collect()).is_ok(), "{operation:?}");
        for scope in scopes {
            let without = all.iter().filter(|other| other != scope).collect();
            let refused = with(without).unwrap_err();
            assert_eq!((refused.status(), refused.code), (StatusCode::FORBIDDEN, "forbidden"), "{operation:?}");
            let body = serde_json::to_value(&refused).unwrap();
            assert!(body["scope"].as_str().unwrap().split(' ').any(|name| name == scope.name()), "{body}");
        }
        scoped += 1;
    }
    assert!(scoped > 25);
}

#[test]
fn a_get_that_was_allowed_opens_no_post_and_head_is_a_get() {
    let reader = context(&caller(Kind::User, "products:read timers:read"));
    for route in ["/products", "/timers"] {
        assert!(ask(&Method::GET, route, Some(&reader)).is_ok() && ask(&Method::HEAD, route, Some(&reader)).is_ok());
        assert_eq!(ask(&Method::POST, route, Some(&reader)).unwrap_err().code, "forbidden");
    }
    let writer = context(&caller(Kind::User, "products:write"));
    assert_eq!(ask(&Method::HEAD, "/products", Some(&writer)).unwrap_err().code, "forbidden");
}

#[test]
fn what_is_open_needs_nobody_and_what_the_table_lacks_is_open_to_nobody() {
    for route in ["/health", "/console", "/docs", "/docs/{file}", "/openapi.json"] {
        assert_eq!(ask(&Method::GET, route, None), Ok(None));
        assert_eq!(ask(&Method::POST, route, None), Ok(None), "the router says that there is no such method");
    }
    for route in ["/products", "/timers/{id}", "/a-new-route"] {
        assert_eq!(ask(&Method::OPTIONS, route, None), Ok(None));
        for method in [Method::TRACE, Method::CONNECT, Method::from_bytes(b"BREW").unwrap()] {
            assert_eq!(ask(&method, route, None).unwrap_err().code, "unauthenticated");
            let all = caller(Kind::Service, &Scope::ALL.into_iter().collect::<Scopes>().to_string());
            assert_eq!(ask(&method, route, Some(&context(&all))).unwrap_err().code, "method_not_allowed");
        }
    }
    assert_eq!(ask(&Method::GET, "/a-new-route", None).unwrap_err().code, "unauthenticated");
    assert_eq!(allowed("/products/{id}"), "GET, HEAD, PUT, PATCH, DELETE");
    let nowhere = Asked { method: &Method::GET, route: None, query: "", context: None };
    assert_eq!(decide(Auth::On, &nowhere, NOW), Ok(None), "the router says that there is nothing");
}

#[test]
fn a_context_that_names_nobody_or_has_expired_is_no_credential() {
    let good = context(&caller(Kind::User, "products:read"));
    let mut wrong = vec![HashMap::new()];
    for (name, value) in [
        ("kind", json!("admin")),
        ("principal", Value::Null),
        ("scopes", json!(["products:read"])),
        ("exp", json!("soon")),
        // A user to whom nothing can belong.
        ("user", json!("a\u{7}b")),
        ("user", json!("x".repeat(300))),
    ] {
        let mut context = good.clone();
        context.insert(name.to_owned(), value);
        wrong.push(context);
    }
    for context in &wrong {
        let refused = ask(&Method::GET, "/products", Some(context)).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code), (401, "unauthenticated"), "{context:?}");
        assert_eq!(refused.into_response().headers()["www-authenticate"], "Bearer");
    }
    let at = |now| {
        decide(
            Auth::On,
            &Asked { method: &Method::GET, route: Some("/products"), query: "", context: Some(&good) },
            now,
        )
    };
    assert!(at(NOW + 59 + LEEWAY_SECONDS).is_ok());
    assert_eq!(at(NOW + 60 + LEEWAY_SECONDS).unwrap_err().code, "token_expired");
}

#[test]
fn with_access_off_everything_is_open_whatever_a_context_says_and_a_url_never_has_a_credential() {
    let context = context(&caller(Kind::User, ""));
    for auth in [Auth::On, Auth::Off] {
        let asked = Asked { method: &Method::GET, route: Some("/products"), query: "access_token=x", context: None };
        assert_eq!(decide(auth, &asked, NOW).unwrap_err().code, "credential_in_url");
    }
    for context in [None, Some(&context)] {
        let asked = Asked { method: &Method::POST, route: Some("/products"), query: "", context };
        assert_eq!(decide(Auth::Off, &asked, NOW), Ok(Some(Access::Open)));
    }
}

#[test]
fn a_user_acts_for_nobody_else_and_a_service_only_for_whom_it_may() {
    let (ann, bob) = (user("ann"), user("bob"));
    let own = access(Kind::User, "events:write");
    assert!(own.acts_for(&ann).is_ok() && own.sees(Some(&ann)));
    assert_eq!(own.acts_for(&bob).unwrap_err().code, "user_mismatch");
    assert!(!own.sees(Some(&bob)) && !own.sees(None), "what belongs to nobody does not belong to ann");
    assert_eq!((own.owner(), own.only()), (Some(ann.clone()), Some(&ann)));
    for kind in [Kind::Service, Kind::Key] {
        let service = access(kind, "events:write orders:read");
        assert_eq!(service.acts_for(&ann).unwrap_err().code, "forbidden");
        assert!(service.sees(Some(&ann)) && service.sees(None) && service.owner().is_none());
    }
    for kind in [Kind::User, Kind::Service, Kind::Key] {
        let any = access(kind, "events:any-user");
        assert!(any.acts_for(&bob).is_ok() && any.sees(Some(&bob)) && any.sees(None));
        assert_eq!(any.events_of(), Ok(None));
    }
    assert!(Access::Open.acts_for(&bob).is_ok() && Access::Open.sees(None));
    assert_ne!(own.principal(), access(Kind::Key, "").principal());
}

#[tokio::test]
async fn a_rate_that_cannot_be_held_lets_nobody_in_who_has_one() {
    let guard = Guard { auth: Auth::On, ..Guard::default() };
    let limited = Caller { rate: NonZeroU32::new(5), ..caller(Kind::Key, "products:read") };
    let free = [caller(Kind::Key, "products:read"), caller(Kind::User, "products:read")];
    let ask = async |caller: &Caller, route: &str| {
        let context = context(caller);
        let asked = Asked { method: &Method::GET, route: Some(route), query: "", context: Some(&context) };
        guard.admit(&asked, NOW).await.map_err(|problem| problem.code)
    };
    assert_eq!(ask(&limited, "/products").await, Err("unavailable"));
    assert_eq!(ask(&limited, "/orders").await, Err("forbidden"), "what it may not do at all is not counted");
    assert_eq!(ask(&limited, "/docs").await, Ok(None), "an open route asks nobody");
    for caller in &free {
        assert!(ask(caller, "/products").await.is_ok_and(|access| access.is_some()));
    }
}
