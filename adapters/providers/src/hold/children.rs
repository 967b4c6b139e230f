//! The program and all that descends from it, as the hold sees them: it adopts what loses its parent.

use std::io;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, set_child_subreaper,
    test_kill_process_group, wait,
};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{interval, timeout};

use crate::seen::Seen;

/// Between two looks at what dies but does not tell us.
const LOOK: Duration = Duration::from_millis(5);
/// What cannot be killed for so long hangs in the kernel; nothing is gained by waiting on.
const HOPELESS: Duration = Duration::from_secs(10);

/// The program and its descendants.
pub(super) struct Children {
    died: Signals,
    program: Pid,
    status: Option<i32>,
}

/// Adopts from now on. To be called before the first child, so that no death goes unseen.
pub(super) fn adopt() -> io::Result<Signals> {
    set_child_subreaper(Some(getpid()))?;
    signal(SignalKind::child())
}

impl Children {
    /// `program` leads a group of its own.
    pub(super) fn new(died: Signals, program: Pid) -> Self {
        Self { died, program, status: None }
    }

    /// Waits for the program's end.
    pub(super) async fn end(&mut self) -> i32 {
        loop {
            self.reap();
            if let Some(status) = self.status {
                return status;
            }
            self.died.recv().await;
        }
    }

    /// Asks the whole group to end, and ends it where it does not within `grace`.
    pub(super) async fn stop(&mut self, grace: Duration) -> i32 {
        self.signal(Signal::TERM);
        if timeout(grace, self.group_gone()).await.is_err() {
            self.signal(Signal::KILL);
        }
        self.end().await
    }

    /// Kills whatever is left. All that descends from us is below one of our children: what loses its parent is ours.
    pub(super) async fn clear(&mut self) {
        let all = async {
            let mut look = interval(LOOK);
            while self.reap() {
                Seen::descendants(getpid().as_raw_nonzero().get()).into_iter().for_each(Seen::kill);
                look.tick().await;
            }
        };
        let _hangs_in_the_kernel = timeout(HOPELESS, all).await;
    }

    async fn group_gone(&mut self) {
        let mut look = interval(LOOK);
        loop {
            self.reap();
            if self.status.is_some() && test_kill_process_group(self.program).is_err() {
                return;
            }
            tokio::select! {
                _ = self.died.recv() => {}
                _ = look.tick() => {}
            }
        }
    }

    /// Each gets it once: many a program takes the second word to end for "at once".
    fn signal(&self, signal: Signal) {
        let group = kill_process_group(self.program, signal);
        if group.is_err() && self.status.is_none() {
            let _ended = kill_process(self.program, signal);
        }
    }

    /// Whether any child is left.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.program => self.status = Some(as_shells_count(status)),
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }
}

fn as_shells_count(status: WaitStatus) -> i32 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    status.exit_status().or(signal).unwrap_or(-1)
}
