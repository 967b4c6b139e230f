//! The crash audit: a load at full rate, a gateway that dies at any moment, and what is left of its promises.

mod audit;
mod broken;
mod client;
mod disk;
mod door;
mod floor;
mod found;
mod ledger;
mod life;
mod load;
mod look;
mod loss;
pub(crate) mod processes;
mod store;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::chance::Chance;
use crate::clock;
use crate::say::say;
use floor::Floor;
use life::{Death, Life};
use loss::Loss;

pub(crate) use broken::Broken;

/// Deaths until a new store is made: the audit looks at all of it each time.
const DEATHS: u32 = 5;
/// Losses told one by one.
const TOLD: usize = 20;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// So many kills and so many power cuts.
    pub(crate) cycles: u32,
    pub(crate) seed: Option<u64>,
    /// Run only this; the audit is expected to fail.
    pub(crate) broken: Option<Broken>,
}

/// Runs it all.
///
/// # Errors
/// Anything lost, a promise or a sight that never was, or a broken gateway that was not noticed.
pub(crate) fn run(options: Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| {
        let mut octets = [0; 8];
        strowger_primitive::World::random(&strowger_driver::System, &mut octets);
        u64::from_le_bytes(octets)
    });
    let mut chance = Chance::new(seed);
    say(format!("crash audit: seed {seed}"));
    let begun = clock::now();
    if let Some(broken) = options.broken {
        match broken.noticed(&mut chance)? {
            None => say(format!("{broken:?}: the audit noticed nothing")),
            Some(losses) => bail!("{broken:?}: {} losses", losses.len()),
        }
        return Ok(());
    }
    let mut total = Total::default();
    for (death, word) in [(Death::Kill, "kill"), (Death::Power, "power")] {
        cycles(death, word, options.cycles, &mut chance, &mut total)?;
    }
    disk::rounds(&mut chance, &mut total)?;
    for broken in [Broken::NoSync, Broken::EarlyAck] {
        let Some(losses) = broken.noticed(&mut chance)? else {
            bail!("self-test: the audit did not notice {broken:?} (seed {seed})");
        };
        let told = losses.iter().map(|loss| loss.sort).collect::<BTreeSet<_>>();
        let shown: Vec<_> = broken.shown(&losses).collect();
        let first = shown.first().map(ToString::to_string).unwrap_or_default();
        say(format!(
            "self-test {broken:?}: noticed, {} losses {told:?}, {} of them show it, the first is {first}",
            losses.len(),
            shown.len()
        ));
    }
    say(format!("seen: {}", total.floor));
    say(format!(
        "{} deaths, {} changes promised, {} unanswered, {} refused, {} log-ins missed, {} starts failed with the disk, {} records, {} repeated, {} losses, {:.0} s, seed {seed}",
        total.deaths,
        total.promised,
        total.unknown,
        total.refused,
        total.shut_out,
        total.failed,
        total.records,
        total.repeated,
        total.losses,
        clock::now().duration_since(begun).as_secs_f64()
    ));
    if total.losses > 0 {
        bail!("the crash audit found {} losses (seed {seed})", total.losses);
    }
    let missing: Vec<_> = total.floor.missing().map(|sight| sight.to_string()).collect();
    if !missing.is_empty() {
        bail!("the crash audit says nothing of what it never saw: {} (seed {seed})", missing.join(", "));
    }
    Ok(())
}

/// What all cycles came to.
#[derive(Debug, Default)]
pub(crate) struct Total {
    deaths: u64,
    promised: u64,
    unknown: u64,
    refused: u64,
    shut_out: u64,
    failed: u64,
    records: u64,
    repeated: u64,
    losses: usize,
    floor: Floor,
}

impl Total {
    /// Tells of one life's death.
    fn tell(&mut self, word: &str, no: u32, life: &mut Life, losses: &[Loss]) {
        let last = &life.last;
        self.deaths += 1;
        self.promised += last.promised;
        self.unknown += last.unknown;
        self.refused += last.refused;
        self.shut_out += last.shut_out;
        self.failed += last.failed;
        self.repeated += last.repeated;
        self.records += last.records;
        self.losses += losses.len();
        self.floor.add(&std::mem::take(&mut life.floor));
        say(format!(
            "{word:<10}{no:>4}  {:>4} ms of load  {:>6} promised  {:>3} unanswered  {:>4} refused  {:>7} records  {:>2} programs  served again after {:>5} ms  {}",
            last.load.as_millis(),
            last.promised,
            last.unknown,
            last.refused,
            last.records,
            last.programs,
            last.again.as_millis(),
            if losses.is_empty() { "ok".to_owned() } else { format!("{} LOSSES", losses.len()) }
        ));
        for loss in losses.iter().take(TOLD) {
            say(format!("            {loss}"));
        }
        if !losses.is_empty() {
            say(format!("            everything of it is kept in {}", life.keep().display()));
        }
    }
}

fn cycles(death: Death, word: &str, cycles: u32, chance: &mut Chance, total: &mut Total) -> Result<()> {
    let mut life = None;
    for no in 1..=cycles {
        let mut living = match life.take() {
            Some(life) => life,
            None => Life::begin(death == Death::Power)?,
        };
        let time = Duration::from_millis(200 + chance.below(2_800));
        let losses = living.die(death, time, &format!("{word}{no}"), chance)?;
        total.tell(word, no, &mut living, &losses);
        if no % DEATHS == 0 || no == cycles || !losses.is_empty() {
            let last = living.end()?;
            total.losses += last.len();
            for loss in last {
                say(format!("            at the end: {loss}"));
            }
        } else {
            life = Some(living);
        }
    }
    Ok(())
}
