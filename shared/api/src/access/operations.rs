//! What each operation needs. The contract says the same to clients (`security`), and the template has the same routes; the
//! test `access` holds all three equal.

use http::{HeaderValue, Method};
use millrace_access::Scope;
use millrace_access::Scope::{
    AnalyticsRead, DlqRedrive, EventsAnyUser, EventsRead, EventsWrite, IngredientsRead, IngredientsWrite, LogRead,
    NotificationsRead, OrdersRead, OrdersWrite, ProductsRead, ProductsWrite, Seed, TimersRead, TimersWrite,
};

/// An operation of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Method. `HEAD` needs what `GET` needs, and `OPTIONS` nothing.
    pub method: Method,
    /// Path as the routers and the template have it.
    pub route: &'static str,
    /// Scopes that it needs, all of them; without any it is open to everybody.
    pub scopes: &'static [Scope],
}

const fn open(route: &'static str) -> Operation {
    to(Method::GET, route, &[])
}

const fn to(method: Method, route: &'static str, scopes: &'static [Scope]) -> Operation {
    Operation { method, route, scopes }
}

/// Every operation. What lists the events of all users, or of all functions, needs the scope for other users too.
pub static OPERATIONS: [Operation; 46] = [
    open("/asyncapi.json"),
    open("/console"),
    open("/console/{version}/{file}"),
    open("/docs"),
    open("/docs/callback"),
    open("/docs/events"),
    open("/docs/{file}"),
    open("/health"),
    open("/openapi.json"),
    open("/schemas/{file}"),
    to(Method::GET, "/health/ready", &[LogRead]),
    to(Method::GET, "/products", &[ProductsRead]),
    to(Method::POST, "/products", &[ProductsWrite]),
    to(Method::GET, "/products/{id}", &[ProductsRead]),
    to(Method::PUT, "/products/{id}", &[ProductsWrite]),
    to(Method::PATCH, "/products/{id}", &[ProductsWrite]),
    to(Method::DELETE, "/products/{id}", &[ProductsWrite]),
    to(Method::GET, "/orders", &[OrdersRead]),
    to(Method::POST, "/orders", &[OrdersWrite]),
    to(Method::POST, "/order", &[OrdersWrite]),
    to(Method::GET, "/orders/{id}", &[OrdersRead]),
    to(Method::POST, "/orders/seed", &[Seed]),
    to(Method::POST, "/order/seed", &[Seed]),
    to(Method::GET, "/ingredients", &[IngredientsRead]),
    to(Method::POST, "/ingredients", &[IngredientsWrite]),
    to(Method::GET, "/ingredients/{id}", &[IngredientsRead]),
    to(Method::PUT, "/ingredients/{id}", &[IngredientsWrite]),
    to(Method::POST, "/ingredients/{id}/restock", &[IngredientsWrite]),
    to(Method::POST, "/events", &[EventsWrite]),
    to(Method::POST, "/events/generate", &[EventsWrite]),
    to(Method::POST, "/events/batch", &[EventsWrite]),
    to(Method::GET, "/events/{id}", &[EventsRead]),
    to(Method::GET, "/users/{id}/events", &[EventsRead]),
    to(Method::GET, "/events/processed", &[EventsRead, EventsAnyUser]),
    to(Method::GET, "/dlq", &[EventsRead, EventsAnyUser]),
    to(Method::POST, "/dlq/{id}/redrive", &[DlqRedrive]),
    to(Method::GET, "/timers", &[TimersRead]),
    to(Method::POST, "/timers", &[TimersWrite]),
    to(Method::GET, "/timers/{id}", &[TimersRead]),
    to(Method::DELETE, "/timers/{id}", &[TimersWrite]),
    to(Method::GET, "/event-log", &[LogRead, EventsAnyUser]),
    to(Method::GET, "/event-log/{id}", &[LogRead, EventsAnyUser]),
    to(Method::GET, "/overview", &[LogRead]),
    to(Method::GET, "/analytics", &[AnalyticsRead]),
    to(Method::GET, "/analytics/products", &[AnalyticsRead]),
    to(Method::GET, "/notifications", &[NotificationsRead, EventsAnyUser]),
];

/// The scopes that a request needs; `None` if there is no such operation.
pub fn scopes(method: &Method, route: &str) -> Option<&'static [Scope]> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    OPERATIONS.iter().find(|known| known.method == *method && known.route == route).map(|known| known.scopes)
}

/// Whether a route has only operations that are open to everybody.
pub fn is_open(route: &str) -> bool {
    let mut known = OPERATIONS.iter().filter(|known| known.route == route).peekable();
    known.peek().is_some() && known.all(|known| known.scopes.is_empty())
}

/// The methods of a route, as `Allow` has them; without `OPTIONS`, which every route has.
pub fn allowed(route: &str) -> HeaderValue {
    let known = OPERATIONS.iter().filter(|known| known.route == route);
    let names = known.flat_map(|known| match known.method {
        Method::GET => vec!["GET", "HEAD"],
        ref other => vec![other.as_str()],
    });
    let names: Vec<&str> = names.collect();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
