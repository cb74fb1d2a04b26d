//! The world before its first event: products that were adopted, products that nobody met yet, SKUs
//! without any.

use plimsoll_domain::{Limits, OnUnknownSku, Policy, Stock};

use crate::chance::Chance;
use crate::plan::{Feature, Plan};
use crate::rows::{Part, Product, Tables};

pub(crate) fn policy(plan: &Plan, chance: &mut Chance) -> Policy {
    let choices = [
        OnUnknownSku::Park,
        OnUnknownSku::Reject,
        OnUnknownSku::Create,
    ];
    Policy {
        unknown_sku: chance.pick(&choices),
        floor_default: chance.pick(&[0, 0, -3]),
        limits: match plan.has(Feature::Narrow) {
            true => Limits {
                units_max: 63,
                version_max: 40,
            },
            false => Limits::default(),
        },
    }
}

pub(crate) fn tables(plan: &Plan, skus: usize, chance: &mut Chance) -> Tables {
    let mut tables = Tables {
        products: vec![None; skus],
        unknown: vec![None; skus],
        openings: vec![None; skus],
        parts: vec![Part { closed: None }],
        ..Tables::default()
    };
    for sku in 0..skus {
        let (absent, adopted) = (chance.percent(60), chance.percent(60));
        let (units, version) = (chance.between(0, 12), chance.between(0, 3));
        if plan.has(Feature::UnknownSkus) && absent {
            continue;
        }
        tables.products[sku] = Some(product(units, version, 0, adopted));
        tables.openings[sku] = adopted.then_some((units, version));
    }
    tables
}

/// A product as migration leaves it, or as SQL makes it.
pub(crate) fn product(units: i64, version: i64, floor: i64, adopted: bool) -> Product {
    Product {
        stock: Stock {
            units,
            version,
            floor,
            decisions: i64::from(adopted),
            ledger: adopted.then_some((units, version)),
            held: false,
        },
        refused: false,
    }
}
