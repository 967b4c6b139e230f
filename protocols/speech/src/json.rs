//! JSON of `any` fields (RFC 8259): read with bounds, keys in their order, each once; printed so that it reads back.

use std::fmt::Write as _;

use strowger_primitive::Any;

/// Reads one JSON text. What it stands for is at most `max` octets, counted as everywhere ([`Any::size`]): how it is
/// written is not counted, as a command is bounded.
///
/// # Errors
/// What is wrong, without repeating the text.
pub(crate) fn read(text: &str, max: usize) -> Result<Any, String> {
    let mut reader = Reader { text, at: 0 };
    let any = reader.value(1)?;
    reader.space();
    if !reader.rest().is_empty() {
        return Err(reader.wrong("the end"));
    }
    if any.size() > max { Err(format!("must be at most {max} octets of JSON")) } else { Ok(any) }
}

/// Prints without white space.
pub(crate) fn print(any: &Any, out: &mut String) {
    match any {
        Any::Null => out.push_str("null"),
        Any::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Any::Int(n) => {
            let _infallible = write!(out, "{n}");
        }
        Any::Float(n) => {
            let _infallible = write!(out, "{n:?}");
        }
        Any::Text(text) => print_text(text, out),
        Any::List(list) => {
            for (i, element) in list.iter().enumerate() {
                out.push(if i == 0 { '[' } else { ',' });
                print(element, out);
            }
            out.push_str(if list.is_empty() { "[]" } else { "]" });
        }
        Any::Map(map) => {
            for (i, (key, value)) in map.iter().enumerate() {
                out.push(if i == 0 { '{' } else { ',' });
                print_text(key, out);
                out.push(':');
                print(value, out);
            }
            out.push_str(if map.is_empty() { "{}" } else { "}" });
        }
    }
}

fn print_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, mark: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(mark);
        if there {
            self.at += mark.len();
        }
        there
    }

    fn wrong(&self, expected: &str) -> String {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        format!("is no JSON: expected {expected} at character {column}")
    }

    fn value(&mut self, depth: usize) -> Result<Any, String> {
        if depth > Any::DEEPEST {
            return Err(format!("must not be deeper than {}", Any::DEEPEST));
        }
        for (word, any) in [("null", Any::Null), ("true", Any::Bool(true)), ("false", Any::Bool(false))] {
            if self.take(word) {
                return Ok(any);
            }
        }
        if self.take("[") {
            return self.list(depth);
        }
        if self.take("{") {
            return self.map(depth);
        }
        if self.rest().starts_with('"') {
            return self.string().map(|text| Any::Text(text.into()));
        }
        self.number()
    }

    fn list(&mut self, depth: usize) -> Result<Any, String> {
        let mut list = Vec::new();
        if self.take("]") {
            return Ok(Any::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.take("]") {
                return Ok(Any::List(list));
            }
            if !self.take(",") {
                return Err(self.wrong("',' or ']'"));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Any, String> {
        let mut map: Vec<(strowger_primitive::Text, Any)> = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
        if self.take("}") {
            return Ok(Any::Map(map));
        }
        loop {
            self.space();
            let key: strowger_primitive::Text = self.string()?.into();
            if !keys.insert(strowger_primitive::Text::clone(&key)) {
                return Err("is no JSON we take: a key is there twice".to_owned());
            }
            if !self.take(":") {
                return Err(self.wrong("':'"));
            }
            map.push((key, self.value(depth + 1)?));
            if self.take("}") {
                return Ok(Any::Map(map));
            }
            if !self.take(",") {
                return Err(self.wrong("',' or '}'"));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.take("\"") {
            return Err(self.wrong("a string"));
        }
        let mut out = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return Err(self.wrong("'\"'")) };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                c if c < ' ' => return Err(self.wrong("no bare control character")),
                c => {
                    self.at += c.len_utf8();
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let Some(c) = self.rest().chars().next() else { return Err(self.wrong("an escape")) };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.wrong("an escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// RFC 8259 §7: beyond the basic plane, a pair of surrogates.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        let code = if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
            self.at += 2;
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.wrong("the second half of a surrogate pair"));
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.wrong("a character"))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) else {
            return Err(self.wrong("four hexadecimal digits"));
        };
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Any, String> {
        self.space();
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let text = rest.get(..length).unwrap_or_default();
        if !is_number(text) {
            return Err(self.wrong("a value"));
        }
        let Some(any) = Any::number(text) else {
            return Err(self.wrong("a number of 64 bits"));
        };
        self.at += length;
        Ok(any)
    }
}

/// RFC 8259 §6: `-`? (0 | 1-9 digits) (. digits)? (e sign? digits)?
fn is_number(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        match read(text, 4_096) {
            Ok(any) => {
                let mut out = String::new();
                print(&any, &mut out);
                assert_eq!(read(&out, 4_096).as_ref(), Ok(&any), "{out}");
                out
            }
            Err(why) => why,
        }
    }

    #[test]
    fn json_reads_and_prints() {
        for (text, printed) in [
            (" null ", "null"),
            ("{ \"b\" : [1, -2, 3.50, 1e2, true], \"a\": {} }", r#"{"b":[1,-2,3.5,100.0,true],"a":{}}"#),
            ("[]", "[]"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744073709552e19"),
            (r#""\ud83d\ude00\u0041\n\/""#, "\"😀A\\n/\""),
            ("\"\\u0001\"", "\"\\u0001\""),
            ("-0.0", "-0.0"),
            ("-0", "-0.0"),
        ] {
            assert_eq!(again(text), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        for text in [
            "",
            "{",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,\"a\":2}",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\n\"",
            "1 2",
            "1e999",
            "NaN",
            "'a'",
        ] {
            assert!(read(text, 4_096).is_err(), "{text}");
        }
        assert!(read(&"[".repeat(10_000), 100_000).is_err_and(|e| e.contains("deeper")), "no stack is spent on it");
        assert!(read(&format!("{}1{}", "[".repeat(15), "]".repeat(15)), 99).is_ok());
        assert!(read("[1,2,3]", 6).is_err_and(|e| e.contains("at most 6")));
    }

    #[test]
    fn its_size_is_what_it_stands_for() {
        let most = 2 + 3 * 9;
        assert!(read(" [ 1 , 2 , 3 ] ", most).is_ok() && read("[1,2,3]", most - 1).is_err());
        assert!(read("\"\\u0061\"", 3).is_ok(), "an escape is one character");
    }
}
