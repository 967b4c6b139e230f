//! The self-test: a gateway that is broken on purpose, which the audit has to find out for the right reason.

use std::time::Duration;

use anyhow::Result;

use super::life::{Death, Life};
use super::loss::{Loss, Sort};
use crate::chance::Chance;
use crate::say::say;

/// Deaths a broken gateway is given to be found out.
const CHANCES: u32 = 5;
/// The load before each.
const LOAD: Duration = Duration::from_millis(700);

/// What is wrong with the gateway on purpose, to see that the audit notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Broken {
    /// The disk says that it synced and did not.
    NoSync,
    /// Requests count as answered before they are.
    EarlyAck,
}

impl Broken {
    /// What the audit says of it; nothing: it did not see what is wrong, whatever else it saw.
    pub(crate) fn noticed(self, chance: &mut Chance) -> Result<Option<Vec<Loss>>> {
        for no in 1..=CHANCES {
            let mut life = Life::begin(true)?;
            life.broken = Some(self);
            life.place.control(self.words())?;
            let losses = life.die(Death::Power, LOAD, &format!("broken{no}"), chance)?;
            if self.is_shown(&losses) {
                return Ok(Some(losses));
            }
            for loss in losses.iter().take(super::TOLD) {
                say(format!("            {self:?} is not shown by {loss}"));
            }
        }
        Ok(None)
    }

    /// Of the losses, those that show it.
    pub(crate) fn shown(self, losses: &[Loss]) -> impl Iterator<Item = &Loss> {
        losses.iter().filter(move |loss| self.sorts().contains(&loss.sort))
    }

    /// A gateway that does not even start again shows nothing: any fault ends so.
    fn is_shown(self, losses: &[Loss]) -> bool {
        self.shown(losses).next().is_some()
    }

    fn sorts(self) -> &'static [Sort] {
        match self {
            Self::NoSync => &[Sort::OrderGone, Sort::NoRecord, Sort::Records],
            Self::EarlyAck => &[Sort::OrderGone, Sort::NoRecord],
        }
    }

    /// What the disk does meanwhile.
    fn words(self) -> &'static str {
        match self {
            Self::NoSync => "no-sync",
            // So that there is always something under way.
            Self::EarlyAck => "slow 40",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_it_loses_shows_it() {
        let shown = |broken: Broken, sorts: &[Sort]| {
            let losses: Vec<_> = sorts.iter().map(|sort| Loss::new(*sort, "it")).collect();
            broken.is_shown(&losses)
        };
        for broken in [Broken::NoSync, Broken::EarlyAck] {
            assert!(!shown(broken, &[]));
            assert!(!shown(broken, &[Sort::Dead, Sort::Unopened, Sort::Unserved, Sort::NotRunning]), "{broken:?}");
            assert!(shown(broken, &[Sort::Dead, Sort::OrderGone]), "{broken:?}");
            assert!(shown(broken, &[Sort::NoRecord]), "{broken:?}");
        }
        assert!(shown(Broken::NoSync, &[Sort::Records]));
        assert!(!shown(Broken::EarlyAck, &[Sort::Records]));
    }
}
