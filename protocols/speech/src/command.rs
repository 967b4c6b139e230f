//! Commands: a sentence that the schema understands.

use std::time::Duration;

use strowger_primitive::{FieldDecl, Key, Name, Operation, Revision, Schema, Secret, Text};

use crate::form::Form;
use crate::help::help;
use crate::reading::Reading;
use crate::syntax::{Sentence, Spoken, read};
use crate::{Bad, LONGEST};

/// What was typed, understood.
#[derive(Debug)]
pub struct Command {
    /// What is to be done.
    pub act: Act,
    /// The tenant spoken of, where the command says.
    pub tenant: Option<Name>,
    /// How long the caller would wait for the work itself.
    pub wait: Duration,
    /// What makes a repeated command the same one.
    pub key: Option<Key>,
    /// The caller holds this revision already.
    pub unlike: Option<Revision>,
    /// The fields to be shown; empty: the usual ones.
    pub fields: Vec<&'static FieldDecl>,
    /// A list is wanted to its end, page by page.
    pub whole: bool,
    /// The declarations that places in a fault of this command speak of.
    pub declared: &'static [&'static [FieldDecl]],
}

/// What is to be done.
#[derive(Debug)]
pub enum Act {
    /// Ask the gateway.
    Ask(Operation),
    /// Prove who is speaking.
    LogIn(LogIn),
    /// Forget who is speaking and close.
    LogOut,
    /// Speak of that tenant from now on; `None`: of one's own.
    UseTenant(Option<Name>),
    /// Show this text.
    Help(String),
    /// Stop the command that is being performed.
    Stop,
}

/// Who is speaking, as said.
#[derive(Debug)]
pub struct LogIn {
    /// As `alice` or `alice@acme`.
    pub principal: Text,
    /// The password.
    pub secret: Secret,
}

/// Reads one command, with or without its end.
///
/// # Errors
/// [`Bad`]: where it breaks the grammar, or every offending parameter.
pub fn parse(schema: &Schema, text: &str) -> Result<Command, Bad> {
    if text.len() > LONGEST {
        return Err(Bad::TooLong);
    }
    match read(text)? {
        Sentence::Help(words) => Ok(Command::new(Act::Help(help(schema, &words)))),
        Sentence::Say(Spoken { verb, object, parameters }) => {
            let form = Form::find(schema, verb, object)?;
            Reading::default().all(schema, form, &parameters)?.command(form)
        }
    }
}

impl Command {
    fn new(act: Act) -> Self {
        Self {
            act,
            tenant: None,
            wait: Duration::ZERO,
            key: None,
            unlike: None,
            fields: Vec::new(),
            whole: false,
            declared: &[],
        }
    }
}

#[cfg(test)]
mod tests;
