//! Whether a webhook may call a URL, as far as this is known when its timer is created. It is checked again before each
//! request.

use std::time::Duration;

use millrace_api::Problem;
use millrace_domain::validation::FieldError;
use millrace_domain::webhook::guard::{Policy, Refusal, Resolve, Unreachable};

/// Time limit for resolving a name. A slower resolver is treated like a name that does not resolve yet.
const LOOKUP: Duration = Duration::from_secs(1);

/// Checks a URL, and the addresses of its host if they can be resolved now.
///
/// # Errors
/// 400 for text that is not a URL, 422 for a URL that no webhook may call.
pub async fn check(policy: &Policy, resolver: &dyn Resolve, url: &str) -> Result<(), Problem> {
    let url = policy.judge_url(url).map_err(|refusal| refused(&refusal))?;
    match tokio::time::timeout(LOOKUP, policy.reach(&url, resolver)).await {
        Ok(Err(Unreachable::Refused(refusal))) => Err(refused(&refusal)),
        Ok(Ok(_) | Err(Unreachable::Unresolved(_))) | Err(_) => Ok(()),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let (code, detail) = (refusal.code(), refusal.to_string());
    match refusal {
        Refusal::TooLong | Refusal::NotAUrl(_) => Problem::invalid_field("/url", code, detail),
        _ => {
            let error = FieldError { field: "/url".to_owned(), code, detail };
            Problem::unprocessable("url_refused", "no webhook goes to this URL", vec![error])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use futures::future::BoxFuture;

    use super::*;

    /// Resolves one name to a private address, and never answers for another.
    struct Resolver;

    impl Resolve for Resolver {
        fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
            Box::pin(async move {
                match host {
                    "private.example.com" => Ok(vec![SocketAddr::from(([10, 0, 0, 1], port))]),
                    "slow.example.com" => std::future::pending().await,
                    _ => Err(io::Error::from(io::ErrorKind::NotFound)),
                }
            })
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_where_it_resolves_and_taken_where_it_does_not_yet() {
        let policy = Policy::public(&[]);
        let judged = async |url| check(&policy, &Resolver, url).await.map_err(|problem| problem.status().as_u16());
        assert_eq!(judged("https://private.example.com/").await, Err(422));
        assert_eq!(judged("https://127.0.0.1/").await, Err(422));
        assert_eq!(judged("http://example.com/").await, Err(422));
        assert_eq!(judged("example.com").await, Err(400));
        assert_eq!(judged("https://unknown.example.com/").await, Ok(()));
        assert_eq!(judged("https://slow.example.com/").await, Ok(()));
    }
}
