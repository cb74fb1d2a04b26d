//! What can be typed, and which code it runs. The commands themselves do the work; here they are
//! only named.

mod arguments;
mod place;

mod check;
mod migrate;
mod parked;
mod positions;
mod products;
mod rules;

pub(crate) use arguments::{Arguments, Demo, Explain, Verify};
pub(crate) use place::Record;
pub(crate) use products::{Product, import};

use arguments::Command;

use crate::config::{Config, Sources};
use crate::exit::{Failure, Verdict};
use crate::{demo, explain, run, verify};

/// Runs what was typed.
pub(crate) async fn dispatch(
    arguments: Arguments,
    variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
) -> Result<Verdict, Failure> {
    let sources = Sources {
        file: arguments.config,
        variables,
        flags: arguments.set,
    };
    let config = Config::load(&sources);
    if let Command::Check(options) = &arguments.command {
        return check::run(config, options).await;
    }
    if let Command::Rules(command) = arguments.command {
        return rules::run(config, command).await;
    }
    let config = config.map_err(Failure::Configuration)?;
    match arguments.command {
        Command::Run => run::run(config).await,
        Command::Demo(options) => demo::run(config, options).await,
        Command::Migrate(command) => migrate::run(&config, command).await,
        Command::Check(_) | Command::Rules(_) => unreachable!("answered above"),
        Command::Verify(options) => verify::run(&config, &options).await,
        Command::Explain(options) => explain::run(&config, &options).await,
        Command::Products(command) => products::run(&config, command).await,
        Command::Parked(command) => parked::run(&config, command).await,
        Command::Positions(command) => positions::run(&config, command).await,
    }
}
