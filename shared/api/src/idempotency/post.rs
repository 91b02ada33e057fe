//! The extractor of an idempotent POST.

use axum::extract::FromRequest;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;

use super::{Answer, Claim, Keys, Request};
use crate::{Access, Body, Problem};
use millrace_platform::clock;

/// A POST that is performed once per `Idempotency-Key`, if it has one.
#[derive(Debug, Clone)]
pub struct Post {
    /// The body.
    pub body: Bytes,
    /// Headers.
    pub headers: HeaderMap,
    access: Access,
}

impl<S: Send + Sync> FromRequest<S> for Post {
    type Rejection = Problem;

    async fn from_request(request: http::Request<axum::body::Body>, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        // Set by `serve`.
        let access = request.extensions().get::<Access>().cloned().ok_or_else(Problem::unavailable)?;
        let Body(body) = <Body>::from_request(request, state).await?;
        Ok(Self { body, headers, access })
    }
}

impl Post {
    /// Performs the request once: replays the stored response, or calls `act` with the claim that it has to complete
    /// ([`Keys::complete`]). Without a key there is no claim. `route` is the same for all aliases of a route.
    ///
    /// # Errors
    /// 400 for an invalid key; 409 and 422 as the module documentation says; 503 when the store does not answer; and
    /// the errors of `act`.
    pub async fn once(
        &self,
        keys: &Keys,
        route: &str,
        act: impl AsyncFnOnce(Option<Claim>) -> Result<Answer, Problem>,
    ) -> Result<Response, Problem> {
        let request = Request::read(&self.headers, self.access.principal(), route, &self.body)?;
        keys.once(request, clock::now(), clock::new_id(), act).await
    }
}
