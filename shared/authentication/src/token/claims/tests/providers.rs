//! The tokens of providers, with their own claims.

use serde_json::{Value, json};

use super::{NOW, Rules, rules, with};

/// A provider's access tokens, for a user and for a program, and what its ID token has that these have not.
pub struct Provider {
    pub rules: Rules,
    pub typ: Option<&'static str>,
    pub user: Value,
    pub service: Value,
    pub id_token: Value,
}

pub fn cognito() -> Provider {
    let issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example";
    let common = json!({
        "iss": issuer, "token_use": "access", "version": 2, "jti": "4c1b1d1c-0000-4000-8000-000000000000",
        "auth_time": NOW - 60, "iat": NOW - 60, "exp": NOW + 3600,
    });
    let user = json!({
        "sub": "7d8ca528-4931-4254-9273-ea5ee853f271", "client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "username": "ann",
        "cognito:groups": ["staff"], "origin_jti": "a", "event_id": "b", "scope": "openid shop/orders:write shop/orders:read",
    });
    let service = json!({
        "sub": "1example23456789", "client_id": "1example23456789", "scope": "shop/orders:write shop/orders:read other/seed",
    });
    let id_token = json!({
        "token_use": "id", "aud": "3n4b5urk1ft4fl3mg5e62d9ado", "cognito:username": "ann", "at_hash": "x", "email": "ann@example.com",
    });
    Provider {
        rules: rules(issuer, &["shop"], &["3n4b5urk1ft4fl3mg5e62d9ado", "1example23456789"]),
        typ: None,
        user: with(&common, user),
        service: with(&common, service),
        id_token,
    }
}

pub fn auth0() -> Provider {
    let issuer = "https://shop.eu.auth0.com/";
    let common = json!({"iss": issuer, "iat": NOW - 60, "exp": NOW + 86_400});
    let user = json!({
        "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": ["https://api.example", "https://shop.eu.auth0.com/userinfo"],
        "azp": "my_client_id", "scope": "openid profile orders:read", "permissions": ["orders:write", "orders:read"],
    });
    let service = json!({
        "sub": "my_service_id@clients", "aud": "https://api.example", "azp": "my_service_id", "gty": "client-credentials",
        "scope": "orders:write orders:read",
    });
    let id_token = json!({"aud": "my_client_id", "nonce": "n-0S6_WzA2Mj", "nickname": "ann", "updated_at": "2026-11-21T06:00:00Z"});
    Provider {
        rules: rules(issuer, &["https://api.example"], &[]),
        typ: Some("at+jwt"),
        user: with(&common, user),
        service: with(&common, service),
        id_token,
    }
}

pub fn keycloak() -> Provider {
    let issuer = "https://sso.example/realms/shop";
    let common = json!({
        "iss": issuer, "typ": "Bearer", "exp": NOW + 300, "iat": NOW - 1, "jti": "onrtac:1", "acr": "1",
        "realm_access": {"roles": ["seed", "offline_access"]}, "resource_access": {"account": {"roles": ["dlq:redrive"]}},
        "scope": "email profile orders:read orders:write",
    });
    let user = json!({
        "sub": "0b1b3c2e-7d0a-4a39-8a52-3d7b3d3f3a11", "aud": ["shop-api", "account"], "azp": "shop-web", "sid": "s",
        "preferred_username": "ann", "allowed-origins": ["https://shop.example"],
    });
    let service = json!({
        "sub": "f2c4a1de-6f4b-4d7b-9d3e-0a8d8d5f9c01", "aud": "shop-api", "azp": "Shop-Till", "client_id": "Shop-Till",
        "clientHost": "203.0.113.7", "clientAddress": "203.0.113.7", "preferred_username": "service-account-shop-till",
    });
    let id_token = json!({"typ": "ID", "aud": "shop-web", "at_hash": "x", "sid": "s"});
    Provider {
        rules: rules(issuer, &["shop-api"], &[]),
        typ: Some("JWT"),
        user: with(&common, user),
        service: with(&common, service),
        id_token,
    }
}

pub fn entra(version: u8) -> Provider {
    let (issuer, audience, client) = match version {
        1 => ("https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", "api://shop", "appid"),
        _ => (
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "11112222-bbbb-3333-cccc-4444dddd5555",
            "azp",
        ),
    };
    let common = json!({
        "iss": issuer, "aud": audience, "tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "ver": format!("{version}.0"), "uti": "u",
        "rh": "0.A", "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3900,
    });
    let mut user = json!({
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "oid": "00000000-0000-0000-66f3-3332eca7ea81", "name": "Ann",
        "preferred_username": "ann@example.com", "roles": ["seed"], "scp": "orders:read orders:write",
    });
    // Its permissions are in `roles`, and so it has none until an administrator grants it scopes.
    let mut service = json!({
        "sub": "ea9c7a4b-0000-4000-8000-000000000000", "oid": "ea9c7a4b-0000-4000-8000-000000000000", "idtyp": "app", "roles": ["seed"],
    });
    user[client] = json!("00001111-aaaa-2222-bbbb-3333cccc4444");
    service[client] = json!("22223333-cccc-4444-dddd-5555eeee6666");
    let id_token = json!({"aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "nonce": "n", "scp": null});
    Provider {
        rules: rules(issuer, &[audience], &[]),
        typ: Some("JWT"),
        user: with(&common, user),
        service: with(&common, service),
        id_token,
    }
}
