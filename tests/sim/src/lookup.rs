//! What the database answers about identities, and what a committed attempt leaves behind in the
//! process. Both follow the real statements row by row.

use plimsoll_domain::fold::Answered;
use plimsoll_domain::{EventKey, Outcome, Slot};

use crate::outside::Outside;
use crate::store::Store;
use crate::work::Work;

/// Slot, identity and SKU.
pub(crate) type Doubt = (u32, EventKey, usize);

/// Adds to `answered` what has a line in a part from `lowest` on.
pub(crate) fn in_ledger(out: &Outside, lowest: usize, doubt: Doubt, answered: &mut Answered) {
    let (slot, key, sku) = doubt;
    let since = out.now - out.window;
    for line in &out.db.tables.lines {
        if (line.sku, line.key) == (sku, Some(key))
            && line.part >= lowest
            && line.at > since
            && let Some(kind) = line.kind
        {
            answered.insert((slot, key), kind);
        }
    }
}

/// Adds to `answered` what was refused or is parked.
pub(crate) fn elsewhere(out: &Outside, doubt: Doubt, answered: &mut Answered) {
    let (slot, key, sku) = doubt;
    let since = out.now - out.window;
    for refused in &out.db.tables.refused {
        if let Some(wish) = refused.wish
            && (wish.sku, wish.key) == (sku, Some(key))
            && refused.answers()
            && refused.at > since
        {
            answered.insert((slot, key), wish.kind);
        }
    }
    for parked in &out.db.tables.parked {
        let wish = parked.wish;
        if (wish.sku, wish.key) == (sku, Some(key)) && parked.at > since {
            answered.insert((slot, key), wish.kind);
        }
    }
}

/// Keeps what a committed attempt made of its SKUs, and the identities it wrote.
pub(crate) fn learn(store: &mut Store, work: &Work, epoch: u64) {
    for (slot, after) in work.folded.slots.iter().enumerate() {
        let (sku, known) = (work.skus[slot], work.known[slot]);
        if !after.touched() {
            continue;
        }
        match after.now {
            Slot::Product(stock) if known.has_product() && stock.ledger.is_some() => {
                let refused = known.refused || after.refused;
                store.keep(epoch, sku, stock, refused);
            }
            Slot::Product(_) | Slot::Unknown(_) => store.knowledge.forget([sku].iter()),
        }
    }
    for (wish, slot, outcome) in work.outcomes() {
        let known = work.known[slot as usize];
        if let (Some(key), Outcome::Movement { .. }) = (wish.key, outcome)
            && known.has_product()
        {
            work.parts.written(wish.sku, key);
        }
    }
}
