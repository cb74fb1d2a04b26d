//! What rules cost, and what replacing them costs: Plimsoll with the shipped rules beside Plimsoll without, in turn.
//! What one call of a rule costs is measured elsewhere (`cargo xtask bench rules`).

mod pairs;
mod reload;
mod show;

pub(super) mod shipped;

use pairs::Pair;
use reload::Replaced;

use super::stage::Stage;

/// All that was measured.
#[derive(Default)]
pub(super) struct Rules {
    pairs: Vec<Pair>,
    reload: Vec<Replaced>,
}

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Rules> {
    let mut pairs = Vec::new();
    for case in pairs::CASES {
        pairs.push(pairs::run(stage, case).await?);
    }
    let reload = reload::run(stage).await?;
    Ok(Rules { pairs, reload })
}
