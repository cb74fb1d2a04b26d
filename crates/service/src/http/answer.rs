//! Errors as the HTTP side tells them: a status, a stable code, a sentence.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sea_orm::sqlx;
use serde::Serialize;
use utoipa::ToSchema;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorDetail,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorDetail {
    /// Stable, `snake_case`.
    code: &'static str,
    /// One sentence for a person.
    message: String,
}

impl Refused {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Refused {
        Refused {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "not_found", message)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = ErrorDetail {
            code: self.code,
            message: self.message,
        };
        (self.status, Json(ErrorBody { error })).into_response()
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Refused {
        Refused::bad_request(rejection.body_text())
    }
}

impl From<PathRejection> for Refused {
    fn from(rejection: PathRejection) -> Refused {
        Refused::bad_request(rejection.body_text())
    }
}

/// A read that failed: the database is away, or the question takes too long.
impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Refused {
        let state = error.as_database_error().and_then(|refusal| refusal.code());
        match state.as_deref() {
            Some("57014") => Refused::new(
                StatusCode::GATEWAY_TIMEOUT,
                "timeout",
                "the database took too long",
            ),
            Some("42P01" | "3F000") => Refused::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "migrations_pending",
                "the schema is not there: plimsoll migrate up",
            ),
            _ => {
                tracing::warn!(%error, "a read over HTTP failed: {error}");
                Refused::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "database_unavailable",
                    "the database cannot be asked",
                )
            }
        }
    }
}

pub(super) async fn no_route(uri: Uri) -> Refused {
    Refused::not_found(format!("there is nothing at {}", uri.path()))
}

pub(super) async fn no_method() -> Refused {
    Refused::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "only GET",
    )
}
