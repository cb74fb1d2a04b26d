//! Log lines to standard error, for people or for machines. Where the filter comes from is not
//! known here.

use std::io::{IsTerminal, stderr};

use thiserror::Error;
use tracing::dispatcher::{SetGlobalDefaultError, set_global_default};
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;
use tracing_subscriber::registry::LookupSpan;

use crate::Traces;

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line for a person, in colour on a terminal.
    Human,
    /// One JSON object with the event's fields at its top.
    Json,
}

/// Why there are no log lines.
#[derive(Debug, Error)]
pub enum Error {
    /// The filter is none.
    #[error("the log filter cannot be read")]
    Filter(#[from] ParseError),
    /// The process has its subscriber already.
    #[error("log lines go elsewhere already")]
    Taken(#[from] SetGlobalDefaultError),
}

/// Starts writing log lines, once for each process. The filter is written as for `RUST_LOG`, such
/// as `info` or `warn,plimsoll_core=debug`. A line about a batch that has a trace carries its id.
///
/// # Errors
/// A filter that is none, or a second call.
pub fn init(format: Format, filter: &str, traces: &Traces) -> Result<(), Error> {
    let lines = lines(format, filter, stderr, stderr().is_terminal())?;
    let all = registry().with(lines).with(traces.layer());
    Ok(set_global_default(Dispatch::new(all))?)
}

/// The spans that traces are made of say too much for a line.
const NO_SPANS_BUT_OURS: [&str; 2] = ["plimsoll::trace=off", "plimsoll::line=info"];

fn lines<S, W>(
    format: Format,
    filter: &str,
    writer: W,
    colour: bool,
) -> Result<Box<dyn Layer<S> + Send + Sync>, ParseError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = [&[filter], &NO_SPANS_BUT_OURS[..]].concat().join(",");
    let filter = EnvFilter::builder().parse(filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(match format {
        Format::Human => lines.with_ansi(colour).with_filter(filter).boxed(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use expect_test::{Expect, expect};
    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is written inside a span, from the level on: the time before it is another each run.
    fn check(format: Format, filter: &str, expect: Expect) {
        let page = Page::default();
        let writer = page.clone();
        let lines = lines(format, filter, move || writer.clone(), false).expect("it is a filter");
        tracing::dispatcher::with_default(&Dispatch::new(registry().with(lines)), || {
            let batch = tracing::info_span!(target: "plimsoll::line", "batch", lane = 1);
            let _entered = batch.entered();
            let stage = tracing::info_span!(target: "plimsoll::trace", "stage");
            let _inside = stage.entered();
            tracing::info!(partition = 7, "applied");
            tracing::debug!("in detail");
        });
        let text = String::from_utf8(page.0.lock().clone()).expect("log lines are text");
        let seen = text
            .lines()
            .filter_map(|line| Some(&line[line.find(['I', 'D'])?..]));
        expect.assert_eq(&seen.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_line_for_a_person_has_the_span_before_it() {
        check(
            Format::Human,
            "info",
            expect!["INFO batch{lane=1}: plimsoll_telemetry::logs::tests: applied partition=7"],
        );
    }

    #[test]
    fn a_line_for_a_machine_is_one_object() {
        check(
            Format::Json,
            "info",
            expect![[
                r#"INFO","message":"applied","partition":7,"target":"plimsoll_telemetry::logs::tests","span":{"lane":1,"name":"batch"}}"#
            ]],
        );
    }

    #[test]
    fn the_filter_decides() {
        check(
            Format::Human,
            "warn,plimsoll_telemetry=debug",
            expect![[r#"
                INFO batch{lane=1}: plimsoll_telemetry::logs::tests: applied partition=7
                DEBUG batch{lane=1}: plimsoll_telemetry::logs::tests: in detail"#]],
        );
        check(Format::Human, "warn", expect![[""]]);
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(matches!(
            init(Format::Json, "plimsoll=loud", &Traces::off()),
            Err(Error::Filter(_))
        ));
    }

    #[test]
    fn a_process_has_one_subscriber() {
        init(Format::Json, "off", &Traces::off()).expect("it is the first");
        assert!(matches!(
            init(Format::Human, "off", &Traces::off()),
            Err(Error::Taken(_))
        ));
    }
}
