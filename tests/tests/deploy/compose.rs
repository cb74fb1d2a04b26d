//! compose.yaml: what it mounts is there, what it waits for can be seen, and the service takes the
//! environment that it is given. Nothing is started.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use plimsoll_tests::ours::binary;
use serde_json::{Map, Value};

use crate::{list, path, string, text, yaml};

fn services() -> Map<String, Value> {
    let file = yaml("compose.yaml");
    file["services"].as_object().expect("services").clone()
}

/// A value as it is without any variable: `${NAME:-default}` is the default.
fn by_default(value: &str) -> String {
    let Some((before, rest)) = value.split_once("${") else {
        return value.to_owned();
    };
    let (variable, after) = rest.split_once('}').expect("a variable ends");
    let (_, default) = variable.split_once(":-").expect("a variable has a default");
    format!("{before}{default}{}", by_default(after))
}

#[test]
fn what_is_mounted_and_built_is_there() {
    for (name, service) in services() {
        for volume in list(&service["volumes"]) {
            let source = string(volume).split(':').next().expect("a source");
            let there = is_declared(source) || path(source).is_file();
            assert!(there, "{name}: {source}");
        }
        if let Some(dockerfile) = service["build"]["dockerfile"].as_str() {
            assert!(
                path("..").join(dockerfile).is_file(),
                "{name}: {dockerfile}"
            );
        }
    }
}

/// A volume of its own has no settings, so its value is null.
fn is_declared(volume: &str) -> bool {
    let file = yaml("compose.yaml");
    file["volumes"]
        .as_object()
        .is_some_and(|volumes| volumes.contains_key(volume))
}

#[test]
fn what_is_waited_for_can_be_seen() {
    let services = services();
    for (name, service) in &services {
        for (other, wait) in service["depends_on"].as_object().into_iter().flatten() {
            let other = services
                .get(other)
                .unwrap_or_else(|| panic!("{name}: {other}"));
            let healthy = string(&wait["condition"]) == "service_healthy";
            assert!(
                !healthy || other["healthcheck"]["test"].is_array(),
                "{name}"
            );
        }
    }
}

#[test]
fn an_image_is_built_for_one_service_and_nobody_else_builds_or_pulls_it() {
    let services = services();
    let builds = |service: &Value| service["build"].is_object();
    let image = |service: &Value| by_default(string(&service["image"]));
    let mut built = BTreeSet::new();
    for (name, service) in services.iter().filter(|(_, it)| builds(it)) {
        assert!(built.insert(image(service)), "{name}: it is built already");
    }
    assert!(!built.is_empty(), "the service is built");
    for (name, service) in services.iter().filter(|(_, it)| !builds(it)) {
        let waits = service["pull_policy"] == "never";
        assert_eq!(waits, built.contains(&image(service)), "{name}");
    }
}

#[test]
fn the_time_to_stop_is_the_same_wherever_it_is_told() {
    let grace = services()["plimsoll"]["stop_grace_period"].clone();
    let seconds = string(&grace).strip_suffix('s').expect("seconds");
    for (file, told) in [
        ("Dockerfile", "docker stop --time "),
        ("README.md", "docker stop --time "),
        ("README.md", "terminationGracePeriodSeconds: "),
    ] {
        let told = format!("`{told}{seconds}`");
        assert!(text(file).contains(&told), "{file}: {told}");
    }
}

#[test]
fn images_are_pinned_and_ports_are_on_loopback() {
    for (name, service) in services() {
        let image = by_default(string(&service["image"]));
        let (_, version) = image.split_once(':').expect("a version");
        assert_ne!(version, "latest", "{name}");
        for port in list(&service["ports"]) {
            assert!(string(port).starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
}

#[test]
fn the_service_takes_the_environment_that_it_is_given() {
    let token = by_default(string(&yaml("compose.yaml")["configs"]["token"]["content"]));
    let folder = tempfile::tempdir().expect("a folder");
    let token_file = folder.path().join("token");
    fs::write(&token_file, token).expect("a file");
    let mut asked = 0;
    for (name, service) in services() {
        let variables = service["environment"].as_object().into_iter().flatten();
        let mut check = Command::new(binary::path().expect("the binary"));
        check.arg("check").env_clear();
        let ours = variables.filter(|(variable, _)| variable.starts_with("PLIMSOLL_"));
        for (variable, value) in ours {
            check.env(variable, by_default(string(value)));
            if variable == "PLIMSOLL_ADMIN__TOKEN_FILE" {
                let mounted = &service["configs"][0]["target"];
                assert_eq!(value, mounted, "{name}: the token is mounted elsewhere");
                check.env(variable, &token_file);
            }
            asked += 1;
        }
        let output = check.output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {complaint}");
    }
    assert!(asked > 5, "the environments are read");
}

#[test]
fn the_image_is_built_from_all_members_of_the_workspace() {
    let sent = text("Dockerfile.dockerignore");
    let workspace = fs::read_to_string(path("../Cargo.toml")).expect("the workspace");
    let members = workspace.split_once("members = [").expect("members").1;
    let members = members.split(']').next().expect("they end").split(',');
    for member in members {
        let member = member.trim().trim_matches('"');
        let folder = format!("!{}", member.split('/').next().expect("a folder"));
        assert!(sent.lines().any(|line| line == folder), "{member}");
    }
}
