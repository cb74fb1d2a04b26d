//! Whether somebody receives traces.

use super::Found;
use crate::config::{Config, Finding};

pub(super) async fn check(config: &Config) -> Option<Found> {
    let address = config.telemetry.traces(String::new())?.endpoint;
    let endpoint = without_user(&address);
    Some(match plimsoll_telemetry::traces::reach(&address).await {
        Ok(()) => Ok(format!("Traces: {endpoint} receives them.")),
        Err(why) => Err(vec![Finding::outside(
            "telemetry.otlp_endpoint",
            format!("{endpoint} does not receive traces: {why}"),
            "start the receiver, correct the address, or leave it empty; events flow without it",
        )]),
    })
}

/// A password may stand in front of the host.
fn without_user(address: &str) -> String {
    match address.split_once('@') {
        Some((front, rest)) => {
            let scheme = front.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://{rest}")
        }
        None => address.to_owned(),
    }
}
