#![doc = include_str!("../README.md")]

mod decode;
mod headers;
mod malformed;

mod facts;
mod trace;

mod attributes;
mod field;
mod fields;
mod identity;
mod text;
mod value;

pub use decode::{Decoded, decode};
pub use facts::{Attribute, Facts, NotFacts};
pub use headers::{HEADERS_MAX, Headers};
pub use malformed::Malformed;
pub use text::{LEVELS_MAX, VALUE_BYTES_MAX};
pub use trace::Trace;
