//! What the operator decides about one listener.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strowger_primitive::BadOption;

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Its name in logs and records.
    pub name: String,
    /// What is spoken on it: the word of a door, `http` or `mml`.
    pub protocol: String,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// What one peer, and all of them, may take.
    pub limits: Limits,
    /// TLS; left out: in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// What one peer, and all of them, may take. Times are in seconds, sizes in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one source: an IPv4 address or an IPv6 /64. Those of this machine are not counted.
    pub per_source: usize,
    /// A TLS handshake takes at most so long.
    pub handshake: u64,
    /// A connection that a machine serves is closed when nothing passed on it for so long and nothing is asked.
    pub idle: u64,
    /// A peer that does not take what waits for it is given up after so long.
    pub stall: u64,
    /// After the word to stop, connections have so long to end.
    pub drain: u64,
    /// Octets of a peer that its machine has not taken yet.
    pub unread: usize,
    /// Nothing more is read or answered while so many octets wait to be sent.
    pub unsent: usize,
}

/// TLS of one listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Whether to make a key and a certificate signed with it where there are none.
    pub self_signed: bool,
    /// The names and addresses in a certificate made here.
    pub names: Vec<String>,
    /// The files are looked at again after so many seconds; a changed pair is taken for new connections.
    pub reload: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "http".to_owned(),
            protocol: "http".to_owned(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            limits: Limits::default(),
            tls: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            per_source: 1_024,
            handshake: 10,
            idle: 3_600,
            stall: 30,
            drain: 10,
            unread: 64 * 1_024,
            unsent: 256 * 1_024,
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            self_signed: false,
            names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            reload: 10,
        }
    }
}

impl Options {
    /// All that is wrong with them, without looking at the machine.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let mut flaw = |option, why: String| flaws.push(BadOption { option, why });
        if self.name.is_empty() || self.name.len() > 64 {
            flaw("name", "must be 1 to 64 octets".to_owned());
        }
        if self.protocol.is_empty() {
            flaw("protocol", "must be the word of a door".to_owned());
        }
        let Limits { connections, per_source, handshake, idle, stall, drain, unread, unsent } = self.limits;
        let mut within = |option, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                flaw(option, format!("{value} is not from {least} to {most}"));
            }
        };
        let size = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        within("limits.connections", size(connections), 1, 1_000_000);
        within("limits.per_source", size(per_source), 1, 1_000_000);
        within("limits.handshake", handshake, 1, 600);
        within("limits.idle", idle, 1, 31_536_000);
        within("limits.stall", stall, 1, 3_600);
        within("limits.drain", drain, 0, 3_600);
        within("limits.unread", size(unread), 4_096, 16 << 20);
        within("limits.unsent", size(unsent), 4_096, 256 << 20);
        let Some(tls) = &self.tls else { return flaws };
        within("tls.reload", tls.reload, 1, 31_536_000);
        for (option, path) in [("tls.certificate", &tls.certificate), ("tls.key", &tls.key)] {
            if path.as_os_str().is_empty() {
                flaw(option, "must name a PEM file".to_owned());
            }
        }
        if tls.self_signed && tls.names.is_empty() {
            flaw("tls.names", "must hold a name: a certificate is made for it".to_owned());
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_and_print_back() {
        let options = Options { tls: Some(Tls::default()), ..Options::default() };
        let text = toml::to_string(&options).unwrap();
        assert_eq!(toml::from_str::<Options>(&text).unwrap(), options);
        assert_eq!(toml::from_str::<Options>("[limits]\nidle = 5\n").unwrap().limits.idle, 5);
        assert!(toml::from_str::<Options>("port = 5").is_err(), "unknown keys are errors");
        assert!(Options::default().flaws().is_empty());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let limits = Limits { connections: 0, unread: 1, ..Limits::default() };
        let tls = Tls { self_signed: true, names: Vec::new(), key: "k".into(), ..Tls::default() };
        let options = Options { name: String::new(), limits, tls: Some(tls), ..Options::default() };
        let told: Vec<_> = options.flaws().iter().map(|f| f.option).collect();
        assert_eq!(told, ["name", "limits.connections", "limits.unread", "tls.certificate", "tls.names"]);
    }
}
