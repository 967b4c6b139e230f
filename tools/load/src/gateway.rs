//! A gateway of our own: started, looked at from outside, ended in three ways.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// Who asks.
pub(crate) const USER: &str = "operator";
/// With what: the gateway lives on loopback for a minute.
pub(crate) const SECRET: &str = "a-secret-of-one-run";
/// A start that takes longer has failed.
const START: Duration = Duration::from_secs(60);
/// A kind end that takes longer has failed.
const END: Duration = Duration::from_secs(60);

/// Where a gateway lives, and how it is started.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Everything of it.
    pub(crate) folder: PathBuf,
    /// Whether it runs under the fault library.
    pub(crate) faults: bool,
    /// What else is set, as `path=value`.
    pub(crate) set: Vec<String>,
}

/// One that serves. Dropping it kills it.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) mml: SocketAddr,
}

impl Place {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("faults"))?;
        fs::write(folder.join("secret"), SECRET)?;
        Ok(Self { folder: fs::canonicalize(folder)?, faults: false, set: Vec::new() })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn workspaces(&self) -> PathBuf {
        self.data().join("workspaces")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Says what the disk does from now on; nothing: what it should.
    pub(crate) fn control(&self, words: &str) -> Result<()> {
        // Whole or not at all: the library may read it at any moment.
        let fresh = self.folder.join("control.new");
        fs::write(&fresh, words)?;
        Ok(fs::rename(fresh, self.folder.join("faults/control"))?)
    }

    /// Starts one and waits until it serves.
    pub(crate) fn start(&self) -> Result<Gateway> {
        let ready = self.ready();
        let mut child = self.spawn()?;
        let served = clock::until(START, "the gateway serves", || match child.try_wait()? {
            Some(status) => bail!("the gateway ended with {status}:\n{}", self.last_words()),
            None => Ok(fs::read(&ready).ok()),
        });
        let said = match served {
            Ok(said) => said,
            Err(error) => {
                let _gone_already = child.kill().and_then(|()| child.wait());
                return Err(error);
            }
        };
        let said: serde_json::Value = serde_json::from_slice(&said)?;
        let listener = |name: &str| -> Result<SocketAddr> {
            let address = said.get("listeners").and_then(|l| l.get(name)).and_then(|a| a.as_str());
            Ok(address.with_context(|| format!("no listener {name}"))?.parse()?)
        };
        Ok(Gateway { http: listener("http")?, mml: listener("mml")?, child })
    }

    /// Starts one and kills it after `time`, wherever it is by then.
    pub(crate) fn start_and_kill(&self, time: Duration) -> Result<()> {
        let mut child = self.spawn()?;
        clock::pass(time);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn ready(&self) -> PathBuf {
        self.folder.join("ready")
    }

    fn spawn(&self) -> Result<Child> {
        let ready = self.ready();
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(beside("strowger")?);
        command.arg("serve").arg("--ready-file").arg(&ready);
        for (protocol, address) in [("http", "127.0.0.1:0"), ("mml", "127.0.0.1:0")] {
            command.arg("--set").arg(format!("listen.{protocol}.protocol={protocol}"));
            command.arg("--set").arg(format!("listen.{protocol}.address={address}"));
        }
        let path = |path: &Path| path.display().to_string();
        command.arg("--set").arg(format!("data={}", path(&self.data())));
        command.arg("--set").arg(format!("security.operator_secret_file={}", path(&self.folder.join("secret"))));
        for set in &self.set {
            command.arg("--set").arg(set);
        }
        if self.faults {
            command.env("LD_PRELOAD", beside("libstrowger_faults.so")?);
            command.env("STROWGER_FAULTS", self.folder.join("faults"));
            command.env("STROWGER_FAULTS_UNDER", self.data().join("store"));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().context("the gateway cannot be started")
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        const MOST: u64 = 4_000;
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(self.log()) {
            let length = file.metadata().map_or(0, |m| m.len());
            let read =
                file.seek(SeekFrom::Start(length.saturating_sub(MOST))).and_then(|_| file.read_to_end(&mut text));
            if read.is_err() {
                text.clear();
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Takes back what a dead gateway had not synced; with a seed a random part of it.
    pub(crate) fn cut(&self, seed: Option<u64>) -> Result<()> {
        let mut command = Command::new(beside("strowger-power-cut")?);
        command.arg(self.folder.join("faults")).args(seed.map(|seed| seed.to_string()));
        let output = command.output()?;
        if !output.status.success() {
            bail!("the power cut in {} failed: {}", self.folder.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

impl Gateway {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process")?;
        kill_process(pid, Signal::TERM)?;
        let status = clock::until(END, "the gateway ends", || Ok(self.child.try_wait()?))?;
        if !status.success() {
            bail!("the gateway ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _gone_already = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Another binary of the same build.
pub(crate) fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let mut folder = own.parent().context("no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("no folder")?;
    }
    let path = folder.join(name);
    if !path.exists() {
        bail!("{} is not built: cargo build -p strowger -p strowger-faults", path.display());
    }
    Ok(path)
}
