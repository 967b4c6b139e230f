//! JSON as tokens (RFC 8259): pulled one by one from the body, so that a wide or deep one never becomes a tree.

use std::borrow::Cow;

use strowger_primitive::{Fault, FaultKind};

/// Deepest nesting of a body.
pub(super) const DEEPEST: u32 = 32;

/// Reads tokens from a body.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// What the next value is, seen from its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl Sort {
    /// As a person says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::List => "an array",
            Self::Object => "an object",
        }
    }
}

/// Why a body cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad {
    at: usize,
    why: &'static str,
    deep: bool,
}

impl Bad {
    /// For the peer: line and column, never the body itself.
    pub(super) fn fault(self, body: &[u8]) -> Fault {
        let before = body.get(..self.at).unwrap_or(body);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        let code = if self.deep { "too-deep" } else { "not-json" };
        let public = format!("the body is not JSON we take: {} at line {line}, column {column}", self.why);
        Fault::new(FaultKind::Malformed, code, public)
    }
}

type Step<T> = Result<T, Bad>;

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Step<Self> {
        match std::str::from_utf8(body) {
            Ok(text) => Ok(Self { text, at: 0, depth: 0 }),
            Err(error) => Err(Bad { at: error.valid_up_to(), why: "an octet that is not UTF-8", deep: false }),
        }
    }

    /// What the next value is; it is not taken yet.
    pub(super) fn peek(&mut self) -> Step<Sort> {
        match self.solid() {
            Some(b'n') => Ok(Sort::Null),
            Some(b't' | b'f') => Ok(Sort::Bool),
            Some(b'-' | b'0'..=b'9') => Ok(Sort::Number),
            Some(b'"') => Ok(Sort::Text),
            Some(b'[') => Ok(Sort::List),
            Some(b'{') => Ok(Sort::Object),
            Some(_) => Err(self.bad("a value was expected")),
            None => Err(self.bad("the end came too early")),
        }
    }

    pub(super) fn null(&mut self) -> Step<()> {
        self.word("null")
    }

    pub(super) fn bool(&mut self) -> Step<bool> {
        if self.solid() == Some(b't') { self.word("true").map(|()| true) } else { self.word("false").map(|()| false) }
    }

    /// A number, as it is written.
    pub(super) fn number(&mut self) -> Step<&'a str> {
        self.solid();
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => drop(self.digits()),
            Some(_) | None => return Err(self.bad("a digit was expected")),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.bad("a digit was expected"));
            }
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.bad("a digit was expected"));
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// A string, borrowed from the body where it holds no escapes.
    pub(super) fn text(&mut self) -> Step<Cow<'a, str>> {
        if self.solid() != Some(b'"') {
            return Err(self.bad("a string was expected"));
        }
        self.at += 1;
        let plain = self.run();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut out = String::from(plain);
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.bad("a control character in a string")),
                None => return Err(self.bad("a string without end")),
            }
            out.push_str(self.run());
        }
    }

    /// Enters an object or array.
    pub(super) fn enter(&mut self) -> Step<()> {
        self.solid();
        if self.depth == DEEPEST {
            return Err(Bad { at: self.at, why: "deeper than 32", deep: true });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The next key of an object that was entered, its colon taken; `None` where it ended.
    pub(super) fn key(&mut self, first: &mut bool) -> Step<Option<Cow<'a, str>>> {
        if !self.more(first, b'}')? {
            return Ok(None);
        }
        if self.solid() != Some(b'"') {
            return Err(self.bad("a key was expected"));
        }
        let key = self.text()?;
        if self.solid() != Some(b':') {
            return Err(self.bad("a colon was expected"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether an array that was entered has another element.
    pub(super) fn element(&mut self, first: &mut bool) -> Step<bool> {
        self.more(first, b']')
    }

    /// Takes a value and forgets it.
    pub(super) fn skip(&mut self) -> Step<()> {
        match self.peek()? {
            Sort::Null => self.null(),
            Sort::Bool => self.bool().map(drop),
            Sort::Number => self.number().map(drop),
            Sort::Text => self.text().map(drop),
            Sort::List => {
                self.enter()?;
                let mut first = true;
                while self.element(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
            Sort::Object => {
                self.enter()?;
                let mut first = true;
                while self.key(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Step<()> {
        if self.solid().is_some() { Err(self.bad("something behind the end")) } else { Ok(()) }
    }

    fn more(&mut self, first: &mut bool, close: u8) -> Step<bool> {
        let next = self.solid();
        if next == Some(close) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if std::mem::take(first) {
            return Ok(true);
        }
        if next != Some(b',') {
            return Err(self.bad("a comma or the end of the list was expected"));
        }
        self.at += 1;
        if self.solid() == Some(close) { Err(self.bad("a comma before the end")) } else { Ok(true) }
    }

    /// The next character that is not white space.
    fn solid(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// What stands before the next quote, escape or control character.
    fn run(&mut self) -> &'a str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)).unwrap_or(rest.len());
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn word(&mut self, word: &str) -> Step<()> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.bad("a value was expected"))
    }

    fn escape(&mut self) -> Step<char> {
        let plain = match self.byte() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(_) | None => return Err(self.bad("an escape that is none")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Step<char> {
        let high = self.hex()?;
        let code = if (0xD800..0xDC00).contains(&high) {
            if self.text.get(self.at..self.at + 2) != Some("\\u") {
                return Err(self.bad("half of a surrogate pair"));
            }
            self.at += 2;
            let low = self.hex()?;
            if !(0xDC00..0xE000).contains(&low) {
                return Err(self.bad("half of a surrogate pair"));
            }
            0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.bad("half of a surrogate pair"))
    }

    fn hex(&mut self) -> Step<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.bad("four hexadecimal digits were expected"))?;
        self.at += 4;
        Ok(code)
    }

    fn bad(&self, why: &'static str) -> Bad {
        Bad { at: self.at, why, deep: false }
    }
}
