//! Jaeger, to look at spans: in memory, without its page (the program is built without one; the
//! API answers).

use std::fs;

use anyhow::{Context, Result};

use crate::account::Account;
use crate::house::House;
use crate::{ports, tools};

/// The ports people expect, taken if they are free.
const OTLP_PORT: u16 = 4318;
const QUERY_PORT: u16 = 16_686;

/// A running Jaeger. Dropping it ends it.
pub struct Jaeger {
    house: House,
    otlp: u16,
    query: u16,
}

impl Jaeger {
    /// Starts it, keeping the newest 10,000 traces.
    ///
    /// # Errors
    /// It is not installed (the message says how), or does not start (its log is quoted).
    pub fn start() -> Result<Jaeger> {
        ports::start_on(OTLP_PORT, |otlp| {
            ports::start_on(QUERY_PORT, |query| Jaeger::start_on(otlp, query))
        })
    }

    fn start_on(otlp: u16, query: u16) -> Result<Jaeger> {
        let house = House::new("jaeger", "KILL", Account::ours())?;
        let mut jaeger = Jaeger { house, otlp, query };
        jaeger.start_again()?;
        Ok(jaeger)
    }

    /// Kills it; all it knew is forgotten.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn kill9(&mut self) -> Result<()> {
        self.house.end("KILL")
    }

    /// Starts a killed one again, on the same ports.
    ///
    /// # Errors
    /// As [`Jaeger::start`].
    pub fn start_again(&mut self) -> Result<()> {
        let program =
            tools::jaeger().context("Jaeger is missing: run `cargo xtask setup --jaeger`")?;
        let configuration = self.house.folder().join("jaeger.yaml");
        fs::write(&configuration, self.configuration()?)?;
        self.house
            .launch(&program, ["--config".as_ref(), configuration.as_os_str()])?;
        let ports = [self.otlp, self.query];
        self.house.until_open("Jaeger", &ports)
    }

    /// Where spans are sent: OTLP, http/protobuf.
    pub fn otlp_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.otlp)
    }

    /// Where traces are looked up: `/api/v3/…`.
    pub fn query_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.query)
    }

    fn configuration(&self) -> Result<String> {
        let (otlp, query, query_grpc) = (self.otlp, self.query, ports::free()?);
        Ok(format!(
            r#"
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: {{traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}}}
  telemetry: {{metrics: {{level: none}}}}
extensions:
  jaeger_storage: {{backends: {{memory: {{memory: {{max_traces: 10000}}}}}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: "127.0.0.1:{query}"}}
    grpc: {{endpoint: "127.0.0.1:{query_grpc}"}}
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{otlp}"}}}}}}}}
exporters: {{jaeger_storage_exporter: {{trace_storage: memory}}}}
"#
        ))
    }
}
