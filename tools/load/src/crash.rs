//! The crash audit: a load at full rate, a gateway that dies at any moment, and what is left of its promises.

mod audit;
mod client;
mod disk;
mod found;
mod ledger;
mod life;
mod load;
mod look;
mod processes;
mod store;

use std::time::Duration;

use anyhow::{Result, bail};

use crate::chance::Chance;
use crate::clock;
use crate::say::say;
use audit::Loss;
use life::{Death, Life};

/// Deaths until a new store is made: the audit looks at all of it each time.
const DEATHS: u32 = 5;
/// Losses told one by one.
const TOLD: usize = 20;
/// Deaths a broken gateway is given to be found out.
const CHANCES: u32 = 5;

/// What is wrong with the gateway on purpose, to see that the audit notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Broken {
    /// The disk says that it synced and did not.
    NoSync,
    /// Requests count as answered before they are.
    EarlyAck,
}

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
/// Anything lost, or a broken gateway that was not noticed.
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
        let losses = noticed(broken, &mut chance)?;
        if losses.is_empty() {
            say(format!("{broken:?}: the audit noticed nothing"));
            return Ok(());
        }
        bail!("{broken:?}: {} losses", losses.len());
    }
    let mut total = Total::default();
    for (death, word) in [(Death::Kill, "kill"), (Death::Power, "power")] {
        cycles(death, word, options.cycles, &mut chance, &mut total)?;
    }
    disk::rounds(&mut chance, &mut total)?;
    for broken in [Broken::NoSync, Broken::EarlyAck] {
        let losses = noticed(broken, &mut chance)?;
        let Some(first) = losses.first() else {
            bail!("self-test: the audit did not notice {broken:?} (seed {seed})");
        };
        say(format!("self-test {broken:?}: noticed, {} losses, the first is {first}", losses.len()));
    }
    say(format!(
        "{} deaths, {} changes promised, {} unanswered, {} refused, {} records, {} repeated, {} losses, {:.0} s, seed {seed}",
        total.deaths,
        total.promised,
        total.unknown,
        total.refused,
        total.records,
        total.repeated,
        total.losses,
        clock::now().duration_since(begun).as_secs_f64()
    ));
    if total.losses > 0 {
        bail!("the crash audit found {} losses (seed {seed})", total.losses);
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
    records: u64,
    repeated: u64,
    losses: usize,
}

impl Total {
    /// Tells of one life's death.
    fn tell(&mut self, word: &str, no: u32, life: &mut Life, losses: &[Loss]) {
        let last = &life.last;
        self.deaths += 1;
        self.promised += last.promised;
        self.unknown += last.unknown;
        self.refused += last.refused;
        self.repeated += last.repeated;
        self.records += last.records;
        self.losses += losses.len();
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

/// What the audit says of a gateway that is broken on purpose.
fn noticed(broken: Broken, chance: &mut Chance) -> Result<Vec<Loss>> {
    const LOAD: Duration = Duration::from_millis(700);
    for no in 1..=CHANCES {
        let mut life = Life::begin(true)?;
        life.broken = Some(broken);
        life.place.control(match broken {
            Broken::NoSync => "no-sync",
            // So that there is always something under way.
            Broken::EarlyAck => "slow 40",
        })?;
        let losses = life.die(Death::Power, LOAD, &format!("broken{no}"), chance)?;
        if !losses.is_empty() {
            return Ok(losses);
        }
    }
    Ok(Vec::new())
}
