//! What a component is, before and after it is compiled: no import, no start function, no function
//! that takes much memory to compile, one export of one type. Runs nothing.

use plimsoll_rule_abi::{FUNCTION, INTERFACE};
use wasmparser::{FunctionBody, Parser, Payload};
use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc, WasmList};
use wasmtime::{Result, Store, bail, format_err};

use crate::engine::Cap;

/// The arguments of the one function.
pub(crate) type Arguments<'a> = (u32, &'a [i64], &'a [u8], &'a [i64]);
/// Its result.
pub(crate) type Answer = (WasmList<i64>,);
/// Where a component has its one function.
pub(crate) type Exported = ComponentExportIndex;

/// Largest body of one function, in bytes. A shipped rule has less in all of its functions together.
const FUNCTION_BYTES_MAX: usize = 128 << 10;
/// Most locals of one function times the bytes of its body. The compiler keeps 4 bytes for each local
/// in each block of code, and as few as 3 bytes of a body make about 7 blocks: some 300 MiB at most.
const LOCALS_TIMES_BYTES_MAX: u64 = 32 << 20;

/// Refuses what no rule needs: imports, code that runs before it is asked, and functions that take
/// the compiler far more memory than they are long.
pub(crate) fn before_compiling(component: &[u8]) -> Result<()> {
    if !Parser::is_component(component) {
        bail!("it is not a component");
    }
    let (mut depth, mut widest) = (0_usize, 0_usize);
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
            Payload::TypeSection(types) => {
                for function in types.into_iter_err_on_gc_types() {
                    let function = function?;
                    widest = widest.max(function.params().len().max(function.results().len()));
                }
            }
            Payload::CodeSectionEntry(body) => before_compiling_function(&body, widest)?,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The parameters of a function, and the values of its blocks, count as if they were the `widest` of
/// all types.
fn before_compiling_function(body: &FunctionBody<'_>, widest: usize) -> Result<()> {
    let bytes = body.range().len();
    if bytes > FUNCTION_BYTES_MAX {
        bail!("a function has {bytes} bytes, {FUNCTION_BYTES_MAX} are the most");
    }
    let mut locals = widest as u64;
    for declared in body.get_locals_reader()? {
        let (count, _) = declared?;
        locals = locals.saturating_add(u64::from(count));
    }
    if locals.saturating_mul(bytes as u64) > LOCALS_TIMES_BYTES_MAX {
        bail!(
            "a function has {locals} locals and parameters and {bytes} bytes: one times the other \
             is {LOCALS_TIMES_BYTES_MAX} at most"
        );
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
