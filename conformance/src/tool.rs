//! The programs people use.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::until;

/// One run of a program, bounded in time.
#[derive(Debug)]
pub struct Tool {
    command: Command,
    input: Vec<u8>,
    bound: Duration,
}

/// What a program wrote is all there so soon behind its end.
const LEFT: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote.
    pub out: String,
    /// What it complained of.
    pub complaint: String,
}

impl Tool {
    /// A run of `program` that may take a minute.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program), input: Vec::new(), bound: Duration::from_secs(60) }
    }

    /// With arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// In a folder.
    #[must_use]
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With what is typed or piped into it.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// That may take so long.
    #[must_use]
    pub fn within(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// That it is not there or takes too long; it is killed then.
    pub fn run(mut self) -> Result<Ended> {
        let what = format!("{:?}", self.command.get_program());
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running(self.command.spawn().with_context(|| format!("{what} cannot be run"))?);
        let (stdin, stdout, stderr) = (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take());
        let input = std::mem::take(&mut self.input);
        let writer = std::thread::spawn(move || {
            // Who reads no input has all it needs.
            let _closed_already = stdin.map(|mut stdin| stdin.write_all(&input));
        });
        let gather = |from: Option<Box<dyn std::io::Read + Send>>| {
            let (all, read) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let mut octets = Vec::new();
                let _cut = from.map(|mut from| from.read_to_end(&mut octets));
                let _nobody_waits = all.send(String::from_utf8_lossy(&octets).into_owned());
            });
            read
        };
        let out = gather(stdout.map(|out| Box::new(out) as _));
        let complaint = gather(stderr.map(|out| Box::new(out) as _));
        let status = until(self.bound, &what, || Ok(child.0.try_wait()?))?;
        let _done = writer.join();
        let (Ok(out), Ok(complaint)) = (out.recv_timeout(LEFT), complaint.recv_timeout(LEFT)) else {
            bail!("{what} ended and left something running that holds its output");
        };
        Ok(Ended { status, out, complaint })
    }

    /// Runs it to its end, which must be a good one; what it wrote.
    ///
    /// # Errors
    /// As [`run`](Self::run), and that it ended badly.
    pub fn out(self) -> Result<String> {
        let what = format!("{:?}", self.command);
        let ended = self.run()?;
        if !ended.status.success() {
            bail!("{what}: {}\n{}\n{}", ended.status, ended.out, ended.complaint);
        }
        Ok(ended.out)
    }
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.0.kill().and_then(|()| self.0.wait());
    }
}
