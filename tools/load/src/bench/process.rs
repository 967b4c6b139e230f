//! What a process costs, as the kernel counts (proc(5)).

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Ticks a second of `/proc/PID/stat`, the same on every Linux.
const TICKS: u64 = 100;

/// Processor time it used until now, in user and system mode.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&stat).context("no times in stat")?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS))
}

/// Memory it has, in B.
pub(crate) fn memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilo: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilo * 1_024)
}

/// Fields 14 and 15; the name, field 2, may hold blanks and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 1 0 100 0 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a"), None);
        assert!(memory(std::process::id()).unwrap() > 0 && cpu(std::process::id()).is_ok());
    }
}
