//! Words, strings and marks. The pass never fails: what fits nowhere is a stray token, so that help, completion and
//! masking can read text that is wrong or unfinished.

/// One token and where it begins, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) lexeme: Lexeme,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// Sorts of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexeme {
    /// A name, a number, a bare value.
    Word,
    /// A string with its quotes.
    Quoted,
    /// `{`
    Open,
    /// `}`
    Shut,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// `=`
    Equals,
    /// `&`
    And,
    /// `&&`
    To,
    /// `;`
    End,
    /// `?`
    Ask,
    /// A character that stands nowhere outside strings.
    Stray,
    /// A string without its end.
    OpenString,
    /// A comment without its end.
    OpenComment,
}

impl Lexeme {
    /// What it is, for people. Never the text itself: it may be a secret.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Word => "a word",
            Self::Quoted => "a string",
            Self::Open => "'{'",
            Self::Shut => "'}'",
            Self::Colon => "':'",
            Self::Comma => "','",
            Self::Equals => "'='",
            Self::And => "'&'",
            Self::To => "'&&'",
            Self::End => "';'",
            Self::Ask => "'?'",
            Self::Stray => "a character that belongs in quotes",
            Self::OpenString => "a string without its closing quote",
            Self::OpenComment => "a comment without its end",
        }
    }
}

impl Token<'_> {
    /// The octet behind it.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// All tokens of `text`.
pub(crate) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// The tokens of a text.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (lexeme, length) = match first {
            '"' => string(rest),
            '{' => (Lexeme::Open, 1),
            '}' => (Lexeme::Shut, 1),
            ':' => (Lexeme::Colon, 1),
            ',' => (Lexeme::Comma, 1),
            '=' => (Lexeme::Equals, 1),
            ';' => (Lexeme::End, 1),
            '?' => (Lexeme::Ask, 1),
            '&' if rest.starts_with("&&") => (Lexeme::To, 2),
            '&' => (Lexeme::And, 1),
            '/' if rest.starts_with("/*") => (Lexeme::OpenComment, rest.len()),
            c if of_word(c) => (Lexeme::Word, word(rest)),
            c => (Lexeme::Stray, c.len_utf8()),
        };
        let token = Token { lexeme, text: rest.get(..length).unwrap_or(rest), at: self.at };
        self.at = token.end();
        Some(token)
    }
}

impl<'a> Tokens<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes white space and comments; stops before a comment that does not end.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            // Some editors begin a file with U+FEFF.
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{FEFF}');
            self.at += rest.len() - behind.len();
            let comment = if behind.starts_with("//") {
                behind.find('\n').unwrap_or(behind.len())
            } else if let Some(inside) = behind.strip_prefix("/*") {
                inside.find("*/").map_or(0, |end| end + 4)
            } else {
                0
            };
            if comment == 0 {
                return;
            }
            self.at += comment;
        }
    }
}

fn of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '@')
}

/// The length of a word; `H'` begins octets or a hexadecimal number.
fn word(rest: &str) -> usize {
    let hex = if rest.starts_with("H'") || rest.starts_with("h'") { 2 } else { 0 };
    let behind = rest.get(hex..).unwrap_or_default();
    hex + behind.find(|c| !of_word(c)).unwrap_or(behind.len())
}

fn string(rest: &str) -> (Lexeme, usize) {
    let mut escaped = false;
    for (i, octet) in rest.bytes().enumerate().skip(1) {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (Lexeme::Quoted, i + 1),
            _ => {}
        }
    }
    (Lexeme::OpenString, rest.len())
}

/// The text of a string token: without quotes and escapes.
///
/// # Errors
/// The octet of an escape that is none, counted from the opening quote.
pub(crate) fn unquote(quoted: &str) -> Result<String, usize> {
    let inside = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or(quoted);
    let mut text = String::with_capacity(inside.len());
    let mut octets = inside.char_indices();
    while let Some((i, c)) = octets.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match octets.next() {
            Some((_, c @ ('"' | '\\'))) => text.push(c),
            Some((_, 'n')) => text.push('\n'),
            Some((_, 't')) => text.push('\t'),
            Some(_) | None => return Err(i + 1),
        }
    }
    Ok(text)
}

/// The string token of a text.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use Lexeme::{And, Colon, Comma, End, Equals, Open, OpenComment, OpenString, Quoted, Shut, Stray, To, Word};

    #[test]
    fn every_token_has_its_sort() {
        for (text, expected) in [
            ("ADD ORDER: N=1;", &[Word, Word, Colon, Word, Equals, Word, End][..]),
            (r#"A="x;\"y"&b"#, &[Word, Equals, Quoted, And, Word]),
            ("1&&5&7", &[Word, To, Word, And, Word]),
            ("{NO=1,A=2}", &[Open, Word, Equals, Word, Comma, Word, Equals, Word, Shut]),
            ("-5 12.50 H'0AFF h'0a a@b", &[Word, Word, Word, Word, Word]),
            ("A/* ; \" */B//c ;\n;", &[Word, Word, End]),
            ("a/b", &[Word, Stray, Word]),
            ("ä", &[Stray]),
            ("\u{feff}A;", &[Word, End]),
            ("X'1", &[Word, Stray, Word]),
            ("/* never", &[OpenComment]),
            (r#"A="never\""#, &[Word, Equals, OpenString]),
            (" \r\n\t", &[]),
        ] {
            assert_eq!(tokens(text).map(|t| t.lexeme).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn strings_read_back() {
        for text in ["", "a", "a\"b\\c\nd\te", "ä;{}&//", "\\"] {
            assert_eq!(unquote(&quote(text)).as_deref(), Ok(text));
        }
        assert_eq!(unquote(r#""ab\x""#), Err(3));
    }
}
