//! The section [database]. Whether the server is there is not known here.

use std::net::IpAddr;

use plimsoll_core::database::Settings;
use sea_orm::sqlx::postgres::PgConnectOptions;
use url::Url;

use super::finding::Wrong;
use super::keys;
use super::layers::Origin;
use super::reader::{Reader, Secret};
use super::values::choice;

/// Parameters that the client understands; it passes over all others without a word.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

const EXAMPLE: &str = "Write postgres://user@host:5432/database?sslmode=verify-full";

pub(super) fn read(reader: &mut Reader) -> Settings {
    let empty = reader.is_empty("database.url");
    let given = reader.secret("database.url");
    if let (Some(origin), None) = (empty, &given) {
        reader.finding(Wrong::new("is empty", EXAMPLE).at("database.url", origin));
    }
    let origin = given
        .as_ref()
        .map(|secret| secret.origin.to_string())
        .unwrap_or_default();
    let password = reader.secret("database.password");
    let text = given.map_or_else(
        || keys::default_of("database.url").to_owned(),
        |secret| secret.text,
    );
    let url = url(&text)
        .and_then(|url| with_password(url, password))
        .unwrap_or_else(|wrong| {
            reader.finding(wrong.at("database.url", origin));
            String::new()
        });
    let relaxed = reader.read(
        "database.durability",
        choice(&[("strict", false), ("relaxed", true)]),
    );
    Settings { url, relaxed }
}

fn url(text: &str) -> Result<Url, Wrong> {
    // The text may hold a password, so no message repeats it.
    let url =
        Url::parse(text).map_err(|error| Wrong::new(format!("is not a URL: {error}"), EXAMPLE))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(Wrong::new(
            format!("its scheme is {}", url.scheme()),
            EXAMPLE,
        ));
    }
    if breaks_its_password(&url) {
        return Err(Wrong::new(
            "an @ follows its host: a password holds a /, ? or # that is not escaped",
            "Write them as %2F, %3F and %23, or give database.password",
        ));
    }
    if let Some((name, _)) = url
        .query_pairs()
        .find(|(name, _)| !PARAMETERS.contains(&&**name) && !name.starts_with("options["))
    {
        return Err(Wrong::new(
            format!("there is no parameter {name}"),
            format!("Remove it; there are {}", PARAMETERS.join(", ")),
        ));
    }
    let options: PgConnectOptions = text
        .parse()
        .map_err(|error| Wrong::new(format!("cannot be used: {error}"), EXAMPLE))?;
    let states_tls = url
        .query_pairs()
        .any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    if !states_tls && options.get_socket().is_none() && !is_loopback(options.get_host()) {
        let reason = format!(
            "{} is another machine and sslmode is not stated: the connection would fall back to plain text",
            options.get_host()
        );
        return Err(Wrong::new(
            reason,
            "Add ?sslmode=verify-full (or ?sslmode=disable, if plain text is what you want)",
        ));
    }
    Ok(url)
}

/// Whether a part of the password was taken for something that messages repeat.
fn breaks_its_password(url: &Url) -> bool {
    let places = [url.path(), url.fragment().unwrap_or_default()];
    let mut names = url.query_pairs().map(|(name, _)| name);
    places.iter().any(|place| place.contains('@')) || names.any(|name| name.contains('@'))
}

fn with_password(mut url: Url, password: Option<Secret>) -> Result<String, Wrong> {
    let Some(password) = password else {
        return Ok(url.into());
    };
    if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
        return Err(Wrong::new(
            "holds a password, and database.password gives another",
            "Remove one of the two",
        ));
    }
    url.set_password(Some(&password.text))
        .map_err(|()| Wrong::new("names no host, so it can hold no password", EXAMPLE))?;
    Ok(url.into())
}

/// Whether nothing that is sent leaves this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty()
        || host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Who is asked, for messages: without user and password.
pub(crate) fn place(settings: &Settings) -> String {
    let Ok(options) = settings.url.parse::<PgConnectOptions>() else {
        return "database.url".to_owned();
    };
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!(
            "{database} at {}:{}",
            options.get_host(),
            options.get_port()
        ),
    }
}

impl Secret {
    /// Where it was written, for a finding about it.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }
}
