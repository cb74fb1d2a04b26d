//! `cargo xtask bench` runs this; everything is in the library's `bench`.

use clap::Parser;
use plimsoll_tests::bench::{self, Command, Options};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match &options.command {
        Some(Command::Consumer(consumer)) => bench::consume(consumer),
        None => bench::run(&options),
    }
}
