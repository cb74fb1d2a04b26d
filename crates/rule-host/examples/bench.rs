//! What a rule costs, instantiation included: nanoseconds an event in batches, microseconds
//! for a batch of one, beside a native closure that decides the same. Takes a bundle's file.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Engine, Facts, Limits, activate};

const SECONDS_EACH: f64 = 1.0;

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .context("usage: bench FILE.bundle")?;
    let file = std::fs::read(&path)?;
    let engine = Engine::new(Limits::default()).map_err(|e| anyhow::anyhow!("{e:#}"))?;
    let rule = activate(&engine, &file, &Trust::anyone(), 0)?;
    let parameters = rule.bundle().manifest().parameters(&Default::default())?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:?} reads {:?}",
        rule.bundle(),
        rule.bundle().manifest().reads
    )?;
    for rows in [1_u32, 16, 64, 256, 1024, 4096] {
        let skus: Vec<String> = (0..rows).map(|n| format!("SKU-{n:06}")).collect();
        let batch: Vec<_> = skus.iter().zip(0..).map(|(sku, n)| facts(sku, n)).collect();
        let mut fuel = 0;
        let wasm = nanoseconds(|| {
            let evaluation = rule
                .evaluate(black_box(&batch), &parameters)
                .expect("asked");
            assert!(evaluation.answers.iter().all(Result::is_ok));
            fuel = evaluation.fuel;
        });
        let native = nanoseconds(|| {
            let short = |event: &Facts<'_>| event.change() < 0 && event.stock + event.change() < 0;
            black_box(black_box(&batch).iter().map(short).collect::<Vec<_>>());
        });
        let events = f64::from(rows);
        writeln!(
            out,
            "{rows:5} events: {:8.2} µs a batch, {:7.1} ns and {:5} fuel an event; native {:5.1} ns",
            wasm / 1e3,
            wasm / events,
            fuel / u64::from(rows),
            native / events,
        )?;
    }
    Ok(())
}

/// The median of one call.
fn nanoseconds(mut call: impl FnMut()) -> f64 {
    let mut each = Vec::new();
    let started = Instant::now();
    while started.elapsed().as_secs_f64() < SECONDS_EACH {
        let one = Instant::now();
        call();
        each.push(one.elapsed().as_secs_f64() * 1e9);
    }
    each.sort_by(f64::total_cmp);
    each[each.len() / 2]
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
        channel: Some(if n % 3 == 0 { "wholesale" } else { "web" }),
        location: None,
        reason: None,
        reference: None,
        occurred_at_us: 1_800_000_000_000_000,
        attributes: &[],
    }
}
