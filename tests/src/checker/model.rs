//! The platform in its simplest form: one event after another, in memory. No rules, no faults, no storage. It holds
//! for events that reach it in the order they were decided in, which a topic keyed by SKU guarantees per partition.

use std::collections::HashMap;

use uuid::Uuid;

use super::payload::{Event, Quantity};

/// A product's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Units on hand.
    pub stock: i64,
    /// How many movements made it so.
    pub version: i64,
    /// The lowest stock allowed.
    pub floor: i64,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A ledger line: the change made and the product after it.
    Moved(i64, Product),
    /// `rejected` with this code, decided on this product if its state was looked at.
    Rejected(&'static str, Option<Product>),
    /// A copy of an event that is already decided or parked.
    Duplicate,
    /// `unknown_sku`, where the configuration refuses what it would otherwise park.
    UnknownSku,
    /// It waits, and so does its SKU.
    Parked,
}

/// All SKUs.
#[derive(Debug)]
pub struct Model {
    skus: HashMap<String, Sku>,
    stock_max: i64,
    unknown_rejected: bool,
}

#[derive(Debug, Default)]
struct Sku {
    product: Option<Product>,
    held: bool,
    decided: HashMap<Uuid, Quantity>,
}

impl Model {
    /// No products yet. `stock_max` is what the stock column can hold.
    pub fn new(stock_max: i64, unknown_rejected: bool) -> Self {
        Self {
            skus: HashMap::new(),
            stock_max,
            unknown_rejected,
        }
    }

    /// Opens a product's ledger.
    pub fn open(&mut self, sku: String, product: Product) {
        self.skus.entry(sku).or_default().product = Some(product);
    }

    /// Decides the next event.
    pub fn fold(&mut self, event: &Event) -> Verdict {
        let sku = self.skus.entry(event.sku.clone()).or_default();
        if let Some(first) = event.key.and_then(|key| sku.decided.get(&key)) {
            let same = *first == event.quantity;
            return if same {
                Verdict::Duplicate
            } else {
                Verdict::Rejected("event_id_conflict", None)
            };
        }
        if let Some(key) = event.key {
            sku.decided.insert(key, event.quantity);
        }
        match sku.product {
            None if self.unknown_rejected => Verdict::UnknownSku,
            None => Verdict::Parked,
            Some(_) if sku.held => Verdict::Parked,
            Some(product) => sku.settle(decide(product, event, self.stock_max)),
        }
    }

    /// Where a SKU's product stands.
    pub fn product(&self, sku: &str) -> Option<Product> {
        self.skus.get(sku)?.product
    }

    /// Frees the memory of event ids, once no copies of them can come any more.
    pub fn forget_ids(&mut self) {
        self.skus
            .values_mut()
            .for_each(|sku| sku.decided = HashMap::new());
    }
}

impl Sku {
    fn settle(&mut self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Moved(_, after) => self.product = Some(after),
            Verdict::Parked => self.held = true,
            Verdict::Rejected(..) | Verdict::Duplicate | Verdict::UnknownSku => {}
        }
        verdict
    }
}

fn decide(product: Product, event: &Event, stock_max: i64) -> Verdict {
    if event
        .expected_version
        .is_some_and(|expected| expected != product.version)
    {
        return Verdict::Rejected("stale", Some(product));
    }
    let before = i128::from(product.stock);
    let after = match event.quantity {
        Quantity::Adjust(change) => before + i128::from(change),
        Quantity::Count(units) => i128::from(units),
    };
    if after < i128::from(product.floor) {
        return if event.fact {
            Verdict::Parked
        } else {
            Verdict::Rejected("below_floor", Some(product))
        };
    }
    match (i64::try_from(after), i64::try_from(after - before)) {
        (Ok(stock), Ok(change)) if stock <= stock_max => Verdict::Moved(
            change,
            Product {
                stock,
                version: product.version + 1,
                ..product
            },
        ),
        _ => Verdict::Rejected("overflow", Some(product)),
    }
}

#[cfg(test)]
mod tests;
