//! A running `plimsoll run`: where it answers, what it logs, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{command, until};

pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    address: String,
}

impl Service {
    /// Starts it on a free port, with these keys set.
    pub(crate) fn start(url: &str, keys: &[&str]) -> Service {
        let set = ["admin.listen=127.0.0.1:0"]
            .iter()
            .chain(keys)
            .flat_map(|key| ["--set", *key]);
        let arguments: Vec<&str> = ["run"].into_iter().chain(set).collect();
        let mut child = command(url, &arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                *written.lock().expect("nobody panics with the log") += &format!("{line}\n");
            }
        });
        let address = until("the address of the service", || {
            let log = log.lock().expect("nobody panics with the log");
            let (_, rest) = log.split_once("http://")?;
            Some(rest.split([' ', '"', '\n']).next()?.to_owned())
        });
        Service {
            child,
            log,
            address,
        }
    }

    /// Status and body of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.get_with_token(path, "")
    }

    pub(crate) fn get_with_token(&self, path: &str, token: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let request = agent
            .get(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {token}"));
        let mut answer = request.call().expect("it answers");
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().expect("UTF-8"),
        )
    }

    /// Status and JSON of a GET.
    pub(crate) fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get(path);
        (
            status,
            serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path}: {body}")),
        )
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn becomes_ready(&self) {
        until("the service to be ready", || {
            (self.get("/readyz").0 == 200).then_some(())
        });
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args([
                "-c",
                r#"kill -s "$0" "$1""#,
                name,
                &self.child.id().to_string(),
            ])
            .status();
        assert!(sent.expect("sh").success());
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ends(mut self) -> i32 {
        let status = until("the service to end", || {
            self.child.try_wait().expect("it is our child")
        });
        status.code().unwrap_or_else(|| {
            panic!(
                "a signal ended it: {}",
                self.log.lock().expect("nobody panics with the log")
            )
        })
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panics with the log").clone()
    }
}

impl Drop for Service {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
