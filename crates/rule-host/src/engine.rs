//! One owner for what must not be apart: the WebAssembly engine, the ticker that makes its
//! deadlines come, and the limits of every call. Knows no rule.

mod cap;
mod ticker;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
};

pub(crate) use cap::Cap;
use ticker::Ticker;

/// How often the ticker ticks: deadlines come at most this much late.
const TICK: Duration = Duration::from_millis(5);
/// Deepest stack of a guest, in bytes; what calls us needs that much more than it uses.
const STACK_BYTES_MAX: usize = 256 * 1024;
/// Entries in the tables of a guest; a rule has a handful of function pointers.
const TABLE_ENTRIES_MAX: usize = 4096;
/// What a place in the pool keeps of its last guest's memory, wiped, so that the next one need not
/// fault it in again.
const RESIDENT_BYTES_MAX: usize = 256 * 1024;
/// Core instances of one component: the rule's module and the shims a toolchain may add.
const CORE_INSTANCES_MAX: u32 = 4;

/// Bounds of every call, whatever a bundle says.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest linear memory of one call, in bytes.
    pub memory_bytes_max: usize,
    /// Longest call by the clock. Fuel should run out first: it is the same everywhere.
    pub deadline: Duration,
    /// Most rows of one call; longer batches are cut. A rule with a large budget an event gets fewer.
    pub rows_max: usize,
    /// Most calls at the same time: above the number of lanes.
    pub instances_max: u32,
    /// Longest compilation.
    pub compile_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes_max: 16 << 20,
            deadline: Duration::from_millis(100),
            rows_max: 1024,
            instances_max: 64,
            compile_deadline: Duration::from_secs(10),
        }
    }
}

/// Runs rules. Cheap to clone; the ticker ends with the last clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    wasm: wasmtime::Engine,
    limits: Limits,
    _ticker: Ticker,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Engine").field(&self.0.limits).finish()
    }
}

impl Engine {
    /// Reserves address space for all instances and starts the ticker.
    ///
    /// # Errors
    /// If the machine cannot reserve that much, or start a thread.
    pub fn new(limits: Limits) -> wasmtime::Result<Engine> {
        let wasm = wasmtime::Engine::new(&config(&limits))?;
        let ticker = Ticker::start(wasm.weak(), TICK)?;
        Ok(Engine(Arc::new(Shared {
            wasm,
            limits,
            _ticker: ticker,
        })))
    }

    /// The bounds of every call.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn wasm(&self) -> &wasmtime::Engine {
        &self.0.wasm
    }

    /// A store for one call with this much fuel.
    pub(crate) fn store(&self, fuel: u64) -> Store<Cap> {
        let mut store = Store::new(&self.0.wasm, Cap::new(self.0.limits.memory_bytes_max));
        store.limiter(|cap| cap);
        store.set_fuel(fuel).expect("fuel is configured");
        store.set_epoch_deadline(ticks(self.0.limits.deadline));
        store
    }
}

/// The first tick may come at once, so one more than the deadline has.
fn ticks(deadline: Duration) -> u64 {
    let whole = deadline.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(whole).unwrap_or(u64::MAX / 2) + 1
}

fn config(limits: &Limits) -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES_MAX)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.instances_max)
        .total_core_instances(limits.instances_max * CORE_INSTANCES_MAX)
        .total_memories(limits.instances_max)
        .total_tables(limits.instances_max)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(1)
        .max_tables_per_component(1)
        .table_elements(TABLE_ENTRIES_MAX)
        .max_memory_size(limits.memory_bytes_max)
        // Keeping pages costs more than it saves unless the kernel can say which were touched.
        .linear_memory_keep_resident(match PoolingAllocationConfig::is_pagemap_scan_available() {
            true => RESIDENT_BYTES_MAX,
            false => 0,
        })
        .pagemap_scan(Enabled::Auto);
    pool
}
