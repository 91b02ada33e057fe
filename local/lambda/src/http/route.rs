//! Which route of an HTTP API a request takes.
//!
//! A static segment is more specific than `{name}`, which is more specific than `{name+}`; `$default` takes the rest.
//! With the same path, a method is more specific than `ANY` (API Gateway developer guide, "Create routes for HTTP
//! APIs", "Routing API requests"). A trailing slash makes a different path.

use std::collections::BTreeMap;

use local_template::model::{Authorizer, Route};

const DEFAULT: &str = "$default";

/// The routes of the API, most specific first.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    routes: Vec<Parsed>,
}

#[derive(Debug, Clone)]
struct Parsed {
    method: Option<String>,
    segments: Vec<Segment>,
    key: String,
    function: String,
    authorizer: Option<Authorizer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Static(String),
    Parameter(String),
    Greedy(String),
    /// `$default`.
    Anything,
}

/// The route that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// Name of the function.
    pub function: &'a str,
    /// Who decides whether the request may pass.
    pub authorizer: Option<&'a Authorizer>,
    /// For example `ANY /products/{id}`.
    pub route_key: &'a str,
    /// Values of the path parameters, percent-decoded.
    pub parameters: BTreeMap<String, String>,
}

impl Routes {
    /// The routes of the template.
    pub fn new(routes: &[Route]) -> Routes {
        let mut routes: Vec<Parsed> = routes.iter().map(Parsed::new).collect();
        routes.sort_by(|a, b| {
            let kinds = |route: &Parsed| route.segments.iter().map(Segment::rank).collect::<Vec<_>>();
            kinds(a).cmp(&kinds(b)).then(b.method.cmp(&a.method))
        });
        Routes { routes }
    }

    /// The most specific route for a method and a path as in the request line.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        self.routes.iter().find_map(|route| {
            let method_fits = route.method.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(method));
            let parameters = method_fits.then(|| route.parameters(path)).flatten()?;
            let authorizer = route.authorizer.as_ref();
            Some(Match { function: &route.function, authorizer, route_key: &route.key, parameters })
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Segment {
        match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Greedy(name.to_owned()),
                None => Segment::Parameter(name.to_owned()),
            },
            None => Segment::Static(text.to_owned()),
        }
    }

    /// Lower is more specific.
    fn rank(&self) -> u8 {
        match self {
            Segment::Static(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
            Segment::Anything => 3,
        }
    }
}

impl Parsed {
    fn new(route: &Route) -> Parsed {
        let is_default = route.path.trim_start_matches('/') == DEFAULT;
        let segments =
            if is_default { vec![Segment::Anything] } else { split(&route.path).map(Segment::parse).collect() };
        let key = match &route.method {
            _ if is_default => DEFAULT.to_owned(),
            Some(method) => format!("{} {}", method.to_ascii_uppercase(), route.path),
            None => format!("ANY {}", route.path),
        };
        let (method, authorizer) = (route.method.clone(), route.authorizer.clone());
        Parsed { method, segments, key, function: route.function.clone(), authorizer }
    }

    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut rest = path.strip_prefix('/')?;
        let mut more = true;
        for segment in &self.segments {
            if !more {
                return None;
            }
            match segment {
                Segment::Anything => return Some(parameters),
                Segment::Greedy(name) => {
                    parameters.insert(name.clone(), decode(rest));
                    return (!rest.is_empty()).then_some(parameters);
                }
                Segment::Static(_) | Segment::Parameter(_) => {}
            }
            let (part, remaining) = match rest.split_once('/') {
                Some((part, remaining)) => (part, Some(remaining)),
                None => (rest, None),
            };
            match segment {
                Segment::Static(text) if text == part || *text == decode(part) => {}
                Segment::Parameter(name) if !part.is_empty() => {
                    parameters.insert(name.clone(), decode(part));
                }
                _ => return None,
            }
            more = remaining.is_some();
            rest = remaining.unwrap_or_default();
        }
        (!more).then_some(parameters)
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Percent-decodes; invalid UTF-8 is replaced, and a lone `%` is kept.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*byte));
        rest = after.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Option<&str>, path: &str) -> Route {
        Route { method: method.map(str::to_owned), path: path.into(), function: "f".into(), authorizer: None }
    }

    #[test]
    fn the_most_specific_route_wins_whatever_the_order_of_the_template() {
        // The example of the developer guide, plus `ANY`.
        let mut template = vec![
            route(None, "/{proxy+}"),
            route(None, "$default"),
            route(Some("GET"), "/pets/{proxy+}"),
            route(Some("GET"), "/pets/dog/{id}"),
            route(None, "/pets/dog/{id}"),
            route(Some("GET"), "/pets/dog/1"),
        ];
        let cases = [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("POST", "/pets/dog/2", "ANY /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
            ("GET", "/", "$default"),
        ];
        for _ in 0..2 {
            let routes = Routes::new(&template);
            for (method, path, key) in cases {
                assert_eq!(routes.find(method, path).map(|found| found.route_key), Some(key), "{method} {path}");
            }
            template.reverse();
        }
    }

    #[test]
    fn what_no_route_fits_is_not_found() {
        let routes =
            Routes::new(&[route(None, "/products"), route(None, "/products/{id}"), route(Some("POST"), "/orders")]);
        for (method, path) in
            [("GET", "/"), ("GET", "/products/"), ("GET", "/products/1/2"), ("GET", "/orders"), ("GET", "//products")]
        {
            assert_eq!(routes.find(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn parameters_are_decoded_after_the_path_is_split() {
        let routes = Routes::new(&[route(None, "/products/{id}"), route(None, "/files/{path+}")]);
        let parameter = |path: &str, name: &str| {
            routes.find("GET", path).and_then(|found| found.parameters.get(name).cloned()).unwrap()
        };
        assert_eq!(parameter("/products/a%2Fb%20c", "id"), "a/b c");
        assert_eq!(parameter("/products/100%", "id"), "100%");
        assert_eq!(parameter("/products/%zz%C3%BC", "id"), "%zzü");
        assert_eq!(parameter("/files/a/b%20c", "path"), "a/b c");
    }
}
