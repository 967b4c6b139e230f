//! What fuzzers call: any octets through everything that reads text, and what must hold behind it.

use strowger_primitive::{Document, Fault, Operation, Rows, Schema, Type, Value};

use crate::mask::is_secret;
use crate::syntax::{Named, Said, Sentence, read};
use crate::token::{Lexeme, tokens, unquote};
use crate::{Act, LONGEST, commands, complete, help, mask, parse, print_create};

/// Longest echo, in octets: each of its characters may be written as an escape.
const ECHO: usize = 8_192;
/// Longest help and most of what completion offers, in octets.
const HELP: usize = 65_536;
/// Longest place or reason of a flaw, in octets.
const FLAW: usize = 1_024;

/// Reads `octets` as text, whole and command by command.
///
/// # Panics
/// Where a secret is repeated, a document is not made again by its own command, or an answer has no bounds.
pub fn text(schema: &Schema, octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let whole: usize = commands(&text).map(str::len).sum();
    assert!(whole <= text.len() && text.split_at(whole).1.trim().is_empty(), "commands are lost");
    let only = commands(&text).next().is_none_or(|first| first == text);
    for command in commands(&text).chain((!only).then_some(&*text)) {
        let hidden = hidden(schema, command);
        let echo = mask(schema, command);
        assert!(echo.len() <= ECHO && !echo.contains(char::is_control), "{echo:?}");
        assert!(!hidden.iter().any(|secret| echo.contains(secret)), "{echo}");
        match parse(schema, command) {
            Ok(understood) => act(schema, understood.act),
            Err(bad) => told(&bad.into_fault(), &hidden),
        }
    }
    let words: Vec<&str> = text.split_whitespace().take(4).collect();
    let _any_words = help(schema, &words);
    for at in [text.len() / 2, text.len()] {
        completed(schema, &text, at);
    }
}

/// What must not be repeated of a command: runs of letters and digits in what is said of a parameter that holds a
/// secret, and in the strings of a command that breaks the grammar. Only those are told that stand there once and have
/// letters and digits, so that no other word is like them.
#[must_use]
pub fn hidden(schema: &Schema, command: &str) -> Vec<String> {
    let mut said = Vec::new();
    match read(command) {
        Ok(Sentence::Say(spoken)) => spoken.parameters.iter().for_each(|named| of_secrets(schema, named, &mut said)),
        Ok(Sentence::Help(_)) | Err(_) => {
            let strings = tokens(command).filter(|t| matches!(t.lexeme, Lexeme::Quoted | Lexeme::OpenString));
            said.extend(strings.map(|t| unquote(t.text).unwrap_or_else(|_| t.text.to_owned())));
        }
    }
    let runs = said.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let letters = |run: &str| run.bytes().filter(u8::is_ascii_alphabetic).count();
    let telling = runs.filter(|run| run.len() >= 6 && letters(run) >= 3 && letters(run) < run.len());
    telling.filter(|run| command.matches(run).count() <= 1).map(str::to_owned).collect()
}

fn of_secrets(schema: &Schema, named: &Named<'_>, out: &mut Vec<String>) {
    fn all(said: &Said<'_>, out: &mut Vec<String>) {
        match said {
            Said::Null => {}
            Said::Word(word) => out.push((*word).to_owned()),
            Said::Quoted(text) => out.push(text.clone()),
            Said::Range(from, to) => out.extend([(*from).to_owned(), (*to).to_owned()]),
            Said::Set(parts) => parts.iter().for_each(|part| all(part, out)),
            Said::Record(named) => named.iter().for_each(|named| all(&named.said, out)),
        }
    }
    if is_secret(schema, named.name) {
        return all(&named.said, out);
    }
    let parts = if let Said::Set(parts) = &named.said { parts } else { std::slice::from_ref(&named.said) };
    for part in parts {
        if let Said::Record(inner) = part {
            inner.iter().for_each(|named| of_secrets(schema, named, out));
        }
    }
}

fn act(schema: &Schema, act: Act) {
    match act {
        Act::Ask(Operation::Create(document)) => made_again(schema, document),
        Act::Help(text) => {
            assert!(text.len() <= HELP && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        }
        Act::Ask(_) | Act::LogIn(_) | Act::LogOut | Act::UseTenant(_) | Act::Stop => {}
    }
}

/// The command that is printed of a document makes it again, but for secrets and what only the gateway sets.
fn made_again(schema: &Schema, mut document: Document) {
    let printed = print_create(&document);
    if printed.len() > LONGEST {
        return;
    }
    let secret = document.kind.fields().any(|field| field.required && !field.readable());
    for field in document.kind.fields() {
        if !field.readable() {
            drop(document.fields.remove(field.number));
        }
        if let (Type::Rows { of, .. }, Some(Value::Rows(rows))) = (field.ty, document.fields.get_mut(field.number)) {
            let gateways = of.iter().filter(|sub| !sub.creatable());
            gateways.for_each(|sub| without(rows, sub.number));
        }
    }
    match parse(schema, &printed).map(|again| again.act) {
        Ok(Act::Ask(Operation::Create(again))) => assert_eq!(again, document, "{printed}"),
        other => assert!(secret && other.is_err(), "{printed}: {other:?}"),
    }
}

fn without(rows: &mut Rows, number: u16) {
    rows.values_mut().for_each(|row| drop(row.remove(number)));
}

fn told(fault: &Fault, hidden: &[String]) {
    let said = format!("{} {:?}", fault.public, fault.at);
    assert!(!hidden.iter().any(|secret| said.contains(secret)), "{said}");
    assert!(fault.public.len() <= FLAW && fault.at.len() <= 64, "{said}");
    for flaw in &fault.at {
        let place = format!("{:?}", flaw.place);
        assert!(place.len() <= FLAW && flaw.why.len() <= FLAW, "{place}: {}", flaw.why);
    }
}

fn completed(schema: &Schema, text: &str, at: usize) {
    let found = complete(schema, text, at);
    let octets: usize = found.iter().map(|c| c.text.len() + c.doc.len()).sum();
    assert!(octets <= HELP, "{octets} octets are offered");
    for candidate in found {
        assert!(text.is_char_boundary(candidate.from) && !candidate.text.is_empty(), "{candidate:?}");
    }
}
