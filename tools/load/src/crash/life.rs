//! One store from its making on: loads, deaths, and what was promised all along.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;

use super::audit::{Terms, audit, records};
use super::broken::Broken;
use super::client::{APP, PLAIN};
use super::floor::{Floor, Sight};
use super::found::Found;
use super::ledger::{Ack, Answer, Ledger, is_end};
use super::load::Load;
use super::loss::{Loss, Sort};
use super::{look, processes, store};
use crate::chance::Chance;
use crate::clock;
use crate::gateway::{Gateway, Place, SECRET, USER};
use crate::http::Client;

/// How it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// `kill -9` of the gateway alone.
    Kill,
    /// Everything at once, and the disk loses what was not synced.
    Power,
}

/// One store and its gateway.
pub(crate) struct Life {
    pub(crate) place: Place,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) ledger: Ledger,
    pub(crate) broken: Option<Broken>,
    /// Whether its disk fails while it runs.
    pub(crate) failing: bool,
    pub(crate) last: Last,
    /// What was seen since it was last told of.
    pub(crate) floor: Floor,
    /// The last signed head that was given.
    head: Option<String>,
    /// The programs that ran when the gateway alone was last killed.
    running: BTreeSet<(String, i32)>,
    folder: TempDir,
}

/// The last load and death.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Last {
    pub(crate) load: Duration,
    pub(crate) again: Duration,
    pub(crate) promised: u64,
    pub(crate) unknown: u64,
    pub(crate) refused: u64,
    pub(crate) records: u64,
    pub(crate) repeated: u64,
    pub(crate) shut_out: u64,
    /// Orders that failed because of the death or the disk.
    pub(crate) failed: u64,
    pub(crate) programs: usize,
}

