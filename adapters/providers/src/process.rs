//! The provider `process`: programs on the gateway's own machine, each kept by a [`hold`](crate::hold).

mod binary;
mod clear;
mod deaths;
mod fault;
mod fill;
mod folder;
mod ledger;
mod line;
mod make;
mod names;
mod owner;
mod plan;
mod ready;
mod start;
mod survey;
mod turns;
mod wait;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use strowger_primitive::{
    BadOption, BoxFuture, Changes, Deadline, Found, Name, Provider, ProviderCard, ProviderError, Receipt, StepId, Task,
    World,
};

use self::binary::Binary;
use self::deaths::Deaths;
use self::folder::Folder;
use self::make::Maker;
use self::names::is_step;
use self::turns::{Turn, Turns};
use self::wait::{LOOK, blocking, left, within};
use crate::Options;
use crate::descriptors::Descriptors;
use crate::hold::own_binary;
use crate::seen::outgoing_ports;
use crate::spec::Spec;

/// Why there is no provider.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options are wrong.
    #[error("{}", list(.0))]
    Options(Vec<BadOption>),
    /// The folder of the workspaces cannot be used.
    #[error("the folder of workspaces {} cannot be used", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of the workspaces is somebody else's, who has no gateway.
    #[error(
        "the folder of workspaces {} holds {found:?}, which is no workspace: name a new or an empty folder in \
         process.workspaces",
        path.display()
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// The folder of the workspaces is another gateway's, which would lose all that it runs.
    #[error(
        "the folder of workspaces {} belongs to the gateway {owner:?}: name another folder in process.workspaces; where \
         that gateway is gone for good, stop what it left and remove {}",
        path.display(), file.display()
    )]
    Owned {
        /// Which.
        path: PathBuf,
        /// Whose.
        owner: String,
        /// The file that says so.
        file: PathBuf,
    },
}

/// Runs programs. Two of one owner in one folder of workspaces never start a step twice, but may give one port to two
/// steps: they should not go on side by side.
pub struct Process {
    card: ProviderCard,
    world: Arc<dyn World>,
    folder: Arc<Folder>,
    maker: Arc<Maker>,
    /// The binary that knows `hold`; `None`: this one.
    gateway: Option<PathBuf>,
    descriptors: Descriptors,
    turns: Turns,
    deaths: Arc<Deaths>,
    changes: Mutex<Option<Changes>>,
}

impl Process {
    /// Opens the folder of workspaces, removes what a crash left half-made there, and learns which ports are given
    /// away. It reads the disk and blocks for that long. What runs goes on running; [`Provider::survey`] tells of it.
    ///
    /// `owner` tells the gateway from all others for ever, on one line: it is kept with what the gateway knows, and
    /// goes wherever that goes. Programs have `descriptors` as they were before.
    ///
    /// # Errors
    /// All mistakes in the options at once, or a folder that cannot be used.
    pub fn new(
        options: &Options,
        owner: &str,
        descriptors: Descriptors,
        world: Arc<dyn World>,
    ) -> Result<Arc<Self>, Error> {
        let mut flaws = options.flaws();
        let name = Name::new(&options.name);
        let folder = options.workspaces.as_deref().map(std::path::absolute).and_then(Result::ok);
        let folder = folder.filter(|folder| folder.to_str().is_some());
        if folder.is_none() {
            flaws.push(BadOption { option: "workspaces", why: "a folder with a name in UTF-8 is needed".to_owned() });
        }
        let (Ok(name), Some(folder), []) = (name, folder, flaws.as_slice()) else {
            return Err(Error::Options(flaws));
        };
        tell_of_overlap(options);

        let mut seed = [0; 2];
        world.random(&mut seed);
        let unusable = |source| Error::Folder { path: folder.clone(), source };
        let opened = Arc::new(Folder::open(folder.clone(), owner, Arc::clone(&world))?);
        let maker = Maker::new(Arc::clone(&opened), options, u16::from_ne_bytes(seed)).map_err(unusable)?;
        let (deaths, changes) = Deaths::new(Arc::clone(&world));
        Ok(Arc::new(Self {
            card: ProviderCard { name, runs: "process", at_once: at_once(options.at_once) },
            world,
            folder: opened,
            maker: Arc::new(maker),
            gateway: options.binary.clone(),
            descriptors,
            turns: Turns::default(),
            deaths,
            changes: Mutex::new(Some(changes)),
        }))
    }

