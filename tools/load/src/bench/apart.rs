//! Cores of its own for the gateway, so that the load it is offered does not take from it what it works with.

use anyhow::Result;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Two halves of the cores this process may use; on a machine with one core both are that one.
pub(crate) struct Halves {
    all: CpuSet,
    first: CpuSet,
    second: CpuSet,
}

impl Halves {
    pub(crate) fn new() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
        if cores.len() < 2 {
            return Ok(Self { all, first: all, second: all });
        }
        let (mut first, mut second) = (CpuSet::new(), CpuSet::new());
        let half = cores.len() / 2;
        for (at, core) in cores.into_iter().enumerate() {
            if at < half { first.set(core) } else { second.set(core) }
        }
        Ok(Self { all, first, second })
    }

    /// Does `work` on the first half: what it starts stays there. This thread, and what it starts later, goes on on the
    /// second.
    pub(crate) fn on_first<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        sched_setaffinity(None, &self.first)?;
        let done = work();
        sched_setaffinity(None, &self.second)?;
        done
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        // What runs behind this has no halves to fear for; at worst it is slower.
        let _at_worst_slower = sched_setaffinity(None, &self.all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_share_no_core_and_are_given_back() {
        let before = sched_getaffinity(None).unwrap();
        let halves = Halves::new().unwrap();
        let there = halves.on_first(|| Ok(sched_getaffinity(None)?)).unwrap();
        let here = sched_getaffinity(None).unwrap();
        if before.count() > 1 {
            assert_eq!(there.count() + here.count(), before.count());
            assert!((0..CpuSet::MAX_CPU).all(|core| !(there.is_set(core) && here.is_set(core))));
        }
        drop(halves);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
