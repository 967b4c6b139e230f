//! The configuration: one TOML file, a section for each crate, complete and right before anything is bound.
//!
//! Over the defaults come the file, then the environment (`STROWGER__LISTEN__HTTP__ADDRESS=127.0.0.1:0`), then
//! `--set listen.http.address=127.0.0.1:0`. All mistakes are told at once, each with its path. No file at all is a
//! working start on loopback.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strowger_cli::Sources;
use strowger_primitive::{BadOption, Name};
use toml::{Table, Value};

use crate::log;
use crate::pipeline::{AdmitOptions, GateOptions};

/// Everything the operator decides.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// The name of this node in records and reports.
    pub node: String,
    /// The folder of everything that is kept: store, keys, workspaces.
    pub data: PathBuf,
    /// What is logged, and how.
    pub log: log::Options,
    /// Who is let in under load.
    pub gate: GateOptions,
    /// How much each may ask.
    pub admit: AdmitOptions,
    /// The store.
    pub store: strowger_stores::Options,
    /// Who may do what.
    pub security: strowger_security::Options,
    /// Orders and services.
    pub core: strowger_core::Options,
    /// The provider of processes.
    pub process: strowger_providers::Options,
    /// HTTP.
    pub http: strowger_web::Options,
    /// MML.
    pub mml: strowger_mml::Options,
    /// The listeners, by name.
    pub listen: BTreeMap<String, strowger_driver::Options>,
}

/// All mistakes of a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.list())]
pub struct Mistakes(pub Vec<Mistake>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `listen.http.address`.
    pub path: String,
    /// What is wrong there and what is expected.
    pub why: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.why) } else { write!(f, "{}: {}", self.path, self.why) }
    }
}

