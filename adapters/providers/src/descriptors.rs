//! How many descriptors processes may have: the gateway as many as the machine lets it, a program as many as ever.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Most descriptors of a process; `None` is without a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// As this process began, and as programs get where their offer names no limit.
    pub before: Option<u64>,
    /// As it may have now.
    pub now: Option<u64>,
}

/// Tells a hold what it and its program get. Its arguments stay as lists of processes have always shown them.
const VARIABLE: &str = "STROWGER_DESCRIPTORS";

/// Lets this process have as many descriptors as it may give itself: two watch each program that runs. Where the kernel
/// refuses, all stays as it was.
#[must_use]
pub fn raise_descriptors() -> Descriptors {
    let Rlimit { current: before, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    Descriptors { before, now: if raised.is_ok() { maximum } else { before } }
}

impl Descriptors {
    /// What a hold finds in its environment.
    pub(crate) fn variable(self) -> Option<(&'static str, String)> {
        let before = self.before.filter(|_| self.before != self.now)?;
        Some((VARIABLE, before.to_string()))
    }
}

/// Takes on what the gateway that started this process says. What is started from here inherits it.
pub(crate) fn take_on() -> io::Result<()> {
    let Some(before) = std::env::var(VARIABLE).ok().and_then(|before| before.parse::<u64>().ok()) else {
        return Ok(());
    };
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(maximum.map_or(before, |maximum| before.min(maximum)));
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

/// Whether this process, or the machine, has no descriptor left.
pub(crate) fn none_left(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|none| error.raw_os_error() == Some(none.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_takes_what_it_may_and_a_hold_is_told_of_what_was() {
        let raised = raise_descriptors();
        let now = getrlimit(Resource::Nofile);
        assert_eq!((raised.now, now.current), (now.current, now.maximum));
        assert_eq!(raise_descriptors(), Descriptors { before: raised.now, now: raised.now });
        let told = |before, now| Descriptors { before, now }.variable();
        assert_eq!(told(Some(1_024), Some(4_096)), Some((VARIABLE, "1024".to_owned())));
        assert_eq!(told(Some(1_024), None), Some((VARIABLE, "1024".to_owned())));
        assert_eq!((told(Some(1_024), Some(1_024)), told(None, None)), (None, None));
    }
}
