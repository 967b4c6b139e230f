//! A gateway of our own: in a folder of its own, on ports of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Http, Mml, built, until};

/// The operator's secret.
pub const SECRET: &str = "a-secret-of-one-test";
/// Starts and kind ends that take longer have failed; machines that build beside the tests are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a gateway lives, and how it is started. Dropping it ends whatever still runs there.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    set: Vec<String>,
    faults: bool,
}

/// One that serves. Dropping it kills it.
#[derive(Debug)]
pub struct Gateway {
    // Ended before the place is: what ends there may not be started anew.
    child: Running,
    listeners: Value,
    place: Place,
}

impl Place {
    /// A new one, with a secret for the operator.
    ///
    /// # Errors
    /// The file system's.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("strowger-test-").tempdir()?;
        fs::write(folder.path().join("secret"), SECRET)?;
        fs::create_dir(folder.path().join("faults"))?;
        Ok(Self { folder, set: Vec::new(), faults: false })
    }

    /// With `path=value` set in the configuration.
    #[must_use]
    pub fn set(mut self, setting: impl Into<String>) -> Self {
        self.set.push(setting.into());
        self
    }

    /// With TLS listeners `https` and `mmls`, certificates signed by themselves.
    #[must_use]
    pub fn tls(self) -> Self {
        let mut place = self;
        for (name, protocol) in [("https", "http"), ("mmls", "mml")] {
            let certificate = place.path().join(format!("{name}.crt"));
            let key = place.path().join(format!("{name}.key"));
            place = place
                .set(format!("listen.{name}.protocol={protocol}"))
                .set(format!("listen.{name}.address=127.0.0.1:0"))
                .set(format!("listen.{name}.tls.certificate={}", certificate.display()))
                .set(format!("listen.{name}.tls.key={}", key.display()))
                .set(format!("listen.{name}.tls.self_signed=true"));
        }
        place
    }

    /// Under the fault library.
    #[must_use]
    pub fn faults(mut self) -> Self {
        self.faults = true;
        self
    }

    /// Everything of it.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the gateway keeps.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Says what the disk does from now on, in the fault library's words; nothing: what it should.
    ///
    /// # Errors
    /// The file system's.
    pub fn disk(&self, words: &str) -> Result<()> {
        // Whole or not at all: the library may read it at any moment.
        let fresh = self.path().join("control.new");
        fs::write(&fresh, words)?;
        Ok(fs::rename(fresh, self.path().join("faults/control"))?)
    }

    /// What it printed and logged, for those who ask why.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// The arguments that every command of the binary needs to speak of this place.
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        let own = [
            format!("data={}", self.data().display()),
            format!("security.operator_secret_file={}", self.path().join("secret").display()),
            "security.argon2.memory=64".to_owned(),
            "security.argon2.passes=1".to_owned(),
            "security.scram_iterations=4096".to_owned(),
            format!("process.ports={}", ports()),
            "listen.http.protocol=http".to_owned(),
            "listen.http.address=127.0.0.1:0".to_owned(),
            "listen.mml.protocol=mml".to_owned(),
            "listen.mml.address=127.0.0.1:0".to_owned(),
        ];
        own.iter().chain(&self.set).flat_map(|setting| ["--set".to_owned(), setting.clone()]).collect()
    }

    /// Starts a gateway and waits until it serves.
    ///
    /// # Errors
    /// That it does not serve, with what it said.
    pub fn start(self) -> Result<Gateway> {
        let ready = self.path().join("ready");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let log = File::options().create(true).append(true).open(self.path().join("log"))?;
        let mut command = Command::new(built("strowger", "strowger")?);
        command.arg("serve").args(self.settings()).arg("--ready-file").arg(&ready);
        if self.faults {
            command.env("LD_PRELOAD", built("strowger-faults", "libstrowger_faults.so")?);
            command.env("STROWGER_FAULTS", self.path().join("faults"));
            command.env("STROWGER_FAULTS_UNDER", self.data().join("store"));
        }
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let child = Running(child.context("the gateway cannot be started")?);
        let mut gateway = Gateway { child, listeners: Value::Null, place: self };
        let said = until(PATIENCE, "the gateway serves", || match gateway.child.0.try_wait()? {
            Some(status) => bail!("the gateway ended with {status}:\n{}", gateway.place.log()),
            None => Ok(fs::read(&ready).ok()),
        })?;
        gateway.listeners = serde_json::from_slice::<Value>(&said)?.get("listeners").cloned().unwrap_or_default();
        Ok(gateway)
    }

    /// Processes that carry a mark of this place: holds and what they started.
    ///
    /// # Errors
    /// The file system's.
    pub fn processes(&self) -> Result<Vec<i32>> {
        let mark = self.data().join("workspaces");
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()) else {
                continue;
            };
            // One that ended meanwhile is none.
            let inside = fs::read_link(path.join("cwd")).is_ok_and(|folder| folder.starts_with(&mark));
            let said = fs::read(path.join("cmdline")).unwrap_or_default();
            let named = String::from_utf8_lossy(&said).contains(&*mark.to_string_lossy());
            if inside || named {
                found.push(pid);
            }
        }
        Ok(found)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for pid in self.processes().unwrap_or_default() {
            if let Some(pid) = Pid::from_raw(pid) {
                let _gone_already = kill_process(pid, Signal::KILL);
            }
        }
    }
}

