//! The workspace on disk: its crates and their sources.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(2).context("xtask lies two folders below the root")?.to_owned())
}

/// A crate of ours.
pub(crate) struct Crate {
    /// `strowger-core`.
    pub(crate) name: String,
    /// `sdp-services/core`; empty: the root.
    pub(crate) place: String,
    /// Its `Cargo.toml`.
    pub(crate) manifest: toml::Table,
    /// Its folder.
    pub(crate) path: PathBuf,
    /// What the workspace declares for all its crates.
    shared: toml::Table,
}

/// All crates of the workspace at `root`.
pub(crate) fn crates(root: &Path) -> Result<Vec<Crate>> {
    let manifest = read(root)?;
    let members = manifest.get("workspace").and_then(|w| w.get("members")).and_then(toml::Value::as_array);
    let mut places: Vec<String> =
        members.into_iter().flatten().filter_map(|place| place.as_str().map(str::to_owned)).collect();
    places.push(String::new());
    let shared = table(manifest.get("workspace").and_then(toml::Value::as_table), "dependencies");
    let mut crates = Vec::new();
    for place in places {
        let path = root.join(&place);
        let manifest = read(&path)?;
        let name = manifest.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str);
        let name = name.with_context(|| format!("{place}/Cargo.toml names no package"))?.to_owned();
        crates.push(Crate { name, place, manifest, path, shared: shared.clone() });
    }
    Ok(crates)
}

fn read(folder: &Path) -> Result<toml::Table> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("{} is no TOML", path.display()))
}

/// The tables of a manifest that say what is depended on.
const DEPENDENCIES: [&str; 2] = ["dependencies", "build-dependencies"];

/// A table within a table; empty where it is not there.
fn table(within: Option<&toml::Table>, name: &str) -> toml::Table {
    within.and_then(|within| within.get(name)).and_then(toml::Value::as_table).cloned().unwrap_or_default()
}

impl Crate {
    /// The names of what it depends on, on any machine, without what its tests need; whatever it calls them.
    pub(crate) fn dependencies(&self) -> Vec<String> {
        let targets = table(Some(&self.manifest), "target");
        let places = [Some(&self.manifest)].into_iter().chain(targets.values().map(toml::Value::as_table));
        let tables = places.flat_map(|place| DEPENDENCIES.map(|name| table(place, name)));
        let mut names: Vec<String> = tables.flatten().map(|(key, declared)| self.real(key, &declared)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The name of the package that is called `key` here, or in the workspace where it is declared there.
    fn real(&self, key: String, declared: &toml::Value) -> String {
        let inherited = declared.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        let declared = if inherited { self.shared.get(&key) } else { Some(declared) };
        declared.and_then(|d| d.get("package")).and_then(toml::Value::as_str).map_or(key, str::to_owned)
    }

    /// Its Rust sources, tests and examples left out.
    pub(crate) fn sources(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        collect(&self.path.join("src"), &mut found)?;
        let mut tests = Vec::new();
        for path in &found {
            tests.extend(test_modules(path, &fs::read_to_string(path)?));
        }
        found.retain(|path| !tests.iter().any(|test| path.starts_with(test)));
        found.sort();
        Ok(found)
    }
}

/// Where the modules lie that `path` has for its tests alone: the file and the folder of each.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let root = path.file_name().is_some_and(|name| name == "lib.rs" || name == "main.rs");
    let folder = if root { path.with_file_name("") } else { path.with_extension("") };
    let behind = |pair: &(&str, &str)| pair.0.starts_with("#[cfg(test)]");
    let lines = text.lines().zip(text.lines().skip(1)).filter(behind);
    let names = lines.filter_map(|(_, next)| next.strip_prefix("mod ")?.strip_suffix(';'));
    names.flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(name)]).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// The lines of a source that are neither blank, comment nor test, with their numbers.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = (1..).zip(text.get(..end).unwrap_or(text).lines());
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
}
