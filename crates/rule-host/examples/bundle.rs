//! Builds rules to unsigned bundles and tries each as the service would: the first argument
//! is the folder they go to, the others are the rules' folders.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use plimsoll_rule_host::{Engine, Limits, activate, author};

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let out = paths.next().context("usage: bundle OUT RULE…")?;
    std::fs::create_dir_all(&out)?;
    let engine = Engine::new(Limits::default()).map_err(|e| anyhow::anyhow!("{e:#}"))?;
    for folder in paths {
        let bundle = author::build(&folder, &out.join("target"))
            .with_context(|| format!("building {}", folder.display()))?;
        let started = Instant::now();
        let rule = activate::load(&engine, bundle).context(format!("{}", folder.display()))?;
        let file = out.join(format!("{}.bundle", rule.bundle().manifest().name));
        std::fs::write(&file, rule.bundle().to_bytes())?;
        writeln!(
            std::io::stdout().lock(),
            "{:?}: {} cases passed, component {} bytes, ready in {:.1} ms\n  {}",
            rule.bundle(),
            rule.bundle().cases().case.len(),
            rule.bundle().component().len(),
            started.elapsed().as_secs_f64() * 1e3,
            file.display(),
        )?;
    }
    Ok(())
}