impl Mistakes {
    fn list(&self) -> String {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

/// Environment variables that begin so override the file.
const ENVIRONMENT: &str = "STROWGER__";

impl Config {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn load(sources: &Sources) -> Result<Self, Mistakes> {
        let mut table = match &sources.file {
            Some(path) => read_file(path)?,
            None => Table::new(),
        };
        let mut mistakes = Vec::new();
        if !table.contains_key("listen") {
            table.insert("listen".to_owned(), Value::Table(usual_listeners()));
        }
        for (name, value) in if sources.alone { Vec::new() } else { std::env::vars_os().collect() } {
            // Others' variables may be no UTF-8.
            let Some(path) = name.to_str().and_then(|name| name.strip_prefix(ENVIRONMENT)) else { continue };
            let path = path.to_ascii_lowercase().replace("__", ".");
            match value.to_str() {
                Some(value) => set(&mut table, &path, value, &mut mistakes),
                None => mistakes.push(mistake(&path, "its environment variable is no UTF-8")),
            }
        }
        for said in &sources.set {
            match said.split_once('=') {
                Some((path, value)) => set(&mut table, path.trim(), value.trim(), &mut mistakes),
                None => mistakes.push(mistake("--set", &format!("{said:?} is not path=value"))),
            }
        }
        let config = Self::of(table, &mut mistakes);
        if mistakes.is_empty() { Ok(config) } else { Err(Mistakes(mistakes)) }
    }

    /// The effective values, as a file would say them.
    #[must_use]
    pub fn print(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    fn of(mut table: Table, mistakes: &mut Vec<Mistake>) -> Self {
        let listen = match table.remove("listen") {
            Some(Value::Table(listen)) => listen,
            None => Table::new(),
            Some(_) => {
                mistakes.push(mistake("listen", "is a table of listeners: [listen.http]"));
                Table::new()
            }
        };
        let top: Top = section("", take_top(&mut table), mistakes);
        let mut part = |name: &str| (table.remove(name), name.to_owned());
        let mut config = Self {
            log: of_section(part("log"), mistakes),
            gate: of_section(part("gate"), mistakes),
            admit: of_section(part("admit"), mistakes),
            store: of_section(part("store"), mistakes),
            security: of_section(part("security"), mistakes),
            core: of_section(part("core"), mistakes),
            process: of_section(part("process"), mistakes),
            http: of_section(part("http"), mistakes),
            mml: of_section(part("mml"), mistakes),
            listen: BTreeMap::new(),
            node: top.node,
            data: top.data,
        };
        for unknown in table.keys() {
            mistakes.push(mistake(unknown, &format!("is no section; there are: {}", SECTIONS.join(", "))));
        }
        for (name, mut value) in listen {
            if let Value::Table(listener) = &mut value {
                // A listener called mml speaks MML at its usual place, unless it says otherwise.
                if let Some(Value::Table(usual)) = usual_listeners().remove(&name) {
                    for (option, value) in usual {
                        listener.entry(option).or_insert(value);
                    }
                } else if !listener.contains_key("protocol") {
                    let known = crate::assemble::PROTOCOLS.join(", ");
                    mistakes.push(mistake(&format!("listen.{name}.protocol"), &format!("must be one of {known}")));
                }
            }
            let mut options: strowger_driver::Options = of_section((Some(value), format!("listen.{name}")), mistakes);
            options.name.clone_from(&name);
            config.listen.insert(name, options);
        }
        config.fill();
        config.flaws(mistakes);
        config
    }

    /// What is left out lies in the data folder.
    fn fill(&mut self) {
        if self.store.directory == strowger_stores::Options::default().directory {
            self.store.directory = self.data.join("store");
        }
        if self.process.workspaces.is_none() {
            self.process.workspaces = Some(self.data.join("workspaces"));
        }
        for (name, options) in &mut self.listen {
            let unnamed =
                |tls: &&mut strowger_driver::Tls| [&tls.certificate, &tls.key].iter().all(|p| p.as_os_str().is_empty());
            if let Some(tls) = options.tls.as_mut().filter(unnamed) {
                tls.certificate = self.data.join("tls").join(format!("{name}.crt"));
                tls.key = self.data.join("tls").join(format!("{name}.key"));
                tls.self_signed = true;
            }
        }
        if self.security.master_key_file.is_none() {
            self.security.master_key_file = Some(self.data.join("keys").join("master.key"));
        }
        if self.mml.node.is_empty() {
            self.mml.node = self.node.to_ascii_uppercase();
        }
    }

    fn flaws(&self, mistakes: &mut Vec<Mistake>) {
        let mut tell = |section: &str, flaws: Vec<BadOption>| {
            mistakes.extend(flaws.into_iter().map(|bad| mistake(&format!("{section}.{}", bad.option), &bad.why)));
        };
        tell("gate", self.gate.flaws());
        tell("process", self.process.flaws());
        tell("core", self.core.flaws());
        tell("security", self.security.flaws());
        tell("http", self.http.flaws());
        tell("mml", self.mml.flaws());
        for (name, options) in &self.listen {
            let mut flaws = options.flaws();
            if !crate::assemble::PROTOCOLS.contains(&options.protocol.as_str()) {
                let known = crate::assemble::PROTOCOLS.join(", ");
                flaws.push(BadOption { option: "protocol", why: format!("{:?} is none of {known}", options.protocol) });
            }
            let same = |(other, there): &(&String, &strowger_driver::Options)| {
                *other < name && there.address == options.address && options.address.port() != 0
            };
            if let Some((other, _)) = self.listen.iter().find(same) {
                flaws.push(BadOption { option: "address", why: format!("{} is that of {other}", options.address) });
            }
            tell(&format!("listen.{name}"), flaws);
        }
        if let Err(why) = Name::new(&self.node) {
            mistakes.push(mistake("node", &format!("{:?}: {why}", self.node)));
        }
        if self.listen.is_empty() {
            mistakes.push(mistake("listen", "there is no listener; nobody could come in"));
        }
    }
}

/// What stands above all sections.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Top {
    node: String,
    data: PathBuf,
}

impl Default for Top {
    fn default() -> Self {
        Self { node: "strowger".to_owned(), data: PathBuf::from("strowger-data") }
    }
}

const SECTIONS: [&str; 10] = ["log", "gate", "admit", "store", "security", "core", "process", "http", "mml", "listen"];

fn mistake(path: &str, why: &str) -> Mistake {
    Mistake { path: path.to_owned(), why: why.to_owned() }
}

fn read_file(path: &Path) -> Result<Table, Mistakes> {
    let one = |why: String| Mistakes(vec![mistake(&path.display().to_string(), &why)]);
    let text = std::fs::read_to_string(path).map_err(|error| one(format!("cannot be read: {error}")))?;
    text.parse().map_err(|error: toml::de::Error| one(format!("is no TOML: {error}")))
}

fn usual_listeners() -> Table {
    let one = |protocol: &str, address: &str| {
        let pairs = [("protocol", protocol), ("address", address)];
        Value::Table(pairs.into_iter().map(|(k, v)| (k.to_owned(), Value::String(v.to_owned()))).collect())
    };
    [("http".to_owned(), one("http", "127.0.0.1:8080")), ("mml".to_owned(), one("mml", "127.0.0.1:8023"))]
        .into_iter()
        .collect()
}

/// Sets one place; a value that is no TOML is a string.
fn set(table: &mut Table, path: &str, value: &str, mistakes: &mut Vec<Mistake>) {
    let value = format!("v = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut place = table;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            place.insert(part.to_owned(), value);
            return;
        }
        let next = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(next) = next else {
            mistakes.push(mistake(path, &format!("{part} is no section")));
            return;
        };
        place = next;
    }
}

fn take_top(table: &mut Table) -> Value {
    let top = table.iter().filter(|(name, value)| !value.is_table() && !SECTIONS.contains(&name.as_str()));
    let names: Vec<String> = top.map(|(name, _)| name.clone()).collect();
    Value::Table(names.into_iter().filter_map(|name| table.remove(&name).map(|value| (name, value))).collect())
}

fn of_section<T: DeserializeOwned + Default>(part: (Option<Value>, String), mistakes: &mut Vec<Mistake>) -> T {
    match part {
        (None, _) => T::default(),
        (Some(value), name) => section(&name, value, mistakes),
    }
}

/// Reads a section; what is wrong is told and taken out, and the rest is read again, so that all of it is told.
fn section<T: DeserializeOwned + Default>(name: &str, mut value: Value, mistakes: &mut Vec<Mistake>) -> T {
    /// More are not read by anybody.
    const MOST: usize = 50;
    for _ in 0..MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
            Ok(read) => return read,
            Err(error) => error,
        };
        let why = error.inner().message().to_owned();
        let mut path: Vec<String> = match error.path().to_string().as_str() {
            "." => Vec::new(),
            path => {
                path.split(['.', '[']).filter(|part| *part != "?" && !part.ends_with(']')).map(str::to_owned).collect()
            }
        };
        let unknown = why.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        if let Some(unknown) = unknown.filter(|unknown| path.last().map(String::as_str) != Some(unknown)) {
            path.push(unknown.to_owned());
        }
        let whole: Vec<&str> =
            Some(name).filter(|name| !name.is_empty()).into_iter().chain(path.iter().map(String::as_str)).collect();
        mistakes.push(mistake(&whole.join("."), &why));
        if !take_out(&mut value, &path) {
            break;
        }
    }
    T::default()
}

