//! What a process costs, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The kernel counts in hundredths of a second on every platform of ours.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of all threads of a process, in steps of 10 ms.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat
        .rsplit_once(") ")
        .context("a process has a name in parentheses")?;
    let ticks = |index: usize| {
        fields
            .split(' ')
            .nth(index)
            .and_then(|ticks| ticks.parse::<u32>().ok())
    };
    let (user, system) = (ticks(11).context("utime")?, ticks(12).context("stime")?);
    Ok(TICK * (user + system))
}

/// The most memory a process ever held, in bytes.
pub fn peak_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
