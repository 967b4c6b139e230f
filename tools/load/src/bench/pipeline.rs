//! The primitive through the pipeline, in this very process: no socket and no protocol, but gate, proof, policy and record.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use strowger::{Config, Sources};
use strowger_kinds::{offer, order, policy, service};
use strowger_primitive::{
    Ask, Claim, Class, Deadline, Document, Index, KindDecl, Name, Operation, Origin, Outcome, Peer, Ref, Request,
    Secret, Stop, Stopper, Trace, Transport, Verb, common,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::Row;
use super::policies::{COUNTS, more};
use super::process::cpu;
use super::statistics::{median, ratio};
use crate::clock;
use crate::gateway::{Place, SECRET, USER, beside};

/// Each run.
const TIME: Duration = Duration::from_secs(2);
/// Asked in one go.
const EACH: u64 = 1_000;
/// DESIGN §14, us of CPU.
const GOAL: f64 = 5.0;

/// What is asked.
#[derive(Clone, Copy)]
enum Case {
    /// A read of a service.
    Read,
    /// An order that is done at once.
    Order,
}

/// Every row: policies beside those of the first start, whether Cedar runs each time, what is asked.
fn cases() -> Vec<(usize, bool, Case)> {
    let reads = [false, true].into_iter().flat_map(|live| COUNTS.map(|count| (count, live, Case::Read)));
    reads.chain([(0, false, Case::Order)]).collect()
}

pub(crate) fn run(runs: u32) -> Result<Vec<Row>> {
    let counted = counted()?;
    let mut rows = Vec::new();
    for ((count, live, case), allocations) in cases().into_iter().zip(counted) {
        let mut house = House::new(count, live)?;
        let mut costs = Vec::new();
        for no in 0..=runs {
            let (done, used) = house.measured(case)?;
            // The first fills the table.
            if no > 0 {
                costs.push(used.as_secs_f64() * 1e6 / done as f64);
            }
        }
        house.stop()?;
        let cost = median(&costs);
        let named = match case {
            Case::Read => {
                format!("read, {count} policies, {}", if live { "Cedar each time" } else { "from the table" })
            }
            Case::Order => "order, stored".to_owned(),
        };
        let row = Row::new("pipeline", format!("{named}, CPU"), "us").ours(cost);
        let goal = !live && matches!(case, Case::Read);
        rows.push(if goal { row.peer(GOAL).goal(ratio(GOAL, cost), 1.0) } else { row });
        rows.push(Row::new("pipeline", format!("{named}, allocations"), "1").ours(allocations));
    }
    Ok(rows)
}

/// Allocations of each case, as the program beside this one counts them.
fn counted() -> Result<Vec<f64>> {
    let done = Command::new(beside("strowger-count")?).output()?;
    if !done.status.success() {
        bail!("strowger-count ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

/// Prints the allocations of each case as JSON; `counter` gives all that were made until now.
pub(crate) fn count(counter: fn() -> u64) -> Result<()> {
    let mut all = Vec::new();
    for (count, live, case) in cases() {
        let mut house = House::new(count, live)?;
        house.ask(case)?;
        let before = counter();
        let asked = house.ask(case)?;
        all.push((counter() - before) as f64 / asked as f64);
        house.stop()?;
    }
    crate::say::say(json!(all));
    Ok(())
}

/// A gateway in this process, without a door.
struct House {
    runtime: Runtime,
    caller: Caller,
    orders: u64,
    stopper: Stopper,
    serving: JoinHandle<Result<(), strowger::Error>>,
    _folder: TempDir,
}

/// Who asks it.
#[derive(Clone)]
struct Caller {
    gateway: Arc<dyn Ask>,
    origin: Origin,
    claim: Claim,
}

impl House {
    fn new(policies: usize, live: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("strowger-bench-").tempdir()?;
        let place = Place::new(folder.path())?;
        let set = vec![
            format!("data={}", place.data().display()),
            format!("security.operator_secret_file={}", place.folder.join("secret").display()),
            "admit.per_principal=0".to_owned(),
            "admit.per_tenant=0".to_owned(),
        ];
        let mut config = Config::load(&Sources { set, ..Sources::default() })?;
        config.listen.clear();

        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ((stopper, stop), (told, way)) = (Stop::new(), std::sync::mpsc::channel());
        let serving = runtime.spawn(async move {
            let tell = |_: &strowger::Ready, gateway| told.send(gateway);
            strowger::run(config, stop, tell).await
        });
        let gateway = way.recv().context("the gateway in this process did not start")?;
        let peer = Peer { address: ([127, 0, 0, 1], 9).into(), listener: "bench".into(), transport: Transport::Tcp };
        let origin = Origin { protocol: "http", peer, transport: Transport::Tcp };
        let claim = Claim::Password { principal: USER.into(), secret: Secret::new(SECRET) };
        let caller = Caller { gateway, origin, claim };
        runtime.block_on(caller.fill(policies, live))?;
        Ok(Self { runtime, caller, orders: 0, stopper, serving, _folder: folder })
    }

    /// Asks about [`EACH`] times: reads one after the other, orders so many at once, as they share a commit. Returns how often.
    fn ask(&mut self, case: Case) -> Result<u64> {
        const AT_ONCE: u64 = 64;
        match case {
            Case::Read => self.runtime.block_on(async {
                for _ in 0..EACH {
                    let index = Index::Name(Name::new("one")?);
                    self.caller.ask(Operation::Read(Ref { kind: &service::DECL, index })).await?;
                }
                Ok(EACH)
            }),
            Case::Order => {
                let first = self.orders;
                self.orders += EACH / AT_ONCE * AT_ONCE;
                let mut asking = tokio::task::JoinSet::new();
                for at in 0..AT_ONCE {
                    let (caller, all) = (self.caller.clone(), first..self.orders);
                    let own = all.filter(move |no| no % AT_ONCE == at);
                    let work = async move {
                        for no in own {
                            caller.ask(ordered(&super::order(no))).await?;
                        }
                        Ok::<_, anyhow::Error>(())
                    };
                    asking.spawn_on(work, self.runtime.handle());
                }
                self.runtime.block_on(async {
                    while let Some(asked) = asking.join_next().await {
                        asked??;
                    }
                    Ok(self.orders - first)
                })
            }
        }
    }

    /// How often it was asked in [`TIME`], and the CPU of it.
    fn measured(&mut self, case: Case) -> Result<(u64, Duration)> {
        let (end, before) = (clock::now() + TIME, cpu(std::process::id())?);
        let mut asked = 0;
        while clock::now() < end {
            asked += self.ask(case)?;
        }
        Ok((asked, cpu(std::process::id())?.saturating_sub(before)))
    }

    fn stop(self) -> Result<()> {
        self.stopper.pull();
        Ok(self.runtime.block_on(self.serving)??)
    }
}

impl Caller {
    /// What is asked for, and policies that forbid nothing of it.
    async fn fill(&self, policies: usize, live: bool) -> Result<()> {
        self.ask(Operation::Create(named(&offer::DECL, "plain"))).await?;
        self.ask(ordered("one")).await?;
        for (name, cedar) in more(policies, live) {
            let mut policy = named(&policy::DECL, &name);
            policy.fields.set_text(&policy::CEDAR, cedar);
            self.ask(Operation::Create(policy)).await?;
        }
        Ok(())
    }

    async fn ask(&self, operation: Operation) -> Result<Outcome> {
        let changes = operation.verb().is_some_and(Verb::changes);
        let class = if changes { Class::New } else { Class::List };
        let request = Request {
            id: self.gateway.new_id(self.gateway.now()),
            trace: Trace::default(),
            origin: self.origin.clone(),
            claim: self.claim.clone(),
            tenant: None,
            key: None,
            deadline: Deadline(self.gateway.now().mono + Duration::from_secs(30)),
            patience: Duration::ZERO,
            unlike: None,
            permit: self.gateway.enter(class, &self.origin.peer)?,
            operation,
        };
        Ok(self.gateway.ask(request).last().await?)
    }
}

fn ordered(name: &str) -> Operation {
    let mut order = named(&order::DECL, name);
    order.fields.set_text(&order::OFFER, "plain");
    Operation::Create(order)
}

fn named(kind: &'static KindDecl, name: &str) -> Document {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::NAME, name);
    document
}
