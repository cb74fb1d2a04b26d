//! Faults of processes, servers and the wires between them under traffic, judged by the checker: kill −9, a
//! paused owner that wakes up, rebalances one after the other, crashes of PostgreSQL and of the broker,
//! wires that are slow, cut or dead, retention, a topic made anew.

mod links;
mod members;
mod scene;
mod servers;
mod topics;
