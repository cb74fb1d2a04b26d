#![doc = include_str!("../README.md")]

mod cli;
mod config;
mod exit;
mod run;
mod signals;

mod demo;
mod explain;
mod http;
mod reads;
mod verify;

mod database;
mod say;
mod who;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    die_of_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system gives threads and a poll");
    let answer = runtime.block_on(cli::dispatch(arguments, std::env::vars_os().collect()));
    if let Err(failure) = &answer {
        say::note(failure);
    }
    // What still runs is given up: after a drain that is nothing, after a failure nothing matters.
    runtime.shutdown_background();
    exit::code(&answer)
}

/// A bug in any thread or task stops the process before it can write anything more.
fn die_of_panics() {
    const PANICKED: i32 = 101;
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a bug: the process ends here");
        print(panic);
        std::process::exit(PANICKED);
    }));
}
