//! Measures the engines a store could stand on, with this gateway's own commits: a service, its audit record and an
//! idempotency key, written by one thread that takes what waits and syncs once.
//!
//! `cargo run --release -p strowger-stores --example engines` prints the table of the README. `ours` is the whole
//! store with checks, encoding, views and answers; the others are the bare engines with octets made beforehand.

mod commit;
mod group;
mod raw;

use std::io::{Write as _, stdout};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use strowger_driver::System;
use strowger_primitive::{Look as _, Name, World as _};
use strowger_stores::{Embedded, NoSeal, Options};

use crate::commit::Commit;

const ENGINES: [&str; 4] = ["ours", "fjall", "redb", "sqlite"];
const WRITERS: [usize; 3] = [1, 64, 1_024];
const TIME: Duration = Duration::from_secs(3);
const SERVICES: usize = 100_000;
const KEYS: [usize; 2] = [100_000, 1_000_000];

fn main() -> Result<()> {
    let said: Vec<String> = std::env::args().skip(1).collect();
    match said.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            speed(&ENGINES)?;
            reopen(&ENGINES)?;
            memory()
        }
        ["speed"] => speed(&ENGINES),
        ["speed", engines @ ..] => speed(engines),
        ["open"] => reopen(&ENGINES),
        ["open", engines @ ..] => reopen(engines),
        ["memory"] => memory(),
        ["fill", engine, directory, keys] => fill(engine, Path::new(directory), keys.parse()?),
        _ => bail!("engines [speed [ENGINE ...] | open [ENGINE ...] | memory]"),
    }
}

/// Commits a second, and how long one waits, with so many writers at once.
fn speed(engines: &[&str]) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "load: {}", std::fs::read_to_string("/proc/loadavg")?.trim())?;
    writeln!(out, "| engine | writers | commits/s | p50 ms | p99 ms |\n|---|---|---|---|---|")?;
    for writers in WRITERS {
        for engine in engines {
            let folder = tempfile::tempdir()?;
            let mut waits = match *engine {
                "ours" => group::ours(&ours(folder.path())?, writers, TIME)?,
                engine => group::raw(raw::open(engine, folder.path())?, writers, TIME)?,
            };
            waits.sort_unstable();
            let at =
                |percent: usize| waits.get(waits.len() * percent / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1e3);
            let rate = waits.len() as f64 / TIME.as_secs_f64();
            writeln!(out, "| {engine} | {writers} | {rate:.0} | {:.2} | {:.1} |", at(50), at(99))?;
        }
    }
    Ok(())
}

/// How long it takes to open what a killed process left, with every document read.
fn reopen(engines: &[&str]) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "load: {}", std::fs::read_to_string("/proc/loadavg")?.trim())?;
    writeln!(out, "| engine | keys | documents | open s | on disk MB |\n|---|---|---|---|---|")?;
    for keys in KEYS {
        for engine in engines {
            let folder = tempfile::tempdir()?;
            let mut filler = Command::new(std::env::current_exe()?);
            let filler = filler.arg("fill").arg(engine).arg(folder.path()).arg(keys.to_string());
            let ended = filler.status().context("the filling process")?;
            if ended.code().is_some() {
                bail!("{engine} was not filled: {ended}");
            }
            let begun = System.now().mono;
            let documents = match *engine {
                "ours" => ours(folder.path())?.view(&Name::new("acme")?, &strowger_kinds::service::DECL).len(),
                engine => raw::open(engine, folder.path())?.documents()?,
            };
            let took = System.now().mono.saturating_duration_since(begun).as_secs_f64();
            let disk = size(folder.path())? / 1_000_000;
            writeln!(out, "| {engine} | {keys} | {documents} | {took:.2} | {disk} |")?;
        }
    }
    Ok(())
}

/// What a service takes in memory, and how long a look through all of them.
fn memory() -> Result<()> {
    let before = resident()?;
    let store = Embedded::in_memory(strowger_kinds::all(), Box::new(NoSeal), Arc::new(System));
    group::services(&store, SERVICES)?;
    let octets = resident()?.saturating_sub(before) / SERVICES;
    let view = store.view(&Name::new("acme")?, &strowger_kinds::service::DECL);
    let (begun, mut seen) = (System.now().mono, 0);
    view.each(None, &mut |document| {
        seen += usize::from(document.revision().0 > 0);
        true
    });
    let took = System.now().mono.saturating_duration_since(begun).as_secs_f64() * 1e3;
    writeln!(stdout().lock(), "{seen} services: {octets} octets each, all looked at in {took:.1} ms")?;
    Ok(())
}

fn ours(directory: &Path) -> Result<Arc<Embedded>> {
    let options = Options { directory: directory.join("store"), ..Options::default() };
    Ok(Embedded::open(&options, strowger_kinds::all(), Box::new(NoSeal), Arc::new(System))?)
}

/// Stores a third of `keys` of each sort and dies without a farewell.
fn fill(engine: &str, directory: &Path, keys: usize) -> Result<()> {
    let commits = keys / 3;
    let each = 1_000;
    if engine == "ours" {
        let store = ours(directory)?;
        group::fill(&store, commits)?;
        std::process::abort();
    }
    let mut raw = raw::open(engine, directory)?;
    for from in (0..commits).step_by(each) {
        let batch: Vec<Commit> = (from..commits.min(from + each)).map(Commit::new).collect();
        raw.write(&batch)?;
    }
    std::process::abort()
}

/// Memory in use, in octets.
fn resident() -> Result<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).context("statm")?.parse()?;
    Ok(pages * 4_096)
}

/// Octets taken on the disk.
fn size(directory: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut octets = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        octets += if metadata.is_dir() { size(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(octets)
}
