//! Tokens to a sentence: verb, object and parameters, before anybody looks at the schema.

use crate::Bad;
use crate::token::{Lexeme, Token, tokens, unquote};

/// Records in records: our types need one level; the rest is headroom.
const DEEPEST: usize = 8;

/// A sentence that follows the grammar.
#[derive(Debug)]
pub(crate) enum Sentence<'a> {
    /// `HLP words;` or `words ?`
    Help(Vec<&'a str>),
    /// `VERB OBJECT: NAME=value, ...;`
    Say(Spoken<'a>),
}

/// A verb, what it is about, and how.
#[derive(Debug)]
pub(crate) struct Spoken<'a> {
    pub(crate) verb: &'a str,
    pub(crate) object: Option<&'a str>,
    pub(crate) parameters: Vec<Named<'a>>,
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) said: Said<'a>,
}

/// A value as it was said.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    /// `NULL`
    Null,
    /// A bare word.
    Word(&'a str),
    /// A string, unquoted.
    Quoted(String),
    /// `a&b`: at least two.
    Set(Vec<Said<'a>>),
    /// `a&&b`
    Range(&'a str, &'a str),
    /// `{A=1,B=2}`
    Record(Vec<Named<'a>>),
}

/// Reads one command, with or without its `;`.
///
/// # Errors
/// The first place that breaks the grammar.
pub(crate) fn read(text: &str) -> Result<Sentence<'_>, Bad> {
    let tokens: Vec<Token<'_>> = tokens(text).collect();
    let mut parser = Parser { text, tokens: &tokens, next: 0 };
    let Some(first) = parser.peek().filter(|t| t.lexeme != Lexeme::End) else { return Err(Bad::Empty) };
    let help = first.lexeme == Lexeme::Word && ["HLP", "HELP"].iter().any(|w| first.text.eq_ignore_ascii_case(w));
    if help {
        parser.next += 1;
        return parser.help();
    }
    if tokens.last().is_some_and(|t| t.lexeme == Lexeme::Ask) {
        return Ok(Sentence::Help(
            tokens.iter().take_while(|t| t.lexeme == Lexeme::Word).map(|t| t.text).take(3).collect(),
        ));
    }
    parser.spoken().map(Sentence::Say)
}

struct Parser<'t, 'a> {
    text: &'a str,
    tokens: &'t [Token<'a>],
    next: usize,
}

