//! `plimsoll products show`: a product and how it came to its stock.

use sea_orm::sqlx::postgres::PgPool;

use crate::exit::{Failure, Verdict};
use crate::reads;
use crate::reads::ledger::Line;
use crate::say::{self, Column};

/// Ledger lines to show.
const LINES: i64 = 10;

/// Parked events to count one by one.
const PARKED_MAX: i64 = 1_000;

pub(super) async fn run(db: &PgPool, sku: &str, json: bool) -> Result<Verdict, Failure> {
    let Some(product) = reads::products::one(db, sku).await? else {
        return Err(Failure::failed(
            format!("there is no product {sku}"),
            "import it: plimsoll products import FILE.csv",
        ));
    };
    let lines = reads::ledger::page(db, sku, i64::MAX, LINES)
        .await?
        .unwrap_or_default();
    if json {
        say::json(&serde_json::json!({ "product": product, "ledger": lines }));
        return Ok(Verdict::Done);
    }
    say::line(format_args!("sku      {}", product.sku));
    say::line(format_args!(
        "stock    {}",
        say::count(product.current_stock)
    ));
    say::line(format_args!("floor    {}", say::count(product.stock_floor)));
    say::line(format_args!("version  {}", say::count(product.version)));
    say::line(format_args!("changed  {}", product.updated_at));
    if product.held {
        say::line(format_args!(
            "held     all its events wait: {}",
            waiting(db, sku).await?
        ));
    }
    say::line("");
    table(lines);
    Ok(Verdict::Done)
}

/// How many events wait, as far as that is worth counting.
async fn waiting(db: &PgPool, sku: &str) -> Result<String, Failure> {
    let filter = reads::parked::Filter {
        sku: Some(sku.to_owned()),
        ..Default::default()
    };
    let parked = reads::parked::page(db, &filter, 0, PARKED_MAX).await?.len();
    let parked = i64::try_from(parked).unwrap_or(PARKED_MAX);
    let at_least = if parked == PARKED_MAX {
        "at least "
    } else {
        ""
    };
    Ok(format!("{at_least}{} parked", say::plural(parked, "event")))
}

fn table(lines: Vec<Line>) {
    let columns = [
        Column::Right("version"),
        Column::Left("kind"),
        Column::Right("change"),
        Column::Right("stock"),
        Column::Left("record"),
        Column::Left("recorded at"),
        Column::Left("reason"),
    ];
    let rows: Vec<Vec<String>> = lines
        .into_iter()
        .map(|line| {
            let record = match (line.topic, line.partition, line.record_offset) {
                (Some(topic), Some(partition), Some(offset)) => {
                    format!("{topic}/{partition}/{offset}")
                }
                _ => String::new(),
            };
            vec![
                line.version.to_string(),
                line.kind,
                say::count(line.quantity_change),
                say::count(line.stock_after),
                record,
                line.recorded_at,
                line.reason.unwrap_or_default(),
            ]
        })
        .collect();
    say::table(&columns, &rows);
}
