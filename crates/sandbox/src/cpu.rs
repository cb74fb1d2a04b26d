//! Processor time of a server and the processes it started, from `/proc`.

use std::fs;
use std::time::Duration;

/// The kernel reports in hundredths of a second on every Linux platform Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// What `/proc/PID/stat` says, in ticks.
struct Usage {
    parent: u32,
    own: u32,
    ended_children: u32,
}

/// Looks before giving up on one in which no child ended meanwhile.
const LOOKS_MAX: u32 = 10;

/// User and system time of the process, of its children, and of those of them that ended.
/// Zero where there is no `/proc`.
pub(crate) fn of_family(pid: u32) -> Duration {
    let mut ticks = 0;
    for _ in 0..LOOKS_MAX {
        let before = usage(pid).map_or(0, |head| head.ended_children);
        let children = children_of(pid);
        let head = usage(pid);
        ticks = children
            + head
                .as_ref()
                .map_or(0, |head| head.own + head.ended_children);
        // A child that ended between the two looks would be missing, or counted twice.
        if head.is_none_or(|head| head.ended_children == before) {
            break;
        }
    }
    TICK * ticks
}

fn children_of(pid: u32) -> u32 {
    processes()
        .filter_map(usage)
        .filter(|process| process.parent == pid)
        .map(|child| child.own + child.ended_children)
        .sum()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The name of the program, in parentheses, may hold spaces and parentheses: count from the last.
fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let fields: Vec<u32> = after_name
        .split(' ')
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    let ticks = |index: usize| fields.get(index).copied().unwrap_or(0);
    Some(Usage {
        parent: ticks(1),
        own: ticks(11) + ticks(12),
        ended_children: ticks(13) + ticks(14),
    })
}
