//! The life of a lane as text: events one a line, effects behind them. Knows no rule of the lane.
//!
//! ```text
//! took 0:3 1:2..5
//! answered lost 0
//! revoked 1
//! waited
//! ```
//!
//! `0:3` are records 0 up to, excluding, 3 of partition 0, and `1:2..5` are 2 up to 5 of partition 1.

use crate::lane::{Answer, Attempt, Effect, Event, Halt, Lane, Share};

/// Runs a script and writes the effects behind each of its lines.
pub(super) fn performed(script: &str) -> String {
    let mut lane = Lane::default();
    let lines = script.lines().map(|line| {
        let effects = lane.step(event(line.trim()));
        told(line.trim(), &effects)
    });
    lines.collect()
}

/// One line of a script with its effects.
pub(super) fn told(line: &str, effects: &[Effect]) -> String {
    let effects: Vec<String> = effects.iter().map(effect).collect();
    let effects = if effects.is_empty() {
        "nothing".to_owned()
    } else {
        effects.join("; ")
    };
    format!("{line} -> {effects}\n")
}

fn event(line: &str) -> Event {
    let (what, words) = line.split_once(' ').unwrap_or((line, ""));
    match what {
        "took" => Event::Took(words.split(' ').map(share).collect()),
        "answered" => Event::Answered(answer(words)),
        "revoked" => Event::Revoked(partitions(words)),
        "waited" => Event::Waited,
        other => panic!("no such event: {other}"),
    }
}

fn answer(words: &str) -> Answer {
    match words.split_once(' ').unwrap_or((words, "")) {
        ("committed", _) => Answer::Committed,
        ("tripped", which) => Answer::Tripped(partitions(which)),
        ("conflict", _) => Answer::Conflict,
        ("duplicates", _) => Answer::Duplicates,
        ("turned", _) => Answer::Turned,
        ("transient", _) => Answer::Transient,
        ("lost", which) => Answer::Lost(partitions(which)),
        ("ahead", which) => Answer::Ahead(number(which)),
        ("refused", reason) => Answer::Refused(reason.to_owned()),
        (other, _) => panic!("no such answer: {other}"),
    }
}

fn share(text: &str) -> Share {
    let (partition, records) = text.split_once(':').expect("a partition and its records");
    let (first, until) = records.split_once("..").unwrap_or(("0", records));
    Share {
        partition: number(partition),
        first: number(first),
        until: number(until),
    }
}

fn partitions(words: &str) -> Vec<i32> {
    words.split(' ').map(number).collect()
}

fn number<N: std::str::FromStr>(word: &str) -> N {
    word.parse()
        .unwrap_or_else(|_| panic!("not a number: {word}"))
}

/// An event as a script has it.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Took(taken) => format!("took {}", shares(taken)),
        Event::Answered(Answer::Tripped(halted)) => format!("answered tripped {}", joined(halted)),
        Event::Answered(Answer::Lost(lost)) => format!("answered lost {}", joined(lost)),
        Event::Answered(Answer::Ahead(partition)) => format!("answered ahead {partition}"),
        Event::Answered(Answer::Refused(reason)) => format!("answered refused {reason}"),
        Event::Answered(answer) => format!("answered {answer:?}").to_lowercase(),
        Event::Revoked(revoked) => format!("revoked {}", joined(revoked)),
        Event::Waited => "waited".to_owned(),
    }
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Apply(Attempt {
            shares: these,
            locked,
            look_up_all,
        }) => {
            let locked = if *locked { ", locked" } else { "" };
            let look_up_all = if *look_up_all { ", look up all" } else { "" };
            format!("apply {}{locked}{look_up_all}", shares(these))
        }
        Effect::TurnPart => "turn part".to_owned(),
        Effect::Settle(settled) => format!("settle {}", shares(settled)),
        Effect::Wait(wait) => format!("wait {wait:?}"),
        Effect::LetGo(gone) => format!("let go {}", joined(gone)),
        Effect::Lost(lost) => format!("lost {}", joined(lost)),
        Effect::Halt(partition, Halt::Ahead) => format!("halt {partition}: ahead"),
        Effect::Halt(partition, Halt::Malformed) => format!("halt {partition}: malformed"),
        Effect::Halt(partition, Halt::Refused(reason)) => {
            format!("halt {partition}: refused {reason}")
        }
        Effect::Free => "free".to_owned(),
    }
}

fn shares(shares: &[Share]) -> String {
    let texts: Vec<String> = shares
        .iter()
        .map(|s| format!("{}:{}..{}", s.partition, s.first, s.until))
        .collect();
    texts.join(" ")
}

fn joined(partitions: &[i32]) -> String {
    let texts: Vec<String> = partitions.iter().map(i32::to_string).collect();
    texts.join(" ")
}
