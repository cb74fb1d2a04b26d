//! Whether somebody receives traces.

use super::Found;
use crate::config::{Config, Finding};

pub(super) async fn check(config: &Config) -> Option<Found> {
    let endpoint = config.telemetry.traces(String::new())?.endpoint;
    Some(match plimsoll_telemetry::traces::reach(&endpoint).await {
        Ok(()) => Ok(format!("Traces: {endpoint} receives them.")),
        Err(why) => Err(vec![Finding::outside(
            "telemetry.otlp_endpoint",
            format!("{endpoint} does not receive traces: {why}"),
            "start the receiver, correct the address, or leave it empty; events flow without it",
        )]),
    })
}
