//! What the operator decides about MML.

use serde::{Deserialize, Serialize};
use strowger_primitive::BadOption;

/// Options of all MML sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Who reports, as the first line of each report says; empty: the gateway's node name.
    pub node: String,
    /// Shown to whoever connects; empty: nothing.
    pub banner: String,
    /// Shown when a command may be typed; empty: nothing, which suits programs.
    pub prompt: String,
    /// A session is closed when no command was given for so many seconds.
    pub idle: u32,
    /// A connection on which nobody logs in is closed after so many seconds.
    pub log_in: u32,
    /// Wrong passwords on one connection until it is closed.
    pub tries: u32,
    /// Lines of one report; what is longer is split into several.
    pub lines: u32,
    /// A command is answered within so many seconds, and what its WAIT says.
    pub answer: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: String::new(),
            banner: String::new(),
            prompt: String::new(),
            idle: 600,
            log_in: 60,
            tries: 3,
            lines: 200,
            answer: 30,
        }
    }
}

impl Options {
    /// All that is wrong with them.
    #[must_use]
    pub fn flaws(&self) -> Vec<BadOption> {
        let mut flaws = Vec::new();
        let texts = [("node", &self.node, 64), ("banner", &self.banner, 4_096), ("prompt", &self.prompt, 64)];
        for (option, text, most) in texts {
            let line_ends = option == "banner";
            if text.len() > most || text.chars().any(|c| c.is_control() && !(line_ends && c == '\n')) {
                let why = format!("must be at most {most} octets without control characters");
                flaws.push(BadOption { option, why });
            }
        }
        let numbers = [
            ("idle", self.idle, 1, 31_536_000),
            ("log_in", self.log_in, 1, 3_600),
            ("tries", self.tries, 1, 100),
            ("lines", self.lines, 10, 100_000),
            ("answer", self.answer, 1, 3_600),
        ];
        for (option, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                flaws.push(BadOption { option, why: format!("{value} is not from {least} to {most}") });
            }
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told_at_once() {
        assert_eq!(Options::default().flaws(), []);
        let bad =
            Options { node: "a\nb".to_owned(), banner: "a\nb".to_owned(), idle: 0, lines: 1, ..Options::default() };
        assert_eq!(bad.flaws().iter().map(|f| f.option).collect::<Vec<_>>(), ["node", "idle", "lines"]);
    }
}
