//! The six shipped rules, bound so that all of them are asked about nearly every event, and active in a database.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Bundle, author};

use crate::ours::{self, Settings};

/// Lower than anything the rules let pass, so that they decide and the floor does not.
const FLOOR: i64 = -1_000;

/// Kept back above the floor: sales channels stop at 5 units, everybody else at 0.
pub(super) const KEPT_BACK: i64 = 1_005;

/// The rules, and what their binding says beside the bundle.
const BINDINGS: [(&str, &str); 6] = [
    ("no-negative-stock", ""),
    ("oversell-allowance", ""),
    ("safety-stock", "parameters = { kept_back = KEPT_BACK }"),
    ("order-quantity-limits", "parameters = { maximum = 1000 }"),
    ("unusual-change", ""),
    ("frozen-skus", "select = { sku = [\"SKU99*\"] }"),
];

/// Settings of a service that takes them, which nobody signed.
pub(in crate::bench) fn believing(settings: Settings) -> Settings {
    let more = format!("{}[rules]\nunsigned = \"allow\"\n", settings.more);
    Settings { more, ..settings }
}

/// Makes them decide.
pub(in crate::bench) fn activate(settings: &Settings) -> anyhow::Result<()> {
    let floor = FLOOR.to_string();
    ours::succeed(settings, &["products", "set-floor", &floor, "--all"])?;
    let bundles = bundles()?;
    push(settings, &bundles)?;
    let ruleset = folder()?.join("ruleset.toml");
    fs::write(&ruleset, document(&bundles, KEPT_BACK))?;
    ours::succeed(settings, &["rules", "activate", text(&ruleset)?]).map(drop)
}

/// Stores bundles.
pub(super) fn push(settings: &Settings, bundles: &[Bundle]) -> anyhow::Result<()> {
    let folder = folder()?.join("pushed");
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for bundle in bundles {
        let file = folder.join(format!("{}.bundle", bundle.digest()));
        fs::write(&file, bundle.to_bytes())?;
        files.push(text(&file)?.to_owned());
    }
    let files = files.iter().map(String::as_str);
    let arguments: Vec<&str> = ["rules", "push"].into_iter().chain(files).collect();
    ours::succeed(settings, &arguments)?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// The rules in their order, as `cargo xtask rules` left them; otherwise built now.
pub(super) fn bundles() -> anyhow::Result<Vec<Bundle>> {
    BINDINGS.iter().map(|(name, _)| bundle(name)).collect()
}

/// A ruleset of these bundles, which are in the order of the rules.
pub(super) fn document(bundles: &[Bundle], kept_back: i64) -> String {
    let binding = |(bundle, (_, more)): (&Bundle, &(&str, &str))| {
        let more = more.replace("KEPT_BACK", &kept_back.to_string());
        let digest = bundle.digest();
        format!("[[rules]]\nbundle = \"{digest}\"\nmode = \"enforce\"\n{more}\n")
    };
    bundles.iter().zip(&BINDINGS).map(binding).collect()
}

fn bundle(name: &str) -> anyhow::Result<Bundle> {
    let file = folder()?.join(name).with_extension("bundle");
    if !file.is_file() {
        // As `cargo xtask` starts it: in the folder of the workspace.
        let rule = Path::new("rules").join(name);
        fs::write(&file, author::build(&rule)?.to_bytes())?;
    }
    let file = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Bundle::open(&file, &Trust::anyone(), 0)?)
}

/// Beside the profile's folder that this program is in.
fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("a program is in a target folder")?;
    let folder = target.join("rules");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the target folder's name is UTF-8")
}
