//! Every chore of this repository, one command each. It knows the crates by
//! name only and depends on none of them, so it compiles in seconds and can
//! prepare the machine before anything else is built.

mod deploy;
mod fuzz;
mod mutants;
mod paths;
mod process;
mod rules;
mod say;
mod servers;
mod setup;
mod soak;
mod suite;
mod tidy;

use std::ffi::OsString;
use std::process::ExitCode;

use process::{Exit, USAGE};
use setup::Scope;

/// One chore: how it is typed, what it does, and the code that does it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    run: fn(Vec<OsString>) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "setup",
        arguments: "[--for demo] [--jaeger]",
        does: "find or install what everything, or only the demo, needs",
        run: setup,
    },
    Command {
        name: "demo",
        arguments: "[--seconds N] [FLAGS]",
        does: "watch events become stock, then see it proven",
        run: demo,
    },
    Command {
        name: "test",
        arguments: "[FILTER]…",
        does: "format, tidy, deploy/, lints and every test; with a filter, only those tests",
        run: suite::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        does: "check the rules of this repository that no compiler checks",
        run: |rest| nothing_after(&rest).and_then(|()| tidy::run()),
    },
    Command {
        name: "rules",
        arguments: "",
        does: "test the shipped rules, build them to bundles and try those",
        run: |rest| nothing_after(&rest).and_then(|()| rules::run()),
    },
    Command {
        name: "sim",
        arguments: "--seed N | --seeds N",
        does: "replay one run in virtual time and see what happened, or run many",
        run: |rest| process::become_binary("plimsoll-sim", rest),
    },
    Command {
        name: "fuzz",
        arguments: "[--seconds N] [TARGET]…",
        does: "look for inputs that break a promise; `--keep` keeps those that reach new code",
        run: fuzz::run,
    },
    Command {
        name: "mutants",
        arguments: "[FILE]…",
        does: "make mistakes in the pure middle and in what lanes share, or in a FILE; tests must find each",
        run: mutants::run,
    },
    Command {
        name: "soak",
        arguments: "[--minutes N]",
        does: "races, schedules and simulation from fresh seeds, the last of them for N minutes",
        run: soak::run,
    },
    Command {
        name: "bench",
        arguments: "[--quick] [FLAGS]",
        does: "measure the consumer beside others, on real servers; `bench rules`: the rules",
        run: bench,
    },
    Command {
        name: "up",
        arguments: "",
        does: "start Kafka, PostgreSQL and Jaeger (if it is set up), print their addresses",
        run: |rest| nothing_after(&rest).and_then(|()| servers::up()),
    },
    Command {
        name: "down",
        arguments: "",
        does: "stop what `up` started",
        run: |rest| nothing_after(&rest).and_then(|()| servers::down()),
    },
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            process::code_of(&error)
        }
    }
}

fn dispatch() -> anyhow::Result<()> {
    let mut words = std::env::args_os().skip(1);
    let Some(name) = words.next() else {
        say::line(help());
        return Ok(());
    };
    let rest: Vec<OsString> = words.collect();
    match name.to_str() {
        Some("--help" | "-h" | "help") => say::line(help()),
        Some(known) if let Some(command) = COMMANDS.iter().find(|c| c.name == known) => {
            (command.run)(rest)?;
        }
        _ => {
            let name = name.to_string_lossy();
            return Err(Exit::new(USAGE, format!("no command `{name}`\n\n{}", help())).into());
        }
    }
    Ok(())
}

fn help() -> String {
    let mut text = String::from("cargo xtask COMMAND\n");
    for Command {
        name,
        arguments,
        does,
        ..
    } in COMMANDS
    {
        let typed = format!("{name} {arguments}");
        text.push_str(&format!("\n  {typed:<31}{does}"));
    }
    text
}

fn setup(rest: Vec<OsString>) -> anyhow::Result<()> {
    let wanted = wanted(rest).map_err(|error| Exit::new(USAGE, error.to_string()))?;
    setup::run(wanted.scope)?;
    match wanted.jaeger {
        true => setup::jaeger(),
        false => Ok(()),
    }
}

/// What `setup` was asked for.
struct Wanted {
    scope: Scope,
    jaeger: bool,
}

fn wanted(rest: Vec<OsString>) -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted {
        scope: Scope::Everything,
        jaeger: false,
    };
    let mut parser = lexopt::Parser::from_args(rest);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("for") => {
                wanted.scope = match parser.value()?.to_str() {
                    Some("demo") => Scope::Demo,
                    _ => {
                        return Err("`--for` takes `demo`; without it, everything is set up".into());
                    }
                };
            }
            lexopt::Arg::Long("jaeger") => wanted.jaeger = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(wanted)
}

fn demo(rest: Vec<OsString>) -> anyhow::Result<()> {
    setup::run(Scope::Demo)?;
    let mut arguments = vec![OsString::from("demo")];
    if !rest.iter().any(|word| word == "--rules") {
        match setup::wasm().and_then(|()| rules::current()) {
            Ok(folder) => arguments.extend(["--rules".into(), folder.into()]),
            // It runs all the same, and says by itself what it does without.
            Err(error) => say::error(&error.context("the shipped rules cannot be built here")),
        }
    }
    arguments.extend(rest);
    process::become_binary("plimsoll", arguments)
}

fn bench(rest: Vec<OsString>) -> anyhow::Result<()> {
    setup::run(Scope::Everything)?;
    if let [what, after @ ..] = &rest[..]
        && what == "rules"
    {
        return nothing_after(after).and_then(|()| rules::bench());
    }
    process::become_binary("bench", rest)
}

fn nothing_after(rest: &[OsString]) -> anyhow::Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(word) => {
            let word = word.to_string_lossy();
            Err(Exit::new(
                USAGE,
                format!("this command takes no arguments, so not `{word}`"),
            )
            .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_one_line_for_each_command() {
        let help = help();
        for command in COMMANDS {
            assert_eq!(
                help.lines()
                    .filter(|line| line.starts_with(&format!("  {} ", command.name)))
                    .count(),
                1
            );
        }
    }

    #[test]
    fn setup_takes_a_scope_and_jaeger_and_nothing_else() {
        let asked = |words: &[&str]| {
            let wanted = wanted(words.iter().map(OsString::from).collect());
            wanted.map(|it| (it.scope, it.jaeger)).ok()
        };
        assert_eq!(asked(&[]), Some((Scope::Everything, false)));
        assert_eq!(asked(&["--for", "demo"]), Some((Scope::Demo, false)));
        assert_eq!(asked(&["--jaeger"]), Some((Scope::Everything, true)));
        assert_eq!(asked(&["--for", "kafka"]), None);
        assert_eq!(asked(&["demo"]), None);
    }
}
