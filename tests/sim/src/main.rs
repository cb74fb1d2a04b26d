//! `cargo xtask sim`: replays one seed and prints what happened, or runs many and sums up. Decides
//! nothing about the simulation itself.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Instant;

use plimsoll_sim::{Bug, Feature, Plan, Run, Seen, run, shrink};

const USAGE: &str =
    "cargo xtask sim --seed N [--records N] [--with FEATURE,…] [--without FEATURE,…]
cargo xtask sim --seeds N [--from S]";

/// What is to be run.
enum Wish {
    One(Plan),
    Many {
        from: u64,
        seeds: u64,
        bug: Option<Bug>,
    },
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match wish(&words) {
        Ok(Wish::One(plan)) => one(&plan),
        Ok(Wish::Many { from, seeds, bug }) => many(from, seeds, bug),
        Err(why) => {
            eprintln!("error: {why}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn wish(words: &[String]) -> Result<Wish, String> {
    let (mut seed, mut seeds, mut from, mut records) = (None, None, 0, None);
    let (mut with, mut without, mut bug) = (Vec::new(), Vec::new(), None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("`{word}` takes a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("`{value}` is not a number"))
        };
        match word.as_str() {
            "--seed" => seed = Some(number()?),
            "--seeds" => seeds = Some(number()?),
            "--from" => from = number()?,
            "--records" => records = usize::try_from(number()?).ok(),
            "--with" => with.extend(features(value)?),
            "--without" => without.extend(features(value)?),
            "--bug" => bug = Some(Bug::named(value).ok_or(format!("no bug `{value}`"))?),
            _ => return Err(format!("`{word}` is not known")),
        }
    }
    match (seed, seeds) {
        (Some(seed), None) => {
            let plan = with.into_iter().fold(Plan::of(seed), Plan::with);
            let mut plan = without.into_iter().fold(plan, Plan::without);
            plan.records = records.unwrap_or(plan.records);
            plan.bug = bug;
            Ok(Wish::One(plan))
        }
        (None, Some(seeds)) => Ok(Wish::Many { from, seeds, bug }),
        _ => Err("either --seed or --seeds".to_owned()),
    }
}

fn features(names: &str) -> Result<Vec<Feature>, String> {
    let feature = |name| Feature::named(name).ok_or(format!("no feature `{name}`"));
    names.split(',').map(feature).collect()
}

fn one(plan: &Plan) -> ExitCode {
    let run = run(plan, true);
    say(&run.story);
    let features: Vec<&str> = plan.features().map(Feature::name).collect();
    say(format_args!(
        "{} records, {} events; {}",
        plan.records,
        run.events,
        features.join(" ")
    ));
    match run.broken {
        None => {
            say("every invariant holds");
            ExitCode::SUCCESS
        }
        Some(_) => failed(plan, &run),
    }
}

fn failed(plan: &Plan, run: &Run) -> ExitCode {
    if let Some(broken) = &run.broken {
        say(format_args!(
            "{} is broken: {}",
            broken.invariant, broken.what
        ));
        say(format_args!("replay: {}", plan.typed()));
        say(format_args!(
            "shrunk: {}",
            shrink(plan, broken.invariant).typed()
        ));
    }
    ExitCode::FAILURE
}

/// How often progress is told.
const PROGRESS_S: u64 = 5;

fn many(from: u64, seeds: u64, bug: Option<Bug>) -> ExitCode {
    let (started, mut told) = (Instant::now(), 0);
    let (mut seen, mut events) = (Seen::default(), 0);
    for seed in from..from + seeds {
        let mut plan = Plan::of(seed);
        plan.bug = bug;
        let run = run(&plan, false);
        seen.add(&run.seen);
        events += run.events;
        if run.broken.is_some() {
            say(format_args!("after {} seeds:", seed - from + 1));
            return failed(&plan, &run);
        }
        let elapsed = started.elapsed().as_secs();
        if elapsed >= told + PROGRESS_S {
            told = elapsed;
            say(format_args!(
                "{} seeds, {events} events in {elapsed} s",
                seed - from + 1
            ));
        }
    }
    sum_up(seeds, events, started.elapsed().as_secs_f64(), &seen)
}

fn sum_up(seeds: u64, events: u64, seconds: f64, seen: &Seen) -> ExitCode {
    for sight in plimsoll_sim::Sight::ALL {
        say(format_args!("{:>10}  {sight:?}", seen.times(sight)));
    }
    let rate = |count: u64| {
        let count = u32::try_from(count).map_or(f64::MAX, f64::from);
        (count / seconds).round()
    };
    say(format_args!(
        "{seeds} seeds, {events} events in {seconds:.1} s: {} seeds/s, {} events/s",
        rate(seeds),
        rate(events)
    ));
    let missing = seen.missing();
    if missing.is_empty() {
        say("every invariant holds, and every fault was met");
        return ExitCode::SUCCESS;
    }
    say(format_args!("I20 is broken: never met {missing:?}"));
    ExitCode::FAILURE
}

#[expect(
    clippy::print_stdout,
    reason = "a command line's answer belongs on stdout"
)]
fn say(text: impl Display) {
    println!("{text}");
}
