//! Who acts and on which machine, for what is written down about it. Not proof of anything.

/// `user@host`.
pub(crate) fn user_at_host() -> String {
    format!(
        "{}@{}",
        whoami::username().unwrap_or_else(|_| "unknown".to_owned()),
        host()
    )
}

/// Names this process among its replicas: the host, and the process on it.
pub(crate) fn instance() -> String {
    format!("{}/{}", host(), std::process::id())
}

fn host() -> String {
    whoami::hostname().unwrap_or_else(|_| "localhost".to_owned())
}