impl Gateway {
    /// Where a listener listens.
    ///
    /// # Errors
    /// That there is none of that name.
    pub fn address(&self, listener: &str) -> Result<SocketAddr> {
        let said = self.listeners.get(listener).and_then(Value::as_str);
        Ok(said.with_context(|| format!("no listener {listener}"))?.parse()?)
    }

    /// A client of the HTTP listener that logs in as `user`.
    ///
    /// # Errors
    /// That there is no such listener.
    pub fn http(&self, user: &str, secret: &str) -> Result<Http> {
        Ok(Http::new(self.address("http")?, Some((user, secret))))
    }

    /// The operator over HTTP.
    ///
    /// # Errors
    /// That there is no such listener.
    pub fn operator(&self) -> Result<Http> {
        self.http("operator", SECRET)
    }

    /// A session over MML, logged in as `user`.
    ///
    /// # Errors
    /// A connection that fails or a log-in that is refused.
    pub fn mml(&self, user: &str, secret: &str) -> Result<Mml> {
        let mut mml = Mml::connect(self.address("mml")?)?;
        let report = mml.say(&format!("LGI: OP=\"{user}\", PWD=\"{secret}\";"))?;
        if report.code != 0 {
            bail!("no log-in as {user}:\n{}", report.text);
        }
        Ok(mml)
    }

    /// Where it lives.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Memory that it has resident, in octets.
    ///
    /// # Errors
    /// That it does not run.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
    }

    /// Kills it as `kill -9` does; what it started runs on.
    ///
    /// # Errors
    /// That it cannot be waited for.
    pub fn kill(mut self) -> Result<Place> {
        self.child.0.kill()?;
        self.child.0.wait()?;
        Ok(self.place)
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// That it does not end, or not well.
    pub fn stop(mut self) -> Result<Place> {
        let pid = Pid::from_child(&self.child.0);
        kill_process(pid, Signal::TERM)?;
        let status = until(PATIENCE, "the gateway ends", || Ok(self.child.0.try_wait()?))?;
        if !status.success() {
            bail!("the gateway ended with {status}:\n{}", self.place.log());
        }
        Ok(self.place)
    }
}

/// The gateway's process; dropping it kills it.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Ports for what a place runs, so that two places do not race for one.
fn ports() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let turn = std::process::id().wrapping_mul(7).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 180;
    let first = 12_000 + 100 * turn;
    format!("{first}-{}", first + 99)
}
