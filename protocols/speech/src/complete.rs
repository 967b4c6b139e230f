//! Completion: what may stand where the cursor is.

use strowger_primitive::{FieldDecl, Schema, Type, same_word, upper};

use crate::form::{Form, Role, kind_named, verbs};
use crate::split::Splitter;
use crate::token::{Lexeme, Token, tokens};

/// A word that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where the word that it replaces begins, in octets; it ends at the cursor.
    pub from: usize,
    /// The word, with what must follow it.
    pub text: String,
    /// What it means.
    pub doc: String,
}

/// The words that may stand at octet `at` of `text`, in the order of the declarations.
///
/// ```
/// let line = "LST ORDER: STATE=comp";
/// let found = strowger_speech::complete(&strowger_kinds::all(), line, line.len());
/// assert_eq!(found.first().map(|c| (c.from, c.text.as_str())), Some((17, "COMPLETED")));
/// ```
#[must_use]
pub fn complete(schema: &Schema, text: &str, at: usize) -> Vec<Candidate> {
    let before = text.get(..at).unwrap_or(text);
    let mut splitter = Splitter::default();
    let start = before.bytes().enumerate().filter(|(_, octet)| splitter.ends(*octet)).last().map_or(0, |(i, _)| i + 1);
    let command = before.get(start..).unwrap_or_default();
    let mut said: Vec<Token<'_>> = tokens(command).collect();
    if said.iter().any(|t| matches!(t.lexeme, Lexeme::OpenString | Lexeme::OpenComment)) {
        return Vec::new();
    }
    let word = said.pop_if(|t| t.lexeme == Lexeme::Word && t.end() == command.len());
    let (from, typed) = word.map_or((command.len(), ""), |t| (t.at, t.text));
    let mut found = Found { from: start + from, typed, candidates: Vec::new() };
    found.offer(schema, &said);
    found.candidates
}

struct Found<'a> {
    from: usize,
    typed: &'a str,
    candidates: Vec<Candidate>,
}

