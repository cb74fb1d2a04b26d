//! Prometheus, to scrape and to ask: a server of its own with the configuration it is given.

use std::fs;

use anyhow::{Context, Result};

use crate::account::Account;
use crate::house::House;
use crate::{ports, tools};

/// A running Prometheus. Dropping it ends it.
pub struct Prometheus {
    house: House,
    port: u16,
}

impl Prometheus {
    /// Starts it with the text of a `prometheus.yaml`, whose paths are absolute.
    ///
    /// # Errors
    /// It is not installed, or does not start with this configuration (its log is quoted).
    pub fn start(configuration: &str) -> Result<Prometheus> {
        ports::start_on(ports::free()?, |port| {
            Prometheus::start_on(port, configuration)
        })
    }

    fn start_on(port: u16, configuration: &str) -> Result<Prometheus> {
        let program =
            tools::prometheus().context("Prometheus is missing: run `cargo xtask setup`")?;
        let house = House::new("prometheus", "KILL", Account::ours())?;
        let mut prometheus = Prometheus { house, port };
        let folder = prometheus.house.folder().to_owned();
        let file = folder.join("prometheus.yaml");
        fs::write(&file, configuration)?;
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        prometheus.house.launch(&program, arguments)?;
        prometheus.house.until_open("Prometheus", &[port])?;
        Ok(prometheus)
    }

    /// Where its API is: `/api/v1/…`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The last lines it logged.
    pub fn log_tail(&self) -> String {
        self.house.log_tail()
    }
}
