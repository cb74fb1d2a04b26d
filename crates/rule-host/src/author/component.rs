//! From a module to a component with the one export of a rule. Knows no manifest.

use plimsoll_rule_abi::{WIT, WORLD};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Wraps a core module. It must export the function, its memory and `cabi_realloc`.
///
/// # Errors
/// If it does not, or if it imports anything.
pub fn wrap(module: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("rule.wit", WIT).map_err(plain)?;
    let world = resolve
        .select_world(&[package], Some(WORLD))
        .map_err(plain)?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(plain)?;
    let encoder = ComponentEncoder::default().validate(true);
    encoder
        .module(&module)
        .and_then(|mut it| it.encode())
        .map_err(plain)
}

/// The tools' own type of errors stays in here.
fn plain(error: impl std::fmt::Display) -> wasmtime::Error {
    wasmtime::format_err!("{error:#}")
}
