//! Products.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{self, query_scalar};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unpack;

/// A product as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Product {
    /// Its public name.
    pub(crate) sku: String,
    /// Units on hand.
    pub(crate) current_stock: i64,
    /// Movements that made it so, on top of the opening's version.
    pub(crate) version: i64,
    /// The lowest stock the platform allows, in units.
    pub(crate) stock_floor: i64,
    /// Whether all its events wait behind a parked one.
    pub(crate) held: bool,
    /// When the row was last changed by a movement, RFC 3339.
    pub(crate) updated_at: String,
}

const ONE: &str = "
SELECT row_to_json(q) FROM (
    SELECT sku, current_stock, version, stock_floor, held, updated_at FROM products WHERE sku = $1
) q";

const PAGE: &str = "
SELECT row_to_json(q) FROM (
    SELECT sku, current_stock, version, stock_floor, held, updated_at FROM products
    WHERE sku > $1 AND starts_with(sku, $2) ORDER BY sku LIMIT $3
) q";

/// The product of a SKU.
pub(crate) async fn one(db: &PgPool, sku: &str) -> Result<Option<Product>, sqlx::Error> {
    let row: Option<Json<Product>> = query_scalar(ONE).bind(sku).fetch_optional(db).await?;
    Ok(row.map(|Json(product)| product))
}

/// Products in the database's order of SKUs, after the SKU `after` (empty: from the first), of
/// those whose SKU begins with `prefix`.
pub(crate) async fn page(
    db: &PgPool,
    after: &str,
    prefix: &str,
    limit: i64,
) -> Result<Vec<Product>, sqlx::Error> {
    Ok(unpack(
        query_scalar(PAGE)
            .bind(after)
            .bind(prefix)
            .bind(limit)
            .fetch_all(db)
            .await?,
    ))
}
