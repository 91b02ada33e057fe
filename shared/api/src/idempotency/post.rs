//! The extractor of a POST that is made once.

use axum::extract::FromRequest;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;

use super::{Answer, Claim, Keys, Request};
use crate::serve::Caller;
use crate::{Body, Problem};
use millrace_platform::clock;

/// A POST whose `Idempotency-Key`, where it has one, makes it once.
#[derive(Debug, Clone)]
pub struct Post {
    /// The body.
    pub body: Bytes,
    headers: HeaderMap,
    caller: Caller,
}

impl<S: Send + Sync> FromRequest<S> for Post {
    type Rejection = Problem;

    async fn from_request(request: http::Request<axum::body::Body>, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let Body(body) = Body::from_request(request, state).await?;
        Ok(Self { body, headers, caller })
    }
}

impl Post {
    /// Does it once: replays the stored answer, or lets `act` do it with the claim that it is to complete
    /// ([`Keys::complete`]). Without a key there is no claim. `route` is the same for all names of a route.
    ///
    /// # Errors
    /// 400 for a key that is none; 409, 422 as the module says; 503 when the store does not answer; and those of `act`.
    pub async fn once(
        &self,
        keys: &Keys,
        route: &str,
        act: impl AsyncFnOnce(Option<Claim>) -> Result<Answer, Problem>,
    ) -> Result<Response, Problem> {
        let request = Request::read(&self.headers, &self.caller.0, route, &self.body)?;
        keys.once(request, clock::now(), clock::new_id(), act).await
    }
}
