//! `/api/v1`: reads of products, ledger, parked events and positions, each page bounded. The
//! OpenAPI document is made from the same lines as the routes, so that they cannot differ.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::openapi::OpenApi as Document;
use utoipa::{IntoParams, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::answer::{ErrorBody, Refused};
use crate::reads::ledger::Line;
use crate::reads::parked::Parked;
use crate::reads::positions::Position;
use crate::reads::products::Product;
use crate::reads::{self};

/// Rows of a page, unless asked for otherwise, and at most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

#[derive(OpenApi)]
#[openapi(info(
    title = "Plimsoll",
    description = "Reads of stock and ledger. Delivered at least once, applied exactly once, in order per SKU. \
                   With admin.token_file set, send `Authorization: Bearer TOKEN`."
))]
struct Info;

/// The document without its paths.
pub(super) fn document() -> Document {
    Info::openapi()
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(products))
        .routes(routes!(product))
        .routes(routes!(ledger))
        .routes(routes!(parked))
        .routes(routes!(positions))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProductsQuery {
    /// Only SKUs that begin so.
    sku_prefix: Option<String>,
    /// Only SKUs after this one: `next` of the page before.
    after: Option<String>,
    /// Rows, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProductsPage {
    products: Vec<Product>,
    /// Give it as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// Products by SKU.
#[utoipa::path(get, path = "/api/v1/products", params(ProductsQuery),
    responses((status = 200, body = ProductsPage), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
async fn products(
    State(app): State<App>,
    query: Result<Query<ProductsQuery>, QueryRejection>,
) -> Result<Json<ProductsPage>, Refused> {
    let Query(query) = query?;
    let limit = limit(query.limit)?;
    let (after, prefix) = (
        query.after.unwrap_or_default(),
        query.sku_prefix.unwrap_or_default(),
    );
    let products = reads::products::page(&app.db, &after, &prefix, limit).await?;
    let next = next(&products, limit, |product| product.sku.clone());
    Ok(Json(ProductsPage { products, next }))
}

/// One product.
#[utoipa::path(get, path = "/api/v1/products/{sku}", params(("sku" = String, Path)),
    responses((status = 200, body = Product), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
async fn product(
    State(app): State<App>,
    sku: Result<Path<String>, PathRejection>,
) -> Result<Json<Product>, Refused> {
    let Path(sku) = sku?;
    let product = reads::products::one(&app.db, &sku).await?;
    product.map(Json).ok_or_else(|| no_product(&sku))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LedgerQuery {
    /// Only versions before this one: `next` of the page before.
    before: Option<i64>,
    /// Rows, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LedgerPage {
    ledger: Vec<Line>,
    /// Give it as `before` for the next page; null on the last one.
    next: Option<i64>,
}

/// The ledger of one product, newest first, down to its opening.
#[utoipa::path(get, path = "/api/v1/products/{sku}/ledger", params(("sku" = String, Path), LedgerQuery),
    responses((status = 200, body = LedgerPage), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
async fn ledger(
    State(app): State<App>,
    sku: Result<Path<String>, PathRejection>,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Json<LedgerPage>, Refused> {
    let (Path(sku), Query(query)) = (sku?, query?);
    let limit = limit(query.limit)?;
    let lines = reads::ledger::page(&app.db, &sku, query.before.unwrap_or(i64::MAX), limit).await?;
    let ledger = lines.ok_or_else(|| no_product(&sku))?;
    let next = next(&ledger, limit, |line| line.version);
    Ok(Json(LedgerPage { ledger, next }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ParkedQuery {
    /// Only this SKU.
    sku: Option<String>,
    /// Only those that wait for this code.
    code: Option<String>,
    /// Only those parked by this rule.
    rule: Option<String>,
    /// Only numbers after this one: `next` of the page before.
    after: Option<i64>,
    /// Rows, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ParkedPage {
    parked: Vec<Parked>,
    /// Give it as `after` for the next page; null on the last one.
    next: Option<i64>,
}

/// Events that wait, in the order in which they will be released.
#[utoipa::path(get, path = "/api/v1/parked", params(ParkedQuery),
    responses((status = 200, body = ParkedPage), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
async fn parked(
    State(app): State<App>,
    query: Result<Query<ParkedQuery>, QueryRejection>,
) -> Result<Json<ParkedPage>, Refused> {
    let Query(query) = query?;
    let limit = limit(query.limit)?;
    let filter = reads::parked::Filter {
        sku: query.sku,
        code: query.code,
        rule: query.rule,
    };
    let parked = reads::parked::page(&app.db, &filter, query.after.unwrap_or(0), limit).await?;
    let next = next(&parked, limit, |event| event.number);
    Ok(Json(ParkedPage { parked, next }))
}

#[derive(Debug, Serialize, ToSchema)]
struct Positions {
    positions: Vec<Position>,
}

/// How far each partition is applied.
#[utoipa::path(get, path = "/api/v1/positions",
    responses((status = 200, body = Positions), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
async fn positions(State(app): State<App>) -> Result<Json<Positions>, Refused> {
    Ok(Json(Positions {
        positions: reads::positions::all(&app.db).await?,
    }))
}

fn limit(asked: Option<i64>) -> Result<i64, Refused> {
    match asked.unwrap_or(PAGE) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => Err(Refused::bad_request(format!(
            "limit is {limit}, not 1 to {PAGE_MAX}"
        ))),
    }
}

/// Where the next page begins, if this one is full.
fn next<T, K>(rows: &[T], limit: i64, key: impl Fn(&T) -> K) -> Option<K> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    rows.last().filter(|_| full).map(key)
}

fn no_product(sku: &str) -> Refused {
    Refused::not_found(format!("there is no product {sku}"))
}