impl Found<'_> {
    fn add(&mut self, word: &str, behind: &str, doc: &str) {
        let plain = |s: &str| s.replace(['-', '_'], "").to_ascii_uppercase();
        if plain(word).starts_with(&plain(self.typed)) {
            self.candidates.push(Candidate { from: self.from, text: format!("{word}{behind}"), doc: doc.to_owned() });
        }
    }

    fn offer(&mut self, schema: &Schema, said: &[Token<'_>]) {
        let words: Vec<&str> = said.iter().take_while(|t| t.lexeme == Lexeme::Word).map(|t| t.text).collect();
        let helping = words.first().is_some_and(|w| same_word(w, "hlp") || same_word(w, "help"));
        match (said.len(), words.as_slice()) {
            (0, _) => self.verbs(schema, " "),
            (1, [_]) if helping => {
                self.verbs(schema, " ");
                for kind in schema.kinds() {
                    self.add(&upper(kind.name), ";", kind.doc);
                }
            }
            (2, [_, verb]) if helping => self.objects(schema, verb, ";"),
            (1, [verb]) => self.objects(schema, verb, ": "),
            (_, [verb, rest @ ..]) if !helping => {
                if let Ok(form) = Form::find(schema, verb, rest.first().copied()) {
                    self.parameters(form, said);
                }
            }
            _ => {}
        }
    }

    fn verbs(&mut self, schema: &Schema, behind: &str) {
        let alone: Vec<Form> = Form::all(schema).filter(|f| f.object_word().is_none()).collect();
        for (word, doc) in verbs(schema) {
            let behind = match word.as_str() {
                "LGI" => ": ",
                _ if alone.iter().any(|f| f.verb() == word) => ":;",
                _ => behind,
            };
            self.add(&word, behind, doc);
        }
    }

    fn objects(&mut self, schema: &Schema, verb: &str, behind: &str) {
        for form in Form::all(schema).filter(|f| f.has_verb(verb)) {
            if let Some(object) = form.object() {
                let doc = kind_named(schema, &object).map_or_else(|| form.doc(), |k| k.doc);
                self.add(&object, behind, doc);
            }
        }
    }

    fn parameters(&mut self, form: Form, said: &[Token<'_>]) {
        let place = Place::of(said);
        let parameters = form.parameters();
        let named = |name: &str| Form::parameter(&parameters, name).and_then(|i| parameters.get(i));
        let outer = place.path.first().and_then(|name| named(name));
        match (place.path.as_slice(), outer, place.value) {
            ([], _, _) => {
                for p in parameters.iter().filter(|p| !place.said.iter().any(|s| same_word(s, p.decl.name))) {
                    self.add(&upper(p.decl.name), "=", p.decl.doc);
                }
            }
            ([_], Some(p), true) if matches!(p.role, Role::Sort | Role::Fields) => {
                let Some(kind) = form.kind() else { return };
                let fits = |f: &FieldDecl| if p.role == Role::Sort { kind.sorts_by(f) } else { f.readable() };
                for field in kind.fields().filter(|f| fits(f)) {
                    self.add(&upper(field.name), "", field.doc);
                }
            }
            ([_], Some(p), true) => self.values(p.decl),
            ([_, inner @ ..], Some(p), value) => {
                let Type::Rows { of, .. } = p.decl.ty else { return };
                match inner.first().filter(|_| value) {
                    Some(name) => {
                        if let Some(sub) = of.iter().find(|f| same_word(name, f.name)) {
                            self.values(sub);
                        }
                    }
                    None => {
                        for sub in of.iter().filter(|f| !place.said.iter().any(|s| same_word(s, f.name))) {
                            self.add(&upper(sub.name), "=", sub.doc);
                        }
                    }
                }
            }
            ([_, ..], None, _) => {}
        }
    }

    fn values(&mut self, field: &FieldDecl) {
        let ty = if let Type::List { of, .. } = field.ty { *of } else { field.ty };
        if let Type::Enum(decl) = ty {
            for value in decl.values {
                self.add(&upper(value.name), "", value.doc);
            }
        }
        if matches!(ty, Type::Bool) {
            self.add("TRUE", "", "");
            self.add("FALSE", "", "");
        }
        if matches!(ty, Type::Rows { .. }) {
            self.add("{NO=", "", "A record.");
        }
    }
}

/// Where the cursor is among parameters and records.
#[derive(Default)]
struct Place<'a> {
    /// Names of the parameter, and of the subfield within a record of it.
    path: Vec<&'a str>,
    /// Behind `=`, `&`: a value is due; else a name.
    value: bool,
    /// Names said at this level.
    said: Vec<&'a str>,
}

impl<'a> Place<'a> {
    fn of(tokens: &[Token<'a>]) -> Self {
        let mut place = Self::default();
        let mut outer: Vec<Vec<&'a str>> = Vec::new();
        let mut last: Option<&'a str> = None;
        for token in tokens {
            match token.lexeme {
                Lexeme::Word => last = Some(token.text),
                Lexeme::Equals => {
                    place.path.truncate(outer.len());
                    if let Some(name) = last.take() {
                        place.path.push(name);
                        place.said.push(name);
                    }
                    place.value = true;
                }
                Lexeme::Comma => {
                    place.path.truncate(outer.len());
                    place.value = false;
                }
                Lexeme::Open => {
                    outer.push(std::mem::take(&mut place.said));
                    place.value = false;
                }
                Lexeme::Shut => {
                    place.said = outer.pop().unwrap_or_default();
                    place.path.truncate(outer.len() + 1);
                    place.value = false;
                }
                Lexeme::And | Lexeme::To => place.value = true,
                Lexeme::Colon
                | Lexeme::Quoted
                | Lexeme::End
                | Lexeme::Ask
                | Lexeme::Stray
                | Lexeme::OpenString
                | Lexeme::OpenComment => {}
            }
        }
        place
    }
}
