//! What runs in a workspace, as it is written down there: everything filled in, nothing left to ask.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strowger_primitive::{Receipt, StepId};

/// `spec.json`. A field that a later release adds has a default; one that it drops is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) tenant: String,
    pub(crate) service: String,
    pub(crate) component: String,
    /// An absolute path, or [`OWN`].
    pub(crate) executable: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) ports: Vec<Port>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) health: Health,
}

/// A port it has, in the order declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) number: u16,
}

/// See [`strowger_primitive::Limits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) memory: u64,
    pub(crate) cpu: u64,
    pub(crate) files: u64,
    pub(crate) output: u64,
}

/// See [`strowger_primitive::HealthCheck`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Health {
    pub(crate) check: Option<Check>,
    pub(crate) interval_ms: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) start_ms: u64,
    pub(crate) stop_ms: u64,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Check {
    /// GET of that path.
    Http(String),
    /// The first port accepts.
    Tcp,
    /// The program, then its arguments.
    Command(Vec<String>),
}

/// The word for the gateway's own binary.
pub(crate) const OWN: &str = "strowger";

/// Where programs look for programs when the offer does not say.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Ports are on the loopback interface: what is to be reached from outside comes through a door.
pub(crate) const ADDRESS: &str = "127.0.0.1";

impl Spec {
    /// Everything its program finds in its environment.
    pub(crate) fn environment(&self) -> BTreeMap<&str, &str> {
        let mut all = BTreeMap::from([("PATH", PATH)]);
        all.extend(self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        all
    }

    /// Where its first port is reached.
    pub(crate) fn first_endpoint(&self) -> Option<(&'static str, u16)> {
        self.ports.first().map(|port| (ADDRESS, port.number))
    }

    /// What was made, for whoever asked for it.
    pub(crate) fn receipt(&self, step: &StepId, pid: Option<u32>, place: &str) -> Receipt {
        let endpoint = |port: &Port| (port.name.as_str().into(), format!("{ADDRESS}:{}", port.number).into());
        Receipt { step: step.clone(), endpoints: self.ports.iter().map(endpoint).collect(), pid, place: place.into() }
    }
}
