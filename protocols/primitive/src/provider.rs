//! The port of clouds, own and foreign alike. Every call is repeatable.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use tokio::sync::mpsc;

use crate::{BoxFuture, Deadline, FaultKind, Name, Text};

/// Names one step of one order for ever: what is done twice under it is done once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub Name);

/// What a provider can do; capabilities are data.
#[derive(Clone, Debug)]
pub struct ProviderCard {
    /// Its name in every door: `local-a`.
    pub name: Name,
    /// What it runs: `process`.
    pub runs: &'static str,
    /// So many it makes at once, at least one; more would only make each other late. The others wait until they are
    /// asked for, and their deadline is counted from then on.
    pub at_once: usize,
}

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Task {
    /// Whose it is.
    pub tenant: Name,
    /// The service it is part of.
    pub service: Name,
    /// What it is made from.
    pub component: Component,
    /// What `${name}` stands for in arguments, environment and files: the parameters of the order, and `service`,
    /// `tenant`. The provider adds `port.NAME` and `workspace`.
    pub values: BTreeMap<Text, Text>,
}

/// A part of an offer that runs: a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Unique in its offer.
    pub name: Text,
    /// The program: a path, or `strowger` for the gateway's own binary.
    pub executable: Text,
    /// Its arguments.
    pub arguments: Vec<Text>,
    /// Its environment; nothing is inherited.
    pub environment: BTreeMap<Text, Text>,
    /// Files written into its workspace, by relative path.
    pub files: BTreeMap<Text, Text>,
    /// Ports it listens on, by name; the first is the service's endpoint.
    pub ports: Vec<Text>,
    /// What it may use.
    pub limits: Limits,
    /// How its health is observed.
    pub health: HealthCheck,
}

/// What a process may use; 0: no limit of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in octets.
    pub memory: u64,
    /// Processor time, in seconds.
    pub cpu: u64,
    /// Open files.
    pub files: u64,
    /// The log: octets of output kept, in two files of half of it.
    pub output: u64,
}

/// How health is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `None`: it lives.
    pub check: Option<Check>,
    /// Between two looks, in milliseconds.
    pub interval_ms: u64,
    /// Each look ends by then, in milliseconds.
    pub timeout_ms: u64,
    /// Ready by then, or the start has failed, in milliseconds.
    pub start_ms: u64,
    /// Between the word and the force when it is stopped, in milliseconds.
    pub stop_ms: u64,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// GET of that path on the first port answers 2xx.
    Http(Text),
    /// The first port accepts.
    Tcp,
    /// The command, its arguments split at blanks, exits 0.
    Command(Text),
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// By what step.
    pub step: StepId,
    /// Where it is reached, by port name, in the order declared: `127.0.0.1:41234`.
    pub endpoints: Vec<(Text, Text)>,
    /// The process.
    pub pid: Option<u32>,
    /// Where it works.
    pub place: Text,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its check passes.
    Up,
    /// Its check fails, or it is gone.
    Down,
}

/// One thing found that carries our tag.
#[derive(Clone, Debug)]
pub struct Found {
    /// What made it.
    pub receipt: Receipt,
    /// How it is.
    pub state: FoundState,
}

/// How a found thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// It runs.
    Running,
    /// It ended with that status; `None`: nobody saw how.
    Ended(Option<i32>),
}

/// Bounded: what died.
pub type Changes = mpsc::Receiver<Found>;

/// Why a provider did not do it.
#[derive(Debug)]
pub struct ProviderError {
    /// What sort of fault it is for whoever asked.
    pub kind: FaultKind,
    /// Stable: `start-failed`.
    pub code: &'static str,
    /// What the orderer may be told.
    pub public: Text,
    /// Whether trying again may help.
    pub passing: bool,
    /// Why, for the record.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.public)
    }
}

impl Error for ProviderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

/// A cloud.
pub trait Provider: Send + Sync {
    /// What it is and can do.
    fn card(&self) -> &ProviderCard;

    /// Makes it, or joins what an earlier call under that step began.
    fn perform<'a>(
        &'a self,
        step: &'a StepId,
        task: &'a Task,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Receipt, ProviderError>>;

    /// Waits until it is observed healthy.
    fn ready<'a>(&'a self, step: &'a StepId, task: &'a Task, by: Deadline) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Stops it gracefully, then firmly, and cleans up. What is not there is undone.
    fn undo<'a>(&'a self, step: &'a StepId, by: Deadline) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// All that carries our tag: for adoption and reaping after a restart.
    fn survey<'a>(&'a self, by: Deadline) -> BoxFuture<'a, Result<Vec<Found>, ProviderError>>;

    /// What dies from now on; `None` where somebody else already reads it.
    fn changes(&self) -> Option<Changes>;
}
