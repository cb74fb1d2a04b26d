//! What a ruleset adds to the cost of its rules: nanoseconds an event and rule, for one rule
//! without a ruleset, bound once, bound six times, and six times with a selector that two events
//! in three pass. Takes the files of bundles.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::ruleset::{Binding, Mode, Selector};
use plimsoll_rule_host::{Document, Engine, Facts, Limits, Rule, Ruleset, activate};

const RULES: u32 = 6;
/// Rounds of all four; the fastest tenth is shown, since others use the machine, too.
const ROUNDS: usize = 400;

fn main() -> anyhow::Result<()> {
    let engine = Engine::new(Limits::default()).map_err(|e| anyhow::anyhow!("{e:#}"))?;
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let file = std::fs::read(path).context(path.display().to_string())?;
        measure(&activate(&engine, &file, &Trust::anyone(), 0)?)?;
    }
    Ok(())
}

fn measure(rule: &Rule) -> anyhow::Result<()> {
    let manifest = rule.bundle().manifest();
    let parameters = manifest.parameters(&Default::default())?;
    let selector: Selector = toml::from_str("sku = ['SKU-*', 'SHOE-??']\nchannel = ['web']")?;
    let one = ruleset(rule, 1, &Selector::default())?;
    let six = ruleset(rule, RULES as usize, &Selector::default())?;
    let selective = ruleset(rule, RULES as usize, &selector)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} reads {:?}", manifest.name, manifest.reads)?;
    for rows in [1_u32, 256, 1024, 5000] {
        let skus: Vec<String> = (0..rows).map(|n| format!("SKU-{n:06}")).collect();
        let batch: Vec<_> = skus.iter().zip(0..).map(|(sku, n)| facts(sku, n)).collect();
        let web = batch.iter().filter(|row| row.channel == Some("web"));
        let web = u32::try_from(web.count())?;
        let alone = || drop(black_box(rule.evaluate(black_box(&batch), &parameters)));
        let ask = |ruleset: &Ruleset| drop(black_box(ruleset.judge().ask(black_box(&batch))));
        let [alone, once, six, selective] =
            fastest([&alone, &|| ask(&one), &|| ask(&six), &|| ask(&selective)]);
        let each = |total: f64, events: u32| total / f64::from(events.max(1));
        writeln!(
            out,
            "{rows:5} events: alone {:7.1} ns, once {:7.1}, six {:7.1}, six with a selector {:7.1}",
            each(alone, rows),
            each(once, rows),
            each(six, rows * RULES),
            each(selective, web * RULES),
        )?;
    }
    Ok(())
}

fn ruleset(rule: &Rule, bindings: usize, select: &Selector) -> anyhow::Result<Ruleset> {
    let binding = Binding {
        bundle: rule.bundle().digest(),
        mode: Mode::Enforce,
        priority: 0,
        parameters: Default::default(),
        select: select.clone(),
        on_fault: Default::default(),
    };
    let known = HashMap::from([(binding.bundle, rule.clone())]);
    let rules = vec![binding; bindings];
    Ok(Ruleset::assemble(1, &Document { rules }, &known)?)
}

/// Nanoseconds that each of these takes, in turns so that all meet the same neighbours.
fn fastest(calls: [&dyn Fn(); 4]) -> [f64; 4] {
    let mut times = calls.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (call, times) in calls.iter().zip(&mut times) {
            let started = Instant::now();
            call();
            times.push(started.elapsed().as_secs_f64() * 1e9);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 10]
    })
}

fn facts(sku: &str, n: i64) -> Facts<'_> {
    Facts {
        sku,
        kind: Kind::Adjust(-1 - n % 7),
        nature: Nature::Intent,
        stock: n % 11,
        floor: 0,
        version: n,
        source: None,
        channel: Some(if n % 3 == 1 { "wholesale" } else { "web" }),
        location: None,
        reason: None,
        reference: None,
        occurred_at_us: 1_800_000_000_000_000,
        attributes: &[],
    }
}
