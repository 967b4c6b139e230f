//! What the kernel says of processes (proc(5)): who is whose, and that a number still means the process it meant.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// One process as `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    /// In clock ticks since the boot; with the number and the boot it names a process for ever.
    pub(crate) start: u64,
    /// It has ended and nobody has asked how. One whose first thread has ended while others go on is none.
    pub(crate) zombie: bool,
}

impl Seen {
    /// The process of that number.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// All processes that can be seen.
    pub(crate) fn all() -> Vec<Self> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).filter_map(Self::of).collect()
    }

    /// All that descends from the process of that number.
    pub(crate) fn descendants(pid: i32) -> Vec<Self> {
        let mut others = Self::all();
        let mut found = Vec::new();
        let mut parents = vec![pid];
        while let Some(parent) = parents.pop() {
            let children = others.extract_if(.., |seen| seen.parent == parent);
            found.extend(children.inspect(|child| parents.push(child.pid)));
        }
        found
    }

    /// Whether it was started with that `NAME=VALUE` in its environment.
    pub(crate) fn carries(self, variable: &str) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", self.pid)).unwrap_or_default();
        environment.split(|octet| *octet == 0).any(|one| one == variable.as_bytes())
    }

    /// Kills this very process, and no other that may have its number by now.
    pub(crate) fn kill(self) {
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        // The descriptor is bound to whoever has the number now: only behind it is the comparison worth anything.
        if Self::of(self.pid).is_some_and(|now| now.start == self.start) {
            let _gone_meanwhile = pidfd_send_signal(&descriptor, Signal::KILL);
        }
    }
}

/// Names this boot of the machine.
pub(crate) fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// The ports the kernel gives to outgoing connections.
pub(crate) fn outgoing_ports() -> Option<(u16, u16)> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut words = text.split_whitespace().map(str::parse);
    Some((words.next()?.ok()?, words.next()?.ok()?))
}

/// The name in parentheses may hold anything, blanks and parentheses too: the last one ends it.
fn parse(stat: &str) -> Option<Seen> {
    let (before, after) = stat.rsplit_once(')')?;
    let pid = before.split_once(' ')?.0.parse().ok()?;
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    // Field 3 of proc(5) is the first behind the name.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Seen {
        pid,
        zombie: matches!(field(3)?, "Z" | "X") && field(20)?.parse::<u32>().ok()? <= 1,
        parent: field(4)?.parse().ok()?,
        session: field(6)?.parse().ok()?,
        start: field(22)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_is_read_past() {
        let stat = "42 (a) b) (c) S 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 2 3";
        let seen = Seen { pid: 42, parent: 7, session: 9, start: 12_345, zombie: false };
        assert_eq!(parse(stat), Some(seen));
        assert_eq!(parse(&stat.replace(" S ", " Z ")), Some(Seen { zombie: true, ..seen }));
        assert_eq!(parse(&stat.replace(" S ", " Z ").replace("20 0 1 0", "20 0 2 0")), Some(seen), "a thread goes on");
        assert_eq!(parse("42 (a"), None);
    }

    #[test]
    fn we_see_ourselves() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Seen::of(me), Seen::all().into_iter().find(|seen| seen.pid == me));
        assert_eq!(boot().len(), 36);
    }
}
