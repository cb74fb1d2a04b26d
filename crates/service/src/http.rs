//! The HTTP side: probes, metrics, and reads of what is in the database. It writes nothing, and
//! the consumer does not know that it is there.

mod answer;
mod api;
mod guard;
mod probes;
mod server;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use plimsoll_core::Watch;
use plimsoll_telemetry::Metrics;
use sea_orm::sqlx::postgres::PgPool;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use probes::Stage;
pub(crate) use server::serve;

/// What the routes look at.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) db: PgPool,
    pub(crate) watch: Arc<Watch>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stage: watch::Receiver<Stage>,
    /// What `/api` asks for; `None` lets everybody in, which only a loopback address may do.
    pub(crate) token: Option<Arc<str>>,
}

/// All routes. Probes and metrics are open to whoever reaches the port.
pub(crate) fn routes(app: App) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(api::document())
        .merge(api::routes())
        .split_for_parts();
    let document = Arc::new(document);
    let api = api
        .route(
            "/api/v1/openapi.json",
            get(move || async move { axum::Json((*document).clone()) }),
        )
        .layer(from_fn_with_state(app.clone(), guard::token));
    Router::new()
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .merge(api)
        .fallback(answer::no_route)
        .method_not_allowed_fallback(answer::no_method)
        .layer(from_fn(guard::time))
        .layer(from_fn(guard::no_body))
        .with_state(app)
}
