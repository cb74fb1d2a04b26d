//! `plimsoll rules inspect`: what a bundle says about itself, whoever signed it. Judges nothing.

use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::bundle::{LowestFloor, Manifest, Parameter};
use serde_json::json;

use super::verify::{until, valid};
use super::{Inspect, folder};
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};

pub(super) fn run(options: &Inspect) -> Result<Verdict, Failure> {
    let bundle = folder::open(&options.which.path()?)?;
    match options.json {
        true => print_json(&bundle),
        false => print(&bundle),
    }
    Ok(Verdict::Done)
}

fn print(bundle: &Bundle) {
    let manifest = bundle.manifest();
    let bytes = |bytes: usize| say::plural(bytes as u64, "byte");
    say::line(format_args!("{} {}", manifest.name, manifest.version));
    say::line(format_args!("  {}", manifest.description));
    say::line(format_args!("owner      {}", manifest.owner));
    say::line(format_args!("digest     {}", bundle.digest()));
    say::line(format_args!("abi        {}", manifest.abi));
    say::line(format_args!("reads      {}", manifest.reads.join(", ")));
    say::line(format_args!(
        "budget     {} fuel, and {} an event",
        say::count(manifest.budget.fuel_base),
        say::count(manifest.budget.fuel_per_event)
    ));
    say::line(format_args!("floor      {}", floor(manifest)));
    say::line(format_args!(
        "component  {}",
        bytes(bundle.component().len())
    ));
    say::line(format_args!(
        "bundle     {}",
        bytes(bundle.to_bytes().len())
    ));
    say::line(format_args!("cases      {}", bundle.cases().case.len()));
    print_signatures(bundle);
    print_parameters(&manifest.parameters);
    print_codes(manifest);
}

fn floor(manifest: &Manifest) -> String {
    match &manifest.lowest_floor {
        None => "any".to_owned(),
        Some(LowestFloor::Units(units)) => format!("needs {} or lower", say::count(*units)),
        Some(LowestFloor::Opposite(parameter)) => format!("needs {parameter} or lower"),
    }
}

fn print_signatures(bundle: &Bundle) {
    if bundle.signatures().is_empty() {
        say::line("signed     no");
    }
    for signature in bundle.signatures() {
        let valid = valid(signature.not_after);
        say::line(format_args!("signed     {}, {valid}", signature.key));
    }
}

fn print_parameters(parameters: &[Parameter]) {
    let columns = [
        Column::Left("parameter"),
        Column::Right("default"),
        Column::Right("from"),
        Column::Right("to"),
        Column::Left("meaning"),
    ];
    let row = |it: &Parameter| {
        vec![
            it.name.clone(),
            say::count(it.default),
            say::count(it.min),
            say::count(it.max),
            it.text.clone(),
        ]
    };
    let rows: Vec<_> = parameters.iter().map(row).collect();
    say::line("");
    say::table(&columns, &rows);
}

fn print_codes(manifest: &Manifest) {
    let codes = manifest.codes.iter();
    let rows: Vec<_> = codes
        .map(|code| vec![code.name.clone(), code.message.clone()])
        .collect();
    say::line("");
    say::table(&[Column::Left("code"), Column::Left("message")], &rows);
}

fn print_json(bundle: &Bundle) {
    let signatures: Vec<_> = bundle
        .signatures()
        .iter()
        .map(|it| json!({ "key": it.key.to_string(), "until": until(it.not_after) }))
        .collect();
    say::json(&json!({
        "manifest": bundle.manifest(),
        "digest": bundle.digest().to_string(),
        "component_bytes": bundle.component().len(),
        "bundle_bytes": bundle.to_bytes().len(),
        "cases": bundle.cases().case.len(),
        "signatures": signatures,
    }));
}
