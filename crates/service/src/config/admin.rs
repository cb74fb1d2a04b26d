//! The section [admin].

use std::net::SocketAddr;

use super::finding::Wrong;
use super::reader::Reader;

/// Shorter tokens can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// Where the HTTP side listens, and who may ask it.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) listen: SocketAddr,
    /// What `/api` asks for, as `Authorization: Bearer …`; the probes and metrics never do.
    pub(crate) token: Option<String>,
}

pub(super) fn read(reader: &mut Reader) -> Admin {
    let listen = reader.read("admin.listen", |text| {
        text.parse::<SocketAddr>().map_err(|_| {
            Wrong::new(
                format!("`{text}` is not an address and a port"),
                "Write an IP address and a port, such as 127.0.0.1:8090 or [::1]:8090",
            )
        })
    });
    let secret = reader.secret_in_file("admin.token_file");
    if let Some(short) = secret
        .as_ref()
        .filter(|secret| secret.text.len() < TOKEN_BYTES_MIN)
    {
        let reason = format!(
            "the token has {} bytes and could be guessed",
            short.text.len()
        );
        let wrong = Wrong::new(
            reason,
            format!("Write {TOKEN_BYTES_MIN} bytes or more into the file"),
        );
        reader.finding(wrong.at("admin.token_file", short.origin()));
    }
    if secret.is_none() && !listen.ip().is_loopback() {
        let reason =
            format!("admin.listen is {listen}, which others can reach, and nothing keeps them out");
        let wrong = Wrong::new(reason, "Name a file with a token, or listen on 127.0.0.1");
        reader.finding(wrong.at("admin.token_file", ""));
    }
    Admin {
        listen,
        token: secret.map(|secret| secret.text),
    }
}