    async fn run(&self, step: &StepId, task: &Task, by: Deadline) -> Result<Receipt, ProviderError> {
        let turn = self.turn(step, by).await?;
        let workspace = self.folder.workspace(&step.0);
        let here = workspace.clone();
        let spec = match blocking(self.world.as_ref(), move || here.spec()).await? {
            Ok(spec) => self.renew(step, task, spec, &turn, by).await?,
            Err(error) if half_made(&error) => {
                clear::clear(self.world.as_ref(), &self.folder, &step.0, &turn, by).await?;
                let (maker, turn, step, task) = (Arc::clone(&self.maker), turn.clone(), step.0.clone(), task.clone());
                blocking(self.world.as_ref(), move || turn.keep(|| maker.make(&step, &task))).await??
            }
            Err(error) => return Err(fault::disk("reading a specification", error)),
        };
        let pid = start::run(&self.world, &self.gateway(), &workspace, by).await?;
        let receipt = spec.receipt(step, u32::try_from(pid).ok(), &workspace.path().to_string_lossy());
        self.deaths.watch(&receipt, workspace);
        Ok(receipt)
    }

    async fn renew(
        &self,
        step: &StepId,
        task: &Task,
        spec: Spec,
        turn: &Turn,
        by: Deadline,
    ) -> Result<Spec, ProviderError> {
        loop {
            left(self.world.as_ref(), by, "ending an earlier run")?;
            let (maker, turn) = (Arc::clone(&self.maker), turn.clone());
            let (step, task, spec) = (step.0.clone(), task.clone(), spec.clone());
            let renew = move || turn.keep(|| maker.renew(&step, &task, spec));
            if let Some(spec) = blocking(self.world.as_ref(), renew).await?? {
                return Ok(spec);
            }
            self.world.sleep(LOOK).await;
        }
    }

    async fn remove(&self, step: &StepId, by: Deadline) -> Result<(), ProviderError> {
        let turn = self.turn(step, by).await?;
        self.deaths.asked(&step.0);
        clear::clear(self.world.as_ref(), &self.folder, &step.0, &turn, by).await?;
        self.maker.release(&step.0);
        Ok(())
    }

    async fn turn(&self, step: &StepId, by: Deadline) -> Result<Turn, ProviderError> {
        // What the folder would not list again is not made.
        if !is_step(step.0.as_str()) {
            return Err(fault::internal(format!("{:?} is not named like a step", step.0)));
        }
        let left = left(self.world.as_ref(), by, "waiting for the same step")?;
        let turn = within(self.world.as_ref(), left, self.turns.turn(&step.0)).await;
        turn.ok_or_else(|| fault::late("waiting for the same step"))
    }

    /// Asked each time: this binary may be replaced while it runs.
    fn gateway(&self) -> Binary {
        Binary { path: self.gateway.clone().unwrap_or_else(own_binary), descriptors: self.descriptors }
    }
}

impl Provider for Process {
    fn card(&self) -> &ProviderCard {
        &self.card
    }

    fn perform<'a>(
        &'a self,
        step: &'a StepId,
        task: &'a Task,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Receipt, ProviderError>> {
        Box::pin(self.run(step, task, by))
    }

    fn ready<'a>(&'a self, step: &'a StepId, _: &'a Task, by: Deadline) -> BoxFuture<'a, Result<(), ProviderError>> {
        // What was filled in when the step was performed is what is looked at.
        Box::pin(async move {
            let workspace = self.folder.workspace(&step.0);
            ready::observe(self.world.as_ref(), &self.gateway(), &workspace, step, by).await
        })
    }

    fn undo<'a>(&'a self, step: &'a StepId, by: Deadline) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.remove(step, by))
    }

    fn survey(&self, by: Deadline) -> BoxFuture<'_, Result<Vec<Found>, ProviderError>> {
        Box::pin(survey::survey(self.world.as_ref(), &self.folder, &self.deaths, by))
    }

    fn changes(&self) -> Option<Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// So many starts keep a machine busy: each waits for the disk and the kernel in between.
fn at_once(wanted: usize) -> usize {
    if wanted > 0 { wanted } else { 2 * std::thread::available_parallelism().map_or(1, usize::from) }
}

/// Whether there is no workspace, or none that anything can run in.
fn half_made(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotADirectory, NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | NotADirectory | InvalidData | UnexpectedEof)
}

/// The kernel may give such a port to somebody's outgoing connection just when a program wants to listen on it.
fn tell_of_overlap(options: &Options) {
    if let Some((first, last)) = outgoing_ports()
        && options.ports.first <= last
        && first <= options.ports.last
    {
        tracing::warn!(ports = %options.ports, outgoing = %format_args!("{first}-{last}"),
            "ports of the provider are in the kernel's range for outgoing connections; choose others");
    }
}

fn list(flaws: &[BadOption]) -> String {
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
