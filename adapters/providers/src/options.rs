//! What the operator decides about the provider `process`.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strowger_primitive::{BadOption, Name};

/// Options of the provider `process`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Its name in every door.
    pub name: String,
    /// The folder of all workspaces of this gateway and of nothing else; made where it is not there, readable by the
    /// gateway alone. The configuration that leaves it out means a folder beside the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<PathBuf>,
    /// The ports it gives away on 127.0.0.1. They should lie below the kernel's range for outgoing connections.
    pub ports: Ports,
    /// Programs that may run, by absolute path. `strowger sample-app` always may.
    pub executables: Vec<PathBuf>,
    /// Most programs at once.
    pub most: usize,
    /// Most programs that are being started at once; the others wait for their turn. 0: two for each core.
    pub at_once: usize,
    /// The binary that knows `hold`; left out: this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "local-a".to_owned(),
            workspaces: None,
            ports: Ports { first: 20_000, last: 29_999 },
            executables: Vec::new(),
            most: 1_000,
            at_once: 0,
            binary: None,
        }
    }
}

/// A range of ports, written `20000-29999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ports {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl From<Ports> for String {
    fn from(ports: Ports) -> Self {
        ports.to_string()
    }
}

impl TryFrom<String> for Ports {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.split_once('-')
            .and_then(|(first, last)| Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? }))
            .ok_or_else(|| format!("{text:?} is no range of ports; write 20000-29999"))
    }
}

impl Options {
    /// All that is wrong with them, without looking at the machine.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let mut flaw = |option, why: String| flaws.push(BadOption { option, why });
        if let Err(why) = Name::new(&self.name) {
            flaw("name", format!("{:?}: {why}", self.name));
        }
        if self.ports.first < 1_024 || self.ports.last < self.ports.first {
            flaw("ports", format!("{} is empty or begins below 1024", self.ports));
        }
        for path in self.executables.iter().filter(|path| !path.is_absolute()) {
            flaw("executables", format!("{} is not an absolute path", path.display()));
        }
        for (option, number, least) in [("most", self.most, 1), ("at_once", self.at_once, 0)] {
            if !(least..=100_000).contains(&number) {
                flaw(option, format!("{number} is not from {least} to 100000"));
            }
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_and_print_back() {
        let text = "name = \"b\"\nports = \"3000-3001\"\nexecutables = [\"/bin/sh\"]\nmost = 5\nat_once = 2\n";
        let options: Options = toml::from_str(text).unwrap();
        assert_eq!(options.ports, Ports { first: 3_000, last: 3_001 });
        assert_eq!(toml::to_string(&options).unwrap(), text);
        assert!(options.flaws().is_empty());
        assert!(Options::default().flaws().is_empty());
        assert!(toml::from_str::<Options>("port = 3").is_err(), "unknown keys are errors");
        assert!(toml::from_str::<Options>("ports = \"a-b\"").is_err());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let options = Options {
            name: "B".into(),
            ports: Ports { first: 9, last: 8 },
            executables: vec!["sh".into()],
            most: 0,
            at_once: 100_001,
            ..Options::default()
        };
        let told: Vec<_> = options.flaws().iter().map(|f| f.option).collect();
        assert_eq!(told, ["name", "ports", "executables", "most", "at_once"]);
    }
}
