//! `plimsoll products`: added, shown, and given a floor. Stock is changed by events only.

mod file;
mod floor;
mod import;
mod show;

pub(crate) use file::Product;
pub(crate) use import::import;

use super::arguments::Products;
use crate::config::Config;
use crate::database;
use crate::exit::{Failure, Verdict};

pub(super) async fn run(config: &Config, command: Products) -> Result<Verdict, Failure> {
    let db = database::open(&config.database, "products").await?;
    match command {
        Products::Import { file, json } => {
            import::run(&db, config.stock.policy.floor_default, &file, json).await
        }
        Products::Show { sku, json } => show::run(&db, &sku, json).await,
        Products::SetFloor(options) => floor::run(&db, &options).await,
    }
}
