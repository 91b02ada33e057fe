//! The HTTP side.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::authorize::Asked;
use crate::form::Form;
use crate::grants::{Code, Codes};
use crate::keys::Keys;
use crate::token::{self, Grant, LIFETIME};

/// Longest outage that can be asked for, in seconds.
const LONGEST_OUTAGE: u64 = 3_600;

/// What the routes share.
pub struct Shared {
    url: String,
    audience: String,
    keys: Mutex<Keys>,
    codes: Mutex<Codes>,
    down_until: Mutex<Option<Instant>>,
}

impl Shared {
    pub fn new(url: String, audience: String) -> anyhow::Result<Self> {
        let (codes, down_until) = (Mutex::default(), Mutex::default());
        Ok(Self { url, audience, keys: Mutex::new(Keys::new()?), codes, down_until })
    }

    fn is_down(&self) -> bool {
        locked(&self.down_until).is_some_and(|until| Instant::now() < until)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn router(shared: Arc<Shared>) -> Router {
    let public = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks.json", get(jwks))
        .route_layer(middleware::from_fn_with_state(shared.clone(), up));
    Router::new()
        .merge(public)
        .route("/authorize", get(ask).post(log_in))
        .route("/token", post(give_token))
        .route("/control/rotate", post(rotate))
        .route("/control/down", post(down))
        .layer(middleware::map_response(headers))
        .with_state(shared)
}

/// Pages of other origins may use it, and nothing of it is kept.
async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn up(State(shared): State<Arc<Shared>>, request: axum::extract::Request, next: Next) -> Response {
    if shared.is_down() { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { next.run(request).await }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let url = &shared.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks.json"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(locked(&shared.keys).jwks())
}

async fn ask(RawQuery(query): RawQuery) -> Response {
    match Asked::read(&Form::read(query.unwrap_or_default().as_bytes())) {
        Ok(asked) => page(asked.page()),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

/// No script, no frame; the form goes to this issuer, and from there to the client.
fn page(text: String) -> Response {
    let policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    let referrer = (HeaderName::from_static("referrer-policy"), "no-referrer");
    ([(header::CONTENT_SECURITY_POLICY, policy), referrer], Html(text)).into_response()
}

async fn log_in(State(shared): State<Arc<Shared>>, body: axum::body::Bytes) -> Response {
    let form = Form::read(&body);
    let asked = match Asked::read(&form) {
        Ok(asked) => asked,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let Some(user) = form.get("user").map(str::trim).filter(|user| !user.is_empty()) else {
        return page(asked.page());
    };
    let Ok(code) = locked(&shared.keys).secret() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let grant = Grant { subject: user.to_owned(), client: asked.client.clone(), scope: asked.scope.clone() };
    let location = asked.answer(&code, &shared.url);
    let Asked { redirect_uri, challenge, .. } = asked;
    let given_at = Timestamp::now().as_second();
    locked(&shared.codes).give(code, Code { grant, redirect_uri, challenge, given_at });
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

async fn give_token(State(shared): State<Arc<Shared>>, body: axum::body::Bytes) -> Response {
    let form = Form::read(&body);
    let now = Timestamp::now().as_second();
    let lifetime = form.get("expires_in").map_or(Ok(LIFETIME), str::parse);
    let grant = match lifetime {
        Ok(lifetime) => locked(&shared.codes).redeem(&form, now).map(|grant| (grant, lifetime)),
        Err(_) => Err(("invalid_request", "expires_in is not a whole number")),
    };
    let (grant, lifetime): (Grant, i64) = match grant {
        Ok(granted) => granted,
        Err((error, why)) => {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": why })))
                .into_response();
        }
    };
    let id = Uuid::new_v4().to_string();
    let claims = token::claims(&grant, (&shared.url, &shared.audience), &id, now, lifetime);
    match locked(&shared.keys).sign(&claims) {
        Ok(token) => {
            let mut answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime });
            if let Some(scope) = grant.scope {
                answer["scope"] = json!(scope);
            }
            Json(answer).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn rotate(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let drop_old = match Form::read(query.unwrap_or_default().as_bytes()).get("drop") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return (StatusCode::BAD_REQUEST, "drop is true or false").into_response(),
    };
    let mut keys = locked(&shared.keys);
    match keys.rotate(drop_old) {
        Ok(()) => Json(json!({ "kid": keys.id() })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn down(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let seconds = form.get("seconds").and_then(|text| text.parse().ok()).filter(|seconds| *seconds <= LONGEST_OUTAGE);
    let Some(seconds) = seconds else {
        return (StatusCode::BAD_REQUEST, "seconds is a whole number, at most 3600").into_response();
    };
    *locked(&shared.down_until) = Instant::now().checked_add(Duration::from_secs(seconds));
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    const URL: &str = "http://127.0.0.1:9";

    async fn ask(router: &Router, line: &str, body: &str) -> (u16, String, String) {
        let (method, uri) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(uri).body(Body::from(body.to_owned())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let location = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    fn claims(answer: &str) -> Value {
        let answer: Value = serde_json::from_str(answer).unwrap();
        let token = answer["access_token"].as_str().unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_user_logs_in_and_a_client_gets_a_token_and_the_issuer_can_be_down() {
        let router = router(Arc::new(Shared::new(URL.to_owned(), "shop".to_owned()).unwrap()));
        let asked = "response_type=code&client_id=docs&redirect_uri=http://localhost/cb&code_challenge_method=S256\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope=events:read&state=s";
        let (status, _, page) = ask(&router, &format!("GET /authorize?{asked}"), "").await;
        assert!(status == 200 && page.contains("name=\"user\""), "{page}");
        assert_eq!(ask(&router, "POST /authorize", &format!("{asked}&user=+")).await.0, 200, "it asks again");
        let (status, location, _) = ask(&router, "POST /authorize", &format!("{asked}&user=ann")).await;
        assert_eq!(status, 303);
        let code = Form::read(location.split_once('?').unwrap().1.as_bytes()).get("code").unwrap().to_owned();
        let form = format!(
            "grant_type=authorization_code&client_id=docs&redirect_uri=http://localhost/cb&code={code}\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let (status, _, answer) = ask(&router, "POST /token", &form).await;
        assert_eq!(status, 200, "{answer}");
        let user = claims(&answer);
        assert_eq!(
            (&user["sub"], &user["client_id"], &user["scope"]),
            (&json!("ann"), &json!("docs"), &json!("events:read"))
        );
        assert_eq!((&user["iss"], &user["aud"]), (&json!(URL), &json!("shop")));
        assert_eq!(ask(&router, "POST /token", &form).await.0, 400, "a code is good once");

        let (_, _, answer) =
            ask(&router, "POST /token", "grant_type=client_credentials&client_id=till&expires_in=-60").await;
        let client = claims(&answer);
        assert_eq!(client["sub"], "till");
        assert!(client["exp"].as_i64().unwrap() < Timestamp::now().as_second());

        assert_eq!(ask(&router, "POST /control/down?seconds=60", "").await.0, 204);
        for path in ["/jwks.json", "/.well-known/openid-configuration"] {
            assert_eq!(ask(&router, &format!("GET {path}"), "").await.0, 503);
        }
        assert_eq!(ask(&router, "POST /control/down?seconds=0", "").await.0, 204);
        let (_, _, before) = ask(&router, "GET /jwks.json", "").await;
        assert_eq!(ask(&router, "POST /control/rotate?drop=true", "").await.0, 200);
        assert_ne!(ask(&router, "GET /jwks.json", "").await.2, before);
        for line in ["POST /control/rotate?drop=x", "POST /control/down", "GET /authorize?x=1", "POST /token"] {
            assert_eq!(ask(&router, line, "").await.0, 400, "{line}");
        }
    }
}
