//! The binary from outside, on a real PostgreSQL and the in-process broker: what it answers, what
//! it writes, and its exit code. It knows no module of the binary.

mod demo;
mod exit_codes;
mod explain;
mod history;
mod http;
mod migrate;
mod parked;
mod positions;
mod products;
mod rules;
mod rulesets;
mod run;
mod security;
mod service;
mod support;
mod verify;
