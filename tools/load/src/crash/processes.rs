//! Workspaces on disk and what runs in them, as the kernel tells (proc(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};

use super::found::Workspace;
use crate::clock;
use crate::gateway::Place;

/// What is told to end ends by then.
const GONE: Duration = Duration::from_secs(20);

/// A process of one of our workspaces.
struct Process {
    pid: i32,
    workspace: String,
    holds: bool,
}

/// All workspaces of that gateway, and what runs.
pub(crate) fn workspaces(place: &Place) -> Result<Vec<Workspace>> {
    let mut found: BTreeMap<String, Workspace> = BTreeMap::new();
    let folder = place.workspaces();
    if folder.exists() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.file_type()?.is_dir() {
                found.insert(name.clone(), described(&entry.path(), name));
            }
        }
    }
    for process in processes(&folder) {
        let name = process.workspace;
        let workspace = found.entry(name.clone()).or_insert_with(|| Workspace { name, ..Workspace::default() });
        if process.holds {
            workspace.holds += 1;
        } else {
            workspace.programs += 1;
        }
    }
    Ok(found.into_values().collect())
}

/// The programs that run, each with its workspace.
pub(crate) fn programs(place: &Place) -> BTreeSet<(String, i32)> {
    let programs = processes(&place.workspaces()).into_iter().filter(|process| !process.holds);
    programs.map(|process| (process.workspace, process.pid)).collect()
}

/// Ends all that runs there, as a power cut does: nobody lives to write down how another ended.
pub(crate) fn end_all(place: &Place) -> Result<()> {
    let folder = place.workspaces();
    clock::until(GONE, "everything in the workspaces ends", || {
        let mut left = processes(&folder);
        left.sort_by_key(|process| !process.holds);
        for pid in left.iter().filter_map(|process| Pid::from_raw(process.pid)) {
            let _gone_already = kill_process(pid, Signal::KILL);
        }
        Ok(left.is_empty().then_some(()))
    })
}

fn described(path: &Path, name: String) -> Workspace {
    let spec = fs::read(path.join(".hold/spec.json")).unwrap_or_default();
    let spec: serde_json::Value = serde_json::from_slice(&spec).unwrap_or_default();
    let text = |field: &str| spec.get(field).and_then(|v| v.as_str()).map(str::to_owned);
    let ports = spec.get("ports").and_then(|v| v.as_array()).cloned().unwrap_or_default();
    Workspace {
        name,
        service: text("service"),
        component: text("component").unwrap_or_default(),
        ports: ports.iter().filter_map(|port| port.get("number").and_then(|n| n.as_u64())).collect(),
        ..Workspace::default()
    }
}

fn processes(folder: &Path) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| process(pid, folder)).collect()
}

/// A hold names its workspace, a program works in it.
fn process(pid: i32, folder: &Path) -> Option<Process> {
    let inside = |path: &Path| {
        let name = path.strip_prefix(folder).ok()?.components().next()?;
        Some(name.as_os_str().to_string_lossy().trim_end_matches(" (deleted)").to_owned())
    };
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split(|octet| *octet == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let (_, first, second) = (words.next()?, words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if first == "hold"
        && let Some(workspace) = inside(&PathBuf::from(&second))
    {
        return Some(Process { pid, workspace, holds: true });
    }
    // What is about to become the program is it already.
    let workspace = inside(&fs::read_link(format!("/proc/{pid}/cwd")).ok()?)?;
    Some(Process { pid, workspace, holds: false })
}
