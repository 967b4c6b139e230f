//! What the operator decides about security.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strowger_primitive::{BadOption, Name, OPERATOR};

/// Options of security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The tenant of a principal that is named without one.
    pub default_tenant: String,
    /// The realm peers are told (RFC 7617 §2, RFC 7616 §3.3). Changing it makes digest verifiers useless until each
    /// credential is set anew; likewise the two below.
    pub realm: String,
    /// Further realms digest verifiers are made for; `{tenant}` stands for the tenant's name.
    pub realms: Vec<String>,
    /// The SNMP engine keys are localised for (RFC 3411 §5), 5 to 32 octets in hexadecimal. Two gateways of one
    /// network need two.
    pub engine_id: String,
    /// Whether secrets may be shown and set over a transport that others can read.
    pub allow_plain: bool,
    /// Where the operator's first secret is read from; left out: one is made and told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_secret_file: Option<PathBuf>,
    /// The file of the master keys, readable by the gateway alone; made where it is not there. The configuration that
    /// leaves it out means a file beside the store. The environment variable `STROWGER_MASTER_KEY` goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key_file: Option<PathBuf>,
    /// How long a proven password is remembered, in seconds, at most 60; 0: it is verified each time.
    pub remember: u32,
    /// Most proven passwords remembered.
    pub remembered: usize,
    /// Most decisions kept.
    pub decisions: usize,
    /// What happens after wrong passwords.
    pub lock_out: LockOut,
    /// The cost of a password.
    pub argon2: Cost,
    /// Iterations of SCRAM (RFC 7677 §4: at least 4096).
    pub scram_iterations: u32,
}

/// What happens after wrong passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockOut {
    /// Wrong passwords of one principal until it is locked.
    pub failures: u32,
    /// Wrong passwords from one address until it is locked. More than of one principal: many sit behind one address.
    pub source_failures: u32,
    /// A failure is forgotten so many seconds after the last one.
    pub window: u32,
    /// The first lock, in seconds; each further failure doubles it.
    pub first: u32,
    /// The longest lock, in seconds.
    pub longest: u32,
    /// Most principals and most addresses watched.
    pub watched: usize,
}

/// The cost of argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_tenant: OPERATOR.to_owned(),
            realm: "strowger".to_owned(),
            realms: vec!["{tenant}".to_owned()],
            // Enterprise 32473 (RFC 5612), format 4: the text "strowger".
            engine_id: "80007ed9047374726f77676572".to_owned(),
            allow_plain: false,
            operator_secret_file: None,
            master_key_file: None,
            remember: 60,
            remembered: 10_000,
            decisions: 50_000,
            lock_out: LockOut::default(),
            argon2: Cost::default(),
            scram_iterations: 10_000,
        }
    }
}

impl Default for LockOut {
    fn default() -> Self {
        Self { failures: 5, source_failures: 50, window: 900, first: 10, longest: 900, watched: 10_000 }
    }
}

impl Default for Cost {
    /// The OWASP password storage cheat sheet's: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory: 19_456, passes: 2, lanes: 1 }
    }
}

impl Options {
    /// All that is wrong with them, without looking at the machine.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let mut flaw = |option, why: String| flaws.push(BadOption { option, why });
        if let Err(why) = Name::new(&self.default_tenant) {
            flaw("default_tenant", format!("{:?}: {why}", self.default_tenant));
        }
        for (option, realm) in
            [("realm", &self.realm)].into_iter().chain(self.realms.iter().map(|realm| ("realms", realm)))
        {
            let plain = |c: char| c.is_control() || matches!(c, '"' | '\\' | ':');
            if realm.is_empty() || realm.len() > 128 || realm.contains(plain) {
                flaw(option, format!("{realm:?} is not 1 to 128 octets without quotes, colons and control characters"));
            }
        }
        if self.realms.len() > 8 {
            flaw("realms", format!("{} are more than 8", self.realms.len()));
        }
        if self.engine().is_none() {
            flaw("engine_id", format!("{:?} is not 5 to 32 octets in hexadecimal", self.engine_id));
        }
        if self.remember > 60 {
            flaw("remember", format!("{} is more than 60 s", self.remember));
        }
        for (option, most) in [
            ("remembered", self.remembered),
            ("decisions", self.decisions),
            ("lock_out.watched", self.lock_out.watched),
        ] {
            if !(16..=10_000_000).contains(&most) {
                flaw(option, format!("{most} is not from 16 to 10000000"));
            }
        }
        let lock = &self.lock_out;
        if lock.failures == 0 || lock.source_failures == 0 {
            flaw("lock_out.failures", "0 would lock everybody out".to_owned());
        }
        if lock.first == 0 || lock.longest < lock.first || lock.longest > 86_400 {
            flaw("lock_out.first", format!("{} to {} s is not a range within a day", lock.first, lock.longest));
        }
        if let Err(why) = self.argon2.params() {
            flaw("argon2", why.to_string());
        } else if self.argon2.memory > 1_048_576 || self.argon2.passes > 64 {
            flaw("argon2", "more than 1 GiB or 64 passes for each log-in".to_owned());
        }
        if !(4_096..=1_000_000).contains(&self.scram_iterations) {
            flaw("scram_iterations", format!("{} is not from 4096 to 1000000", self.scram_iterations));
        }
        flaws
    }

    /// The SNMP engine's octets.
    pub(crate) fn engine(&self) -> Option<Vec<u8>> {
        let engine = crate::hex::read(&self.engine_id)?;
        (5..=32).contains(&engine.len()).then_some(engine)
    }

    /// The realms digest verifiers of `tenant` are made for.
    pub(crate) fn realms_of(&self, tenant: &Name) -> Vec<String> {
        let further = self.realms.iter().map(|realm| realm.replace("{tenant}", tenant.as_str()));
        let mut realms: Vec<String> = std::iter::once(self.realm.clone()).chain(further).collect();
        realms.sort();
        realms.dedup();
        realms
    }
}

impl Cost {
    /// The parameters as the library takes them.
    pub(crate) fn params(&self) -> Result<argon2::Params, argon2::Error> {
        argon2::Params::new(self.memory, self.passes, self.lanes, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_and_print_back() {
        let plain = Options::default();
        assert_eq!(plain.flaws(), []);
        assert_eq!(toml::from_str::<Options>(&toml::to_string(&plain).unwrap()).unwrap(), plain);
        assert_eq!(toml::from_str::<Options>("").unwrap(), plain);
        assert!(toml::from_str::<Options>("remember_me = 3").is_err(), "unknown keys are errors");
        assert_eq!(plain.engine().unwrap(), b"\x80\x00\x7e\xd9\x04strowger");
        let acme = Name::new("acme").unwrap();
        assert_eq!(plain.realms_of(&acme), ["acme", "strowger"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let options = Options {
            default_tenant: "No".into(),
            realm: "a\"b".into(),
            realms: vec![String::new()],
            engine_id: "80".into(),
            remember: 61,
            decisions: 0,
            lock_out: LockOut { failures: 0, first: 0, ..LockOut::default() },
            argon2: Cost { memory: 1, ..Cost::default() },
            scram_iterations: 1,
            ..Options::default()
        };
        let told: Vec<_> = options.flaws().iter().map(|f| f.option).collect();
        assert_eq!(
            told,
            [
                "default_tenant",
                "realm",
                "realms",
                "engine_id",
                "remember",
                "decisions",
                "lock_out.failures",
                "lock_out.first",
                "argon2",
                "scram_iterations"
            ]
        );
    }
}
