//! The token of the API: every path of it asks, whatever is sent instead.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::history;
use crate::service::Service;

const TOKEN: &str = "0123456789abcdef";

#[test]
fn every_path_of_the_api_asks_for_the_token_and_tells_nothing_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).expect("a file");
    let token_file = format!("admin.token_file={}", file.display());
    let keys = ["kafka.brokers=127.0.0.1:1", &token_file];
    let service = Service::start(&history::database(), &keys);
    let (status, document) = service.get_with_token("/api/v1/openapi.json", TOKEN);
    assert_eq!(status, 200);
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").keys();
    for path in paths.map(|path| path.replace("{sku}", "A")) {
        for header in [
            String::new(),
            format!("Authorization: {TOKEN}\r\n"),
            format!("Authorization: Basic {TOKEN}\r\n"),
            format!("Authorization: Bearer  {TOKEN}\r\n"),
            format!("Authorization: Bearer {TOKEN}, Bearer {TOKEN}\r\n"),
            format!("Authorization: Bearer x\r\nAuthorization: Bearer {TOKEN}\r\n"),
            format!("Cookie: token={TOKEN}\r\n"),
        ] {
            let answer = asked(&service, &path, &header);
            assert!(
                answer.starts_with("HTTP/1.1 401 "),
                "{path} {header}: {answer}"
            );
            assert!(
                answer.contains("\r\nwww-authenticate: Bearer\r\n"),
                "{answer}"
            );
            assert!(
                !answer.contains("current_stock"),
                "{path} {header}: {answer}"
            );
        }
    }
    for open in ["/livez", "/readyz", "/metrics"] {
        let answer = asked(&service, open, "");
        assert!(!answer.starts_with("HTTP/1.1 401 "), "{open}: {answer}");
    }
}

fn asked(service: &Service, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(service.address()).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
