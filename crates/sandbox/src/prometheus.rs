//! Prometheus, to scrape and to ask: a server of its own with the configuration it is given.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::account::Account;
use crate::house::House;
use crate::{ports, tools, wait};

const READY_LIMIT: Duration = Duration::from_secs(30);

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
        let program =
            tools::prometheus().context("Prometheus is missing: run `cargo xtask setup`")?;
        let house = House::new("prometheus", "KILL", Account::ours())?;
        let port = ports::free()?;
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
        prometheus.wait_ready()?;
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

    fn wait_ready(&mut self) -> Result<()> {
        let alive = wait::until(READY_LIMIT, "the start of Prometheus", || {
            if self.house.ended()?.is_some() {
                return Ok(Some(false));
            }
            let open = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            Ok(open.then_some(true))
        })?;
        ensure!(alive, "Prometheus did not start:\n{}", self.log_tail());
        Ok(())
    }
}