impl Life {
    /// Makes a store with two offers.
    pub(crate) fn begin(faults: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("strowger-load-").tempdir()?;
        let mut place = Place::new(folder.path())?;
        // The load is one principal from one address.
        place.set.extend(["log.level=warn", "admit.per_principal=0", "admit.per_tenant=0"].map(str::to_owned));
        let gateway = place.start()?;
        let mut client = Client::new(gateway.http, USER, SECRET);
        let component = json!({
            "key": "main", "executable": "strowger", "arguments": ["sample-app", "--port", "${port.http}"],
            "ports": ["http"], "health": "http", "healthTarget": "/health", "healthInterval": 200,
        });
        for offer in [json!({ "name": PLAIN }), json!({ "name": APP, "components": [component] })] {
            let reply = client.call("POST", "/v1/offers", &[], offer.to_string().as_bytes())?;
            anyhow::ensure!(reply.status == 201, "an offer: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        }
        let gateway = if faults {
            // The fault library knows a file by the path it had when it was changed, and a store is made under a name
            // of its own: so it is made before the library watches it.
            gateway.stop()?;
            place.faults = true;
            place.start()?
        } else {
            gateway
        };
        Ok(Self {
            place,
            gateway: Some(gateway),
            ledger: Ledger::default(),
            broken: None,
            failing: false,
            last: Last::default(),
            floor: Floor::default(),
            head: None,
            running: BTreeSet::new(),
            folder,
        })
    }

    /// Loads it for `time`, kills it, starts it again and says what is wrong.
    pub(crate) fn die(&mut self, death: Death, time: Duration, word: &str, chance: &mut Chance) -> Result<Vec<Loss>> {
        let load = self.load(word, chance)?;
        clock::pass(time);
        self.last.load = time;
        let mut losses = self.kill(death, load, chance)?;
        let found = self.again(death, chance);
        // What the disk does is over with this death.
        self.place.control("")?;
        losses.extend(found?);
        Ok(losses)
    }

    /// Starts a load.
    pub(crate) fn load(&mut self, word: &str, chance: &mut Chance) -> Result<Load> {
        self.ledger.turn_page();
        self.last = Last::default();
        Load::start(self.gateway.as_ref().context("no gateway")?, word, chance, self.ledger.apps())
    }

    /// Ends the load and writes down what it was told; what went wrong while the gateway lived.
    fn remember(&mut self, load: Load) -> Result<Vec<Loss>> {
        let mut offences = Vec::new();
        let before = (self.ledger.promised, self.ledger.unknown, self.ledger.refused.values().sum::<u64>());
        for told in load.end()? {
            self.head = told.head.or(self.head.take());
            self.floor.saw(Sight::Head, told.heads);
            self.floor.saw(Sight::Read, told.reads);
            self.last.shut_out += told.shut_out;
            offences.extend(told.offences);
            for mut change in told.changes {
                if matches!(change.answer, Answer::Done(_)) {
                    let (operation, kind) = change.ask.recorded();
                    self.floor.saw(Sight::Promised(change.way, operation, kind), 1);
                }
                if self.broken == Some(Broken::EarlyAck) && change.answer == Answer::Unknown {
                    change.answer = Answer::Done(Ack::default());
                }
                self.ledger.add(change);
            }
            for (order, end) in told.ended {
                if !self.failing && !matches!(end.as_str(), "completed" | "cancelled") {
                    offences.push(Loss::new(Sort::NotDone, format!("order {order}: was {end} before the death")));
                }
                self.last.failed += u64::from(end == "failed");
                self.ledger.saw(&order, end);
            }
        }
        self.last.promised = self.ledger.promised - before.0;
        self.last.unknown = self.ledger.unknown - before.1;
        self.last.refused = self.ledger.refused.values().sum::<u64>() - before.2;
        Ok(offences)
    }

    /// Kills it under its load, and ends that; what it did wrong before.
    pub(crate) fn kill(&mut self, death: Death, load: Load, chance: &mut Chance) -> Result<Vec<Loss>> {
        self.running = match death {
            Death::Kill => processes::programs(&self.place),
            Death::Power => BTreeSet::new(),
        };
        load.dying();
        self.gateway.take().context("no gateway")?.kill()?;
        if death == Death::Power {
            processes::end_all(&self.place)?;
            self.cut(chance)?;
        }
        self.remember(load)
    }

    fn cut(&mut self, chance: &mut Chance) -> Result<()> {
        // Half of the cuts take all that was not synced, half a part of it. A disk that lies loses all.
        let part = self.broken.is_none() && chance.below(2) == 0;
        let cut = self.place.cut(part.then(|| chance.next()));
        if cut.is_err() {
            self.keep();
        }
        cut
    }

    /// Looks at the dead one's records, starts it again, perhaps in a second try, and holds everything against what
    /// was promised.
    pub(crate) fn again(&mut self, death: Death, chance: &mut Chance) -> Result<Vec<Loss>> {
        let (kept, mut losses) = store::read(&self.place, self.head.as_deref())?;
        self.last.records = kept.len() as u64;
        if self.broken.is_none() && chance.below(4) == 0 {
            // It dies while it starts, too.
            self.place.start_and_kill(Duration::from_millis(chance.below(600)))?;
            if death == Death::Power {
                processes::end_all(&self.place)?;
                self.cut(chance)?;
            }
        }
        let begun = clock::now();
        let gateway = match self.place.start() {
            Ok(gateway) => gateway,
            Err(error) => {
                losses.push(Loss::new(Sort::Dead, format!("{error:#}")));
                return Ok(losses);
            }
        };
        self.last.again = clock::now().duration_since(begun);
        let (found, unending) = look::look(&gateway, &self.place, kept)?;
        losses.extend(unending);
        losses.extend(records(&self.ledger, &found));
        losses.extend(audit(&self.ledger, &found, Terms { running: death == Death::Kill, failing: self.failing }));
        self.floor.saw(Sight::Lived, self.lived(&found));
        self.last.programs = found.workspaces.iter().map(|workspace| workspace.programs).sum();
        for (name, facts) in &mut self.ledger.orders {
            let failed = found.orders.get(name).is_some_and(|order| order.state == "failed");
            self.last.failed += u64::from(failed && facts.ended.is_none());
            facts.ended = found.orders.get(name).map(|order| order.state.clone()).filter(|state| is_end(state));
        }
        if losses.is_empty() {
            // What was unanswered is known by now: it was looked at, or is asked for again.
            self.ledger.settle(|name| found.orders.contains_key(name));
            let repeated = look::repeat(&gateway, &self.ledger.repeats, chance)?;
            losses.extend(repeated.losses);
            for (name, way, ack) in repeated.acks {
                self.last.repeated += 1;
                self.floor.saw(Sight::Repeated(way), 1);
                self.ledger.repeated(&name, ack);
            }
        }
        self.gateway = Some(gateway);
        Ok(losses)
    }

    /// Programs of orders that had completed before the kill, which are the same processes behind it.
    fn lived(&self, found: &Found) -> u64 {
        let now = processes::programs(&self.place);
        let same: BTreeSet<_> = self.running.intersection(&now).map(|(workspace, _)| workspace).collect();
        let completed = |service: &String| {
            self.ledger.orders.get(service).is_some_and(|facts| facts.ended.as_deref() == Some("completed"))
        };
        let apps = found.workspaces.iter().filter(|workspace| workspace.service.as_ref().is_some_and(completed));
        apps.filter(|workspace| same.contains(&workspace.name)).count() as u64
    }

    /// Leaves everything on the disk, for whoever wants to see.
    pub(crate) fn keep(&mut self) -> &Path {
        self.folder.disable_cleanup(true);
        self.folder.path()
    }

    /// Ends every program and the gateway, kindly: nothing may be left of either.
    pub(crate) fn end(mut self) -> Result<Vec<Loss>> {
        const BOUND: Duration = Duration::from_secs(60);
        let Some(gateway) = self.gateway.take() else { return Ok(Vec::new()) };
        let mut client = Client::new(gateway.http, USER, SECRET);
        let mut losses = Vec::new();
        let mut asked = BTreeSet::new();
        let gone = clock::until(BOUND, "every workspace is removed with its service", || {
            let left = processes::workspaces(&self.place)?;
            // Some were asked for a moment ago and have only just begun.
            for service in left.iter().filter_map(|workspace| workspace.service.clone()) {
                if !asked.contains(&service)
                    && client.call("DELETE", &format!("/v1/services/{service}"), &[], b"")?.is_success()
                {
                    asked.insert(service);
                }
            }
            Ok(left.is_empty().then_some(()))
        });
        if let Err(error) = gone {
            losses.push(Loss::new(Sort::PortLeaked, format!("{error:#}: {:?}", processes::workspaces(&self.place)?)));
        }
        if let Err(error) = gateway.stop() {
            losses.push(Loss::new(Sort::Dead, format!("{error:#}")));
        }
        losses.extend(store::read(&self.place, self.head.as_deref())?.1);
        Ok(losses)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        drop(self.gateway.take());
        let _told_already = processes::end_all(&self.place);
    }
}
