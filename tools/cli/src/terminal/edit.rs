//! Line editing: what completes a word, and when a command is whole.

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};
use strowger_primitive::Schema;
use strowger_speech::Splitter;

/// What the editor asks while somebody types.
pub(super) struct Edit<'a> {
    schema: &'a Schema,
}

impl<'a> Edit<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema }
    }
}

impl Completer for Edit<'_> {
    type Candidate = Pair;

    fn complete(&self, text: &str, at: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let found = strowger_speech::complete(self.schema, text, at);
        let from = found.first().map_or(at, |candidate| candidate.from);
        let pair =
            |c: strowger_speech::Candidate| Pair { display: format!("{}  {}", c.text, c.doc), replacement: c.text };
        Ok((from, found.into_iter().map(pair).collect()))
    }
}

impl Validator for Edit<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let whole = whole(context.input());
        Ok(if whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Edit<'_> {
    type Hint = String;
}

impl Highlighter for Edit<'_> {}

impl Helper for Edit<'_> {}

/// Whether nothing is begun and not ended.
fn whole(text: &str) -> bool {
    let mut splitter = Splitter::default();
    for octet in text.bytes() {
        splitter.ends(octet);
    }
    !splitter.within()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_goes_on_until_its_semicolon() {
        assert!(whole("") && whole("LST ORDER:;") && whole("LST ORDER?"));
        assert!(!whole("ADD ORDER: NAME=\"a;b\",") && !whole("LST ORDER:; LST"));
    }
}
