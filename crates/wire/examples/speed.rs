use plimsoll_domain::*;
use plimsoll_wire::*;
use std::time::Instant;
fn main() {
    for t in [
        r#"{"event_id":"0193b3c8-7d1e-7a50-9c1d-3f2a5b6c7d8e","product_id":"SKU123","quantity_change":-3}"#,
        r#"{"product_id": "SKU123", "quantity_change": +5}"#,
        r#"{"event_id":"order-4711","source":"shop","product_id":"SKU123","quantity_change":-3,"reason":"sale","channel":"web"}"#,
        r#"{"event_id":"0193b3c8-7d1e-7a50-9c1d-3f2a5b6c7d8e","product_id":"SKU123","quantity_change":+3}"#,
    ] {
        let mut best = f64::MAX;
        for _ in 0..20 {
            let s = Instant::now();
            let n = 200_000;
            for _ in 0..n {
                std::hint::black_box(
                    decode(std::hint::black_box(t.as_bytes()), None, Nature::Intent).unwrap(),
                );
            }
            best = best.min(s.elapsed().as_nanos() as f64 / n as f64);
        }
        println!("{best:.0} ns {t}");
    }
}
