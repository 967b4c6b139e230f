//! The demonstration's own gateway: a process of this binary, and everything it leaves behind taken away.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::LOOK;
use crate::Sources;
use crate::client::{Asked, Client, Connection, pause};
use crate::exit::{Failure, GENERAL};

/// Looks until it must have started, and until it must have ended: 30 s each.
const LOOKS: u32 = 1_500;
/// What is still running at the end has so many milliseconds.
const LAST: &str = "stop 2000\n";

/// A gateway that serves.
pub(super) struct Gateway {
    folder: TempDir,
    child: Child,
    ready: Value,
    password: String,
    running: bool,
}

/// Becomes true at the first Ctrl-C or SIGTERM.
pub(super) fn stop_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let pulled = Arc::clone(&stop);
    ctrlc::set_handler(move || pulled.store(true, Ordering::Release))
        .map_err(|error| Failure::new(GENERAL, format!("signals cannot be caught: {error}")))?;
    Ok(stop)
}

/// What an endpoint answers, in one line.
pub(super) fn call(endpoint: &str) -> Result<String, Failure> {
    // It is on this machine, whatever proxy others are reached by.
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().proxy(None).build());
    let said = agent.get(endpoint).call().and_then(|mut answer| answer.body_mut().read_to_string());
    let said = said.map_err(|error| Failure::new(GENERAL, format!("{endpoint} does not answer: {error}")))?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

impl Gateway {
    /// With its HTTP door on `port`; 0: any that is free.
    pub(super) fn start(port: u16) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("strowger-demo-").tempdir()?;
        let path = folder.path();
        let log = File::create(path.join("log"))?;
        let ready_file = path.join("ready");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--ready-file").arg(&ready_file);
        for set in settings(path, port) {
            command.args(["--set", &set]);
        }
        // Nothing that is set for another gateway is this one's.
        let others = std::env::vars_os().map(|(name, _)| name);
        for name in others.filter(|name| name.to_str().is_some_and(|name| name.starts_with("STROWGER_"))) {
            command.env_remove(name);
        }
        // Ctrl-C is the demonstration's: the gateway is told to stop when its services are ended.
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = command.spawn()?;
        let mut gateway = Self { folder, child, ready: Value::Null, password: password(), running: true };
        for _ in 0..LOOKS {
            if let Ok(text) = std::fs::read(&ready_file) {
                gateway.ready = serde_json::from_slice(&text).unwrap_or_default();
                return Ok(gateway);
            }
            if gateway.child.try_wait()?.is_some() {
                gateway.running = false;
                break;
            }
            pause(LOOK);
        }
        let said = std::fs::read_to_string(gateway.folder.path().join("log")).unwrap_or_default();
        Err(Failure::new(GENERAL, format!("the gateway did not start:\n{}", said.trim_end())))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listener("http"))
    }

    pub(super) fn mml(&self) -> &str {
        self.listener("mml")
    }

    fn listener(&self, name: &str) -> &str {
        self.ready.get("listeners").and_then(|l| l.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The operator's, shown once.
    pub(super) fn secret(&self) -> &str {
        self.ready.get("operatorSecret").and_then(Value::as_str).unwrap_or_default()
    }

    /// Alice's.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn client(&self, user: &str, password: &str, tenant: Option<&str>) -> Result<Client, Failure> {
        Client::new(Connection {
            url: self.url(),
            user: user.to_owned(),
            password: password.to_owned(),
            tenant: tenant.map(str::to_owned),
            retry: std::time::Duration::from_secs(5),
            ..Connection::default()
        })
    }

    /// The configuration it runs with.
    pub(super) fn sources(&self) -> Sources {
        Sources { file: None, set: settings(self.folder.path(), 0), alone: true }
    }

    /// Waits until it is told to stop, or the gateway ends by itself.
    pub(super) fn wait(&mut self, stop: &AtomicBool) -> Result<(), Failure> {
        while !stop.load(Ordering::Acquire) {
            if let Some(status) = self.child.try_wait()? {
                self.running = false;
                return Err(Failure::new(GENERAL, format!("the gateway ended by itself: {status}")));
            }
            pause(LOOK);
        }
        Ok(())
    }

    /// Ends the services, then the gateway, and waits for both.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        if !self.running {
            return Ok(());
        }
        self.end_services();
        self.running = false;
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Where it is gone already there is nobody to be told.
            let _told = kill_process(pid, Signal::TERM);
        }
        for _ in 0..LOOKS {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(Failure::new(GENERAL, format!("the gateway ended with {status}")))
                };
            }
            pause(LOOK);
        }
        self.child.kill()?;
        self.child.wait()?;
        Err(Failure::new(GENERAL, "the gateway did not end when it was told to"))
    }

    fn end_services(&self) {
        let Ok(alice) = self.client("alice@acme", self.password(), None) else { return };
        let list = Asked { method: "GET", path: "/v1/services".into(), ..Asked::default() };
        let services = alice.ask(&list).ok().and_then(|answer| answer.body.get("items").cloned());
        for service in services.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let name = service.get("name").and_then(Value::as_str).unwrap_or_default();
            let headers = vec![("prefer", "wait=20".to_owned())];
            let path = format!("/v1/services/{name}");
            let _best_effort = alice.ask(&Asked { method: "DELETE", path, headers, ..Asked::default() });
        }
    }
}

impl Drop for Gateway {
    /// Whatever went wrong: no process is left.
    fn drop(&mut self) {
        let _told_elsewhere = self.stop();
        let workspaces = std::fs::read_dir(self.folder.path().join("data/workspaces"));
        for workspace in workspaces.into_iter().flatten().flatten() {
            let socket: PathBuf = workspace.path().join(".hold/socket");
            if let Ok(mut hold) = UnixStream::connect(socket) {
                let _gone_meanwhile = hold.write_all(LAST.as_bytes());
                let _answered = std::io::copy(&mut hold, &mut std::io::sink());
            }
        }
    }
}

fn settings(folder: &Path, port: u16) -> Vec<String> {
    vec![
        format!("data={}", folder.join("data").display()),
        "listen.http.protocol=http".to_owned(),
        format!("listen.http.address=127.0.0.1:{port}"),
        "listen.mml.protocol=mml".to_owned(),
        "listen.mml.address=127.0.0.1:0".to_owned(),
        "log.level=warn".to_owned(),
    ]
}

/// Of the system's chance: each state is seeded anew.
fn password() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}
