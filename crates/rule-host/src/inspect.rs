//! What a component is, before and after it is compiled: no import, no start function, one
//! export of one type. Runs nothing.

use plimsoll_rule_abi::{FUNCTION, INTERFACE};
use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc, WasmList};
use wasmtime::{Result, Store, bail, format_err};

use crate::engine::Cap;

/// The arguments of the one function.
pub(crate) type Arguments<'a> = (u32, &'a [i64], &'a [u8], &'a [i64]);
/// Its result.
pub(crate) type Answer = (WasmList<i64>,);
/// Where a component has its one function.
pub(crate) type Exported = ComponentExportIndex;

/// Refuses what no rule needs: imports, and code that runs before it is asked.
pub(crate) fn before_compiling(component: &[u8]) -> Result<()> {
    if !Parser::is_component(component) {
        bail!("it is not a component");
    }
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ComponentImportSection(imports) if depth == 0 => {
                if let Some(import) = imports.into_iter().next() {
                    bail!("it imports `{}`", import?.name.name);
                }
            }
            Payload::StartSection { .. } | Payload::ComponentStartSection { .. } => {
                bail!("it has a start function");
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Where the compiled component has its one function.
pub(crate) fn exported(component: &Component) -> Result<Exported> {
    let interface = component
        .get_export_index(None, INTERFACE)
        .ok_or_else(|| format_err!("it does not export `{INTERFACE}`"))?;
    component
        .get_export_index(Some(&interface), FUNCTION)
        .ok_or_else(|| format_err!("`{INTERFACE}` has no function `{FUNCTION}`"))
}

/// The one function of an instance.
pub(crate) fn function<'a>(
    instance: &Instance,
    store: &mut Store<Cap>,
    exported: &Exported,
) -> Result<TypedFunc<Arguments<'a>, Answer>> {
    instance.get_typed_func::<Arguments<'a>, Answer>(store, exported)
}
