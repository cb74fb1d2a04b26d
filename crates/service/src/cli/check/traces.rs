//! Whether somebody receives traces.

use url::Url;

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

/// A password may stand in front of the host. The address was read as one before.
fn without_user(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return "the receiver".to_owned();
    };
    if url.set_username("").is_ok() && url.set_password(None).is_ok() {
        return url.to_string().trim_end_matches('/').to_owned();
    }
    "the receiver".to_owned()
}