fn take_out(value: &mut Value, path: &[String]) -> bool {
    let (Value::Table(table), Some((first, rest))) = (value, path.split_first()) else { return false };
    if !rest.is_empty() && table.get_mut(first).is_some_and(|inner| take_out(inner, rest)) {
        return true;
    }
    table.remove(first).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Config, Vec<String>> {
        let mut table: Table = text.parse().unwrap();
        if !table.contains_key("listen") {
            table.insert("listen".to_owned(), Value::Table(usual_listeners()));
        }
        let mut mistakes = Vec::new();
        let config = Config::of(table, &mut mistakes);
        let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(config) } else { Err(told) }
    }

    #[test]
    fn nothing_at_all_is_a_working_start_on_loopback() {
        let config = of("").unwrap();
        assert!(config.listen.values().all(|listen| listen.address.ip().is_loopback()));
        assert_eq!(config.listen.keys().collect::<Vec<_>>(), ["http", "mml"]);
        assert_eq!(config.store.directory, Path::new("strowger-data/store"));
        let printed = config.print();
        assert_eq!(of(&printed).unwrap().print(), printed, "what is printed reads back");
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_path() {
        let told = of(concat!(
            "nod = \"a\"\ndata = 3\n[log]\nlevel = \"loud\"\n[gate]\nmost_change = 1\nwait_ms = \"x\"\n",
            "[listen.a]\nprotocol = \"gopher\"\naddress = \"nowhere\"\n[sipp]\n"
        ))
        .unwrap_err();
        for path in ["nod:", "data:", "log.level:", "gate.most_change:", "gate.wait_ms:", "sipp:", "listen.a.address:"]
        {
            assert!(told.iter().any(|line| line.starts_with(path)), "{path} in {told:#?}");
        }
        assert!(told.iter().any(|line| line.contains("\"gopher\" is none of http, mml")), "{told:#?}");
    }

    #[test]
    fn a_listener_says_only_what_differs() {
        let config = of("[listen.http]\n[listen.mml.limits]\nidle = 60\n").unwrap();
        let places: Vec<_> = config.listen.values().map(|listen| listen.address.to_string()).collect();
        assert_eq!(places, ["127.0.0.1:8080", "127.0.0.1:8023"]);
        let one = |text: &str| of(text).unwrap_err().join("\n");
        assert_eq!(one("[listen.terminals]\n"), "listen.terminals.protocol: must be one of http, mml");
        let two = "[listen.a]\nprotocol = \"mml\"\naddress = \"127.0.0.1:9\"\n";
        let same = format!("{two}{}", two.replace("listen.a", "listen.b"));
        assert_eq!(one(&same), "listen.b.address: 127.0.0.1:9 is that of a");
        assert!(of(&same.replace(":9", ":0")).is_ok(), "free ones differ");
        let half = one("[listen.http]\ntls = { key = \"k.pem\" }\n");
        assert_eq!(half, "listen.http.tls.certificate: must name a PEM file");
    }

    #[test]
    fn a_mistake_in_a_list_hides_no_other() {
        let told = of("[process]\nexecutables = [5]\nmost = \"x\"\n").unwrap_err();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("process.executables: ") && told[1].starts_with("process.most: "), "{told:?}");
    }

    #[test]
    fn a_place_is_set_by_its_path() {
        let mut table = Table::new();
        let mut mistakes = Vec::new();
        set(&mut table, "listen.http.address", "127.0.0.1:0", &mut mistakes);
        set(&mut table, "gate.wait_ms", "5", &mut mistakes);
        set(&mut table, "gate.wait_ms.deep", "5", &mut mistakes);
        assert_eq!(table.to_string().trim(), "[gate]\nwait_ms = 5\n\n[listen.http]\naddress = \"127.0.0.1:0\"");
        assert_eq!(mistakes.len(), 1);
    }
}
