//! What stands before every route: a token for the API, a limit of time, and no bodies, since
//! nothing here reads one.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use super::App;
use super::answer::Refused;

/// An answer that takes longer is not waited for. Above the database's own limit, which gives the
/// better answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Lets a request through that carries the token, if one is asked for.
pub(super) async fn token(State(app): State<App>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .map(|value| value.as_bytes());
    let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
    let lets_in = match &app.token {
        None => true,
        // The time it takes tells nothing about how much of a guess was right.
        Some(token) => given.is_some_and(|given| bool::from(given.ct_eq(token.as_bytes()))),
    };
    if lets_in {
        return next.run(request).await;
    }
    let refused = Refused::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "send the token of admin.token_file as Authorization: Bearer …",
    );
    ([("www-authenticate", "Bearer")], refused).into_response()
}

pub(super) async fn time(request: Request, next: Next) -> Response {
    let late =
        || Refused::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "it took too long").into_response();
    timeout(ANSWER_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| late())
}

pub(super) async fn no_body(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_empty = headers
        .get(CONTENT_LENGTH)
        .is_none_or(|length| length == "0");
    if is_empty && !headers.contains_key(TRANSFER_ENCODING) {
        return next.run(request).await;
    }
    // The connection ends with the answer, so that nobody waits for the rest of the body.
    let refused = Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_not_allowed",
        "no request here has a body",
    );
    ([("connection", "close")], refused).into_response()
}
