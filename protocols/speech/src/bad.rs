//! What is wrong with a command.

use strowger_primitive::{Fault, FaultKind, FieldDecl, Flaw};

/// Why a text is no command. None of the texts repeats a value: it may be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Bad {
    /// White space and comments alone.
    #[error("there is no command")]
    Empty,
    /// Longer than [`LONGEST`](crate::LONGEST).
    #[error("a command is at most {} octets; send less at once", crate::LONGEST)]
    TooLong,
    /// It does not follow the grammar.
    #[error("syntax error at line {line}, column {column}: {why}")]
    Syntax {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is there and what is expected.
        why: String,
    },
    /// No kind has that verb.
    #[error("{0}")]
    UnknownCommand(String),
    /// There is no such kind.
    #[error("{0}")]
    UnknownKind(String),
    /// The kind never allows that verb.
    #[error("{0}")]
    NotAllowed(String),
    /// Parameters are unknown, missing, said twice or of another type: all of them.
    #[error("{} of the parameters {} wrong", flaws.len(), if flaws.len() == 1 { "is" } else { "are" })]
    Fields {
        /// The declarations that the flaws' places speak of.
        declared: &'static [&'static [FieldDecl]],
        /// Every offending parameter.
        flaws: Vec<Flaw>,
    },
}

impl Bad {
    /// The declarations that the places of its flaws speak of.
    #[must_use]
    pub fn declared(&self) -> &'static [&'static [FieldDecl]] {
        if let Self::Fields { declared, .. } = self { declared } else { &[] }
    }

    /// As the fault every door knows.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        let text = self.to_string();
        match self {
            Self::Empty | Self::Syntax { .. } => Fault::new(FaultKind::Malformed, "syntax-error", text),
            Self::TooLong => Fault::new(FaultKind::TooLarge, "command-too-long", text),
            Self::UnknownCommand(_) => Fault::new(FaultKind::Malformed, "unknown-command", text),
            Self::UnknownKind(_) => Fault::new(FaultKind::Malformed, "unknown-kind", text),
            Self::NotAllowed(_) => Fault::new(FaultKind::NotAllowed, "verb-not-allowed", text),
            Self::Fields { flaws, .. } => Fault::flaws(flaws),
        }
    }
}
