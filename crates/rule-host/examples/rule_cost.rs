//! What shipped rules cost: time and fuel of an event, beside a native closure that decides the
//! same as `safety-stock` (four facts, one of them text); how long each takes to be made ready,
//! and ten of them from nothing. Arguments: the file for the JSON, then the bundles.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plimsoll_rule_host::author::cost::{self, Cost};
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Bundle, Engine, Facts, Limits, Rule, Verdict, activate};
use serde_json::{Value, json};

const BATCHES: [usize; 4] = [1, 256, 1_024, 5_000];
const TIME_EACH: Duration = Duration::from_secs(1);
/// The rule that the closure copies, and the bounds that it is asked to keep.
const REFERENCE: &str = "safety-stock";
const ASKED: &str = "asked of four facts: 25,000 ns in a batch of 1, 150 ns from 256 on";
/// Bundles of a large installation.
const MANY: usize = 10;
/// How often what is done once is measured.
const TIMES: u32 = 5;

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let out = paths.next().context("usage: rule_cost JSON BUNDLE…")?;
    let files: Vec<Vec<u8>> = paths.map(read).collect::<Result<_, _>>()?;
    anyhow::ensure!(!files.is_empty(), "usage: rule_cost JSON BUNDLE…");
    say(
        "rule",
        "ready",
        &BATCHES.map(|events| format!("of {events}")),
    )?;
    let engine = engine()?;
    let mut rules = Vec::new();
    for file in &files {
        rules.push(measured(&engine, file)?);
    }
    let many_ms = many(&files)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "nanoseconds an event; {ASKED}")?;
    writeln!(
        stdout,
        "{MANY} bundles ready from nothing: {many_ms:.0} ms, asked: 1,000"
    )?;
    let all = json!({ "rules": rules, "bundles": MANY, "bundles_ready_ms": many_ms });
    std::fs::write(&out, format!("{all:#}\n")).context(out.display().to_string())
}

fn measured(engine: &Engine, file: &[u8]) -> anyhow::Result<Value> {
    let (rule, ready_ms) = least(|| Ok(activate(engine, file, &Trust::anyone(), 0)?))?;
    let manifest = rule.bundle().manifest();
    let parameters = manifest.parameters(&Default::default())?;
    let costs = cost::measure(&rule, &parameters, &BATCHES, Some(TIME_EACH))?;
    let nanoseconds: Vec<f64> = costs
        .iter()
        .filter_map(|it| it.nanoseconds_per_event)
        .collect();
    say(
        &manifest.name,
        &format!("{ready_ms:.0} ms"),
        &figures(&nanoseconds),
    )?;
    let native = (manifest.name == REFERENCE).then(|| native(rule.bundle()));
    if let Some(native) = &native {
        say("  the same, native", "", &figures(native))?;
    }
    Ok(told(&rule, ready_ms, &costs, native))
}

/// `safety-stock` with nothing kept back.
fn native(bundle: &Bundle) -> Vec<f64> {
    cost::native(bundle, &BATCHES, TIME_EACH, |event: &Facts<'_>| {
        let channel = event.channel.unwrap_or_default();
        let short = event.stock + event.change() < event.floor;
        match event.change() < 0 && !channel.is_empty() && short {
            true => Verdict::Reject(0),
            false => Verdict::Accept,
        }
    })
}

fn told(rule: &Rule, ready_ms: f64, costs: &[Cost], native: Option<Vec<f64>>) -> Value {
    json!({
        "rule": rule.bundle().manifest().name,
        "digest": rule.bundle().digest().to_string(),
        "component_bytes": rule.bundle().component().len(),
        "reads": rule.bundle().manifest().reads,
        "ready_ms": ready_ms,
        "costs": costs,
        "native_nanoseconds_per_event": native,
    })
}

/// Milliseconds until a new process could use this many bundles.
fn many(files: &[Vec<u8>]) -> anyhow::Result<f64> {
    let (_, many_ms) = least(|| {
        let engine = engine()?;
        let files = files.iter().cycle().take(MANY);
        let rules = files.map(|file| activate(&engine, file, &Trust::anyone(), 0));
        Ok(rules.collect::<Result<Vec<Rule>, _>>()?)
    })?;
    Ok(many_ms)
}

/// The milliseconds of the best of a few times: whatever else the machine does makes it slower.
fn least<T>(mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
    let mut best = None;
    for _ in 0..TIMES {
        let started = Instant::now();
        let done = work()?;
        let took_ms = started.elapsed().as_secs_f64() * 1e3;
        best = match best {
            Some((_, least_ms)) if least_ms <= took_ms => best,
            _ => Some((done, took_ms)),
        };
    }
    best.context("it is done at least once")
}

fn engine() -> anyhow::Result<Engine> {
    Engine::new(Limits::default()).map_err(|error| anyhow::anyhow!("{error:#}"))
}

fn read(path: impl AsRef<Path>) -> anyhow::Result<Vec<u8>> {
    let path = path.as_ref();
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn figures(nanoseconds: &[f64]) -> Vec<String> {
    let each = nanoseconds.iter();
    each.map(|nanoseconds| format!("{nanoseconds:.0}"))
        .collect()
}

fn say(name: &str, ready: &str, figures: &[String]) -> std::io::Result<()> {
    let figures: String = figures.iter().map(|it| format!("{it:>10}")).collect();
    writeln!(std::io::stdout().lock(), "{name:<24}{ready:>8}{figures}")
}
