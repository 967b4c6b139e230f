//! Where a test works: a folder, a range of ports, the real world; and what must be gone at the end.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use strowger_driver::System;
use strowger_primitive::{
    Check, Component, Deadline, HealthCheck, Limits, Name, Provider as _, ProviderError, Receipt, StepId, Task,
    World as _,
};
use strowger_providers::{Descriptors, Options, Ports, Process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The product's binary, as far as this crate goes.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_strowger-hold-test");

/// Each place has so many ports.
pub(crate) const PORTS: u16 = 24;

/// Whose all folders are.
pub(crate) const OWNER: &str = "test";

/// Nothing was raised.
pub(crate) const DESCRIPTORS: Descriptors = Descriptors { before: None, now: None };

/// A folder and ports of its own.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) options: Options,
    pub(crate) descriptors: Descriptors,
}

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let first = own_ports() + NEXT.fetch_add(PORTS, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            workspaces: Some(folder.path().join("w")),
            ports: Ports { first, last: first + PORTS - 1 },
            executables: vec!["/bin/sh".into(), "/bin/cat".into()],
            binary: Some(BINARY.into()),
            ..Options::default()
        };
        Self { folder, options, descriptors: DESCRIPTORS }
    }

    /// A gateway's provider; a second one is what comes after a restart.
    pub(crate) fn provider(&self) -> Arc<Process> {
        Process::new(&self.options, OWNER, self.descriptors, Arc::new(System)).unwrap()
    }

    /// Outside all workspaces.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn workspaces(&self) -> &Path {
        self.options.workspaces.as_deref().unwrap()
    }

    pub(crate) fn workspace(&self, step: &StepId) -> PathBuf {
        self.workspaces().join(step.0.as_str())
    }

    /// What lies in the folder of workspaces, but for its lock and its owner.
    pub(crate) fn listed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.workspaces()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != ".lock" && name != ".owner").collect()
    }

    /// Everything that runs in or because of this folder.
    pub(crate) fn running(&self) -> Vec<Seen> {
        running(self.folder.path())
    }

    /// The holds among it, for that step.
    pub(crate) fn holds(&self, step: &StepId) -> Vec<Seen> {
        let mut all = running(&self.workspace(step));
        all.retain(|seen| seen.is_hold);
        all
    }

    /// All but the holds, for that step.
    pub(crate) fn programs(&self, step: &StepId) -> Vec<Seen> {
        let mut all = running(&self.workspace(step));
        all.retain(|seen| !seen.is_hold);
        all
    }

    /// Nothing runs and nothing lies about any more. To be called at the end of each test.
    pub(crate) async fn leaves_nothing(self) {
        until("nothing runs any more", || self.running().is_empty()).await;
        assert_eq!(self.listed(), Vec::<String>::new(), "workspaces are left");
    }
}

/// Below the range for outgoing connections; whoever listens on the last of them has them all, so that two runs of
/// these tests do not meet.
fn own_ports() -> u16 {
    const WIDTH: u16 = 1_200;
    static OWN: OnceLock<(u16, TcpListener)> = OnceLock::new();
    let free = |first: u16| TcpListener::bind(("127.0.0.1", first + WIDTH - 1)).ok().map(|held| (first, held));
    OWN.get_or_init(|| (0..10).find_map(|run| free(20_000 + run * WIDTH)).unwrap()).0
}

impl Drop for Place {
    /// A test that failed leaves nothing behind either.
    fn drop(&mut self) {
        for seen in self.running() {
            kill(seen.pid);
        }
    }
}

/// A process that names a folder by its arguments, its environment or where it works.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) pid: i32,
    pub(crate) is_hold: bool,
    #[expect(dead_code, reason = "shown when a test fails")]
    command: String,
}

fn running(folder: &Path) -> Vec<Seen> {
    let name = folder.to_str().unwrap();
    let own = i32::try_from(std::process::id()).unwrap();
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse().ok()) else { continue };
        let read =
            |file: &str| String::from_utf8_lossy(&fs::read(entry.path().join(file)).unwrap_or_default()).into_owned();
        let command = read("cmdline").replace('\0', " ");
        let works_there = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if pid != own
            && !command.is_empty()
            && (works_there || command.contains(name) || read("environ").contains(name))
        {
            all.push(Seen { pid, is_hold: command.starts_with("strowger hold /"), command });
        }
    }
    all
}

/// `kill -9`.
pub(crate) fn kill(pid: i32) {
    let _gone_meanwhile = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
}

/// Waits for it, for at most 20 s.
pub(crate) async fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let end = by(20);
    while !seen() {
        assert!(!end.left(System.now().mono).is_zero(), "never came: {what}");
        System.sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn by(seconds: u64) -> Deadline {
    Deadline(System.now().mono + Duration::from_secs(seconds))
}

/// A step whose name shows `name`, as far as the letters of an identifier go.
pub(crate) fn step(name: &str) -> StepId {
    let letter = |letter| match letter {
        'i' | 'l' => '1',
        'o' => '0',
        'u' => 'v',
        '-' => 'z',
        other => other,
    };
    let name: String = name.chars().map(letter).collect();
    StepId(Name::new(&format!("{name:0>26}-1-1")).unwrap())
}

/// A task that runs a shell script without any check.
pub(crate) fn script(script: &str) -> Task {
    let values = [("service", "demo-1"), ("tenant", "acme"), ("greeting", "hi there")];
    Task {
        tenant: Name::new("acme").unwrap(),
        service: Name::new("demo-1").unwrap(),
        component: Component {
            name: "web".into(),
            executable: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: BTreeMap::new(),
            files: BTreeMap::new(),
            ports: Vec::new(),
            limits: Limits::default(),
            health: HealthCheck { check: None, interval_ms: 50, timeout_ms: 2_000, start_ms: 15_000, stop_ms: 5_000 },
        },
        values: values.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
    }
}

/// A task that runs the sample application, healthy when it answers.
pub(crate) fn sample() -> Task {
    let mut task = script("");
    task.component.executable = "strowger".into();
    let arguments = ["sample-app", "--port", "${port.http}", "--greeting", "${greeting}", "--service", "${service}"];
    task.component.arguments = arguments.map(Into::into).into();
    task.component.ports = vec!["http".into()];
    task.component.health.check = Some(Check::Http("/health".into()));
    task
}

/// Performs it and waits until it is healthy.
pub(crate) async fn run(provider: &Process, step: &StepId, task: &Task) -> Result<Receipt, ProviderError> {
    let receipt = provider.perform(step, task, by(20)).await?;
    provider.ready(step, task, by(20)).await?;
    Ok(receipt)
}

pub(crate) async fn undo(provider: &Process, step: &StepId) {
    provider.undo(step, by(30)).await.unwrap();
}

/// What it answers to `GET /`.
pub(crate) async fn get(endpoint: &str) -> String {
    let mut stream = TcpStream::connect(endpoint).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

pub(crate) fn port_of(receipt: &Receipt) -> u16 {
    let (_, endpoint) = receipt.endpoints.first().unwrap();
    endpoint.rsplit_once(':').unwrap().1.parse().unwrap()
}
