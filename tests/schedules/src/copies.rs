//! Copies of the real files, as they are and with one bug each: made by `build.rs`, which lists the
//! bugs in `planted/bugs.rs`.

include!(concat!(env!("OUT_DIR"), "/copies.rs"));