impl<'a> Parser<'_, 'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).copied()
    }

    fn behind(&self) -> Option<Lexeme> {
        self.tokens.get(self.next + 1).map(|t| t.lexeme)
    }

    fn take(&mut self, lexeme: Lexeme) -> Option<Token<'a>> {
        let token = self.peek().filter(|t| t.lexeme == lexeme)?;
        self.next += 1;
        Some(token)
    }

    fn help(&mut self) -> Result<Sentence<'a>, Bad> {
        let mut words = Vec::new();
        while let Some(token) = self.peek() {
            match token.lexeme {
                Lexeme::Word if words.len() < 3 => words.push(token.text),
                Lexeme::Colon | Lexeme::Ask => {}
                Lexeme::End => return self.end().map(|()| Sentence::Help(words)),
                Lexeme::Word
                | Lexeme::Quoted
                | Lexeme::Open
                | Lexeme::Shut
                | Lexeme::Comma
                | Lexeme::Equals
                | Lexeme::And
                | Lexeme::To
                | Lexeme::Stray
                | Lexeme::OpenString
                | Lexeme::OpenComment => return Err(self.wrong("a verb and a kind", Some(token.lexeme))),
            }
            self.next += 1;
        }
        Ok(Sentence::Help(words))
    }

    fn spoken(&mut self) -> Result<Spoken<'a>, Bad> {
        let Some(verb) = self.take(Lexeme::Word) else {
            return Err(self.wrong("a verb, as in LST ORDER:;", self.peek().map(|t| t.lexeme)));
        };
        let object = match self.peek() {
            Some(t) if t.lexeme == Lexeme::Word && self.behind() != Some(Lexeme::Equals) => {
                self.next += 1;
                Some(t.text)
            }
            Some(_) | None => None,
        };
        let colon = self.take(Lexeme::Colon).is_some();
        let mut parameters = Vec::new();
        match self.peek().map(|t| t.lexeme) {
            None | Some(Lexeme::End) => {}
            Some(Lexeme::Word) => parameters = self.parameters(0)?,
            other if colon => return Err(self.wrong("NAME=value", other)),
            other => return Err(self.wrong("':' and parameters", other)),
        }
        self.end()?;
        Ok(Spoken { verb: verb.text, object, parameters })
    }

    /// Nothing may follow but `;`.
    fn end(&mut self) -> Result<(), Bad> {
        let _optional = self.take(Lexeme::End);
        match self.peek() {
            None => Ok(()),
            Some(t) => Err(self.wrong("',' or ';'", Some(t.lexeme))),
        }
    }

    fn parameters(&mut self, depth: usize) -> Result<Vec<Named<'a>>, Bad> {
        let mut parameters = Vec::new();
        loop {
            let Some(name) = self.take(Lexeme::Word) else {
                return Err(self.wrong("NAME=value", self.peek().map(|t| t.lexeme)));
            };
            if self.take(Lexeme::Equals).is_none() {
                return Err(self.wrong("'=' behind the parameter's name", self.peek().map(|t| t.lexeme)));
            }
            parameters.push(Named { name: name.text, said: self.value(depth)? });
            if self.take(Lexeme::Comma).is_none() {
                return Ok(parameters);
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Said<'a>, Bad> {
        let first = self.one(depth)?;
        if self.peek().is_none_or(|t| t.lexeme != Lexeme::And) {
            return Ok(first);
        }
        let mut set = vec![first];
        while self.take(Lexeme::And).is_some() {
            set.push(self.one(depth)?);
        }
        Ok(Said::Set(set))
    }

    fn one(&mut self, depth: usize) -> Result<Said<'a>, Bad> {
        let Some(token) = self.peek() else { return Err(self.wrong("a value", None)) };
        match token.lexeme {
            Lexeme::Word => {
                self.next += 1;
                if self.take(Lexeme::To).is_some() {
                    let to = self.take(Lexeme::Word);
                    let Some(to) = to else { return Err(self.wrong("a number", self.peek().map(|t| t.lexeme))) };
                    return Ok(Said::Range(token.text, to.text));
                }
                Ok(if token.text.eq_ignore_ascii_case("NULL") { Said::Null } else { Said::Word(token.text) })
            }
            Lexeme::Quoted => {
                self.next += 1;
                unquote(token.text).map(Said::Quoted).map_err(|at| {
                    self.syntax(token.at + at, "a '\\' in a string is followed by '\"', '\\', n or t".to_owned())
                })
            }
            Lexeme::Open if depth >= DEEPEST => {
                Err(self.syntax(token.at, format!("records are nested at most {DEEPEST} deep")))
            }
            Lexeme::Open => {
                self.next += 1;
                if self.take(Lexeme::Shut).is_some() {
                    return Ok(Said::Record(Vec::new()));
                }
                let fields = self.parameters(depth + 1)?;
                if self.take(Lexeme::Shut).is_none() {
                    return Err(self.wrong("',' or '}'", self.peek().map(|t| t.lexeme)));
                }
                Ok(Said::Record(fields))
            }
            Lexeme::Shut
            | Lexeme::Colon
            | Lexeme::Comma
            | Lexeme::Equals
            | Lexeme::And
            | Lexeme::To
            | Lexeme::End
            | Lexeme::Ask
            | Lexeme::Stray
            | Lexeme::OpenString
            | Lexeme::OpenComment => Err(self.wrong("a value", Some(token.lexeme))),
        }
    }

    fn wrong(&self, expected: &str, found: Option<Lexeme>) -> Bad {
        let at = self.peek().map_or(self.text.len(), |t| t.at);
        self.syntax(at, format!("expected {expected}, found {}", found.map_or("the end", Lexeme::words)))
    }

    fn syntax(&self, at: usize, why: String) -> Bad {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|b| *b == b'\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        Bad::Syntax { line, column, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match read(text) {
            Ok(sentence) => format!("{sentence:?}"),
            Err(bad) => bad.to_string(),
        }
    }

    #[test]
    fn every_production_is_read() {
        for (text, expected) in [
            ("LST ORDER:;", r#"Say(Spoken { verb: "LST", object: Some("ORDER"), parameters: [] })"#),
            ("LST ORDER", r#"Say(Spoken { verb: "LST", object: Some("ORDER"), parameters: [] })"#),
            ("LGO:;", r#"Say(Spoken { verb: "LGO", object: None, parameters: [] })"#),
            (
                "LGI OP=a;",
                r#"Say(Spoken { verb: "LGI", object: None, parameters: [Named { name: "OP", said: Word("a") }] })"#,
            ),
            (
                "A B: X=NULL, Y=1&&5&7, Z={NO=1,A=\"b\"}&{};",
                concat!(
                    r#"Say(Spoken { verb: "A", object: Some("B"), parameters: [Named { name: "X", said: Null }, "#,
                    r#"Named { name: "Y", said: Set([Range("1", "5"), Word("7")]) }, "#,
                    r#"Named { name: "Z", said: Set([Record([Named { name: "NO", said: Word("1") }, "#,
                    r#"Named { name: "A", said: Quoted("b") }]), Record([])]) }] })"#
                ),
            ),
            ("HLP;", "Help([])"),
            ("help: add order;", r#"Help(["add", "order"])"#),
            ("?", "Help([])"),
            ("ADD ORDER: NAME=?", r#"Help(["ADD", "ORDER"])"#),
            (" // nothing\n ;", "there is no command"),
            ("=;", "syntax error at line 1, column 1: expected a verb, as in LST ORDER:;, found '='"),
            ("A B: X;", "syntax error at line 1, column 7: expected '=' behind the parameter's name, found ';'"),
            ("A B: X=;", "syntax error at line 1, column 8: expected a value, found ';'"),
            ("A B: X=1,;", "syntax error at line 1, column 10: expected NAME=value, found ';'"),
            (
                "A B:\n ä=1;",
                "syntax error at line 2, column 2: expected NAME=value, found a character that belongs in quotes",
            ),
            ("A B: X=1 Y=2;", "syntax error at line 1, column 10: expected ',' or ';', found a word"),
            ("A B: X={A=1;", "syntax error at line 1, column 12: expected ',' or '}', found ';'"),
            (
                "A B: X=\"a",
                "syntax error at line 1, column 8: expected a value, found a string without its closing quote",
            ),
            (
                "A B: X=\"a\\q\";",
                "syntax error at line 1, column 10: a '\\' in a string is followed by '\"', '\\', n or t",
            ),
            ("A B: X=1&;", "syntax error at line 1, column 10: expected a value, found ';'"),
            ("A B: X=1&&;", "syntax error at line 1, column 11: expected a number, found ';'"),
            ("A B {}", "syntax error at line 1, column 5: expected ':' and parameters, found '{'"),
            ("A B; C", "syntax error at line 1, column 6: expected ',' or ';', found a word"),
            ("A B C D;", "syntax error at line 1, column 7: expected '=' behind the parameter's name, found a word"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("A B: X={}1{};", "{X=".repeat(n), "}".repeat(n));
        assert!(read(&deep(DEEPEST)).is_ok());
        assert!(said(&deep(DEEPEST + 1)).contains("nested at most 8"));
        assert!(said(&deep(20_000)).contains("nested at most 8"), "no stack is spent on it");
    }
}
