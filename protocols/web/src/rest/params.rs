//! The query of a request: names and values (application/x-www-form-urlencoded).

use std::borrow::Cow;

use crate::problem::Problem;

/// The most parameters of one request.
const MOST: usize = 64;

/// The parameters in order. They are used up by those who know them; what is left is unknown.
pub(super) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    pub(super) fn read(query: Option<&'a str>) -> Result<Self, Problem> {
        let mut params = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            if params.len() == MOST {
                return Err(Problem::bad("invalid-parameters", format!("at most {MOST} parameters are taken")));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode_form(name), decode_form(value)) else {
                return Err(Problem::bad("invalid-parameters", "a parameter is not percent-encoded UTF-8"));
            };
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// Each parameter to `take`, which says what is wrong with it; all that is wrong is told at once, repeated names
    /// too.
    pub(super) fn each(&self, mut take: impl FnMut(&str, &str) -> Result<(), String>) -> Result<(), Problem> {
        let mut problem: Option<Problem> = None;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let again = self.0.iter().take(i).any(|(earlier, _)| earlier == name);
            let why = if again { Err("is given more than once".to_owned()) } else { take(name, value) };
            if let Err(why) = why {
                let so_far = problem
                    .take()
                    .unwrap_or_else(|| Problem::bad("invalid-parameters", "parameters of the query are wrong"));
                problem = Some(so_far.at(shortened(name), why));
            }
        }
        problem.map_or(Ok(()), Err)
    }
}

/// What a stranger wrote is said back in part only.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

/// Decodes a part of a path (RFC 3986 §2.1); `None` where it is not percent-encoded UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('%') { percent(text.as_bytes(), false).map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
}

/// As [`decode`], with `+` for a space.
fn decode_form(text: &str) -> Option<Cow<'_, str>> {
    if text.contains(['%', '+']) { percent(text.as_bytes(), true).map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
}

fn percent(text: &[u8], form: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(octet) = rest.next() {
        out.push(match octet {
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            b'+' if form => b' ',
            other => *other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Percent-encodes all but unreserved characters (RFC 3986 §2.3).
pub(super) fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(octet.into());
            continue;
        }
        out.push('%');
        for digit in [octet >> 4, octet & 15] {
            out.push(HEX.get(usize::from(digit)).copied().unwrap_or(b'0').into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_reads_back() {
        for text in ["", "a", "a b+c", "ä=&%", "2026-11-24T12:00:00+01:00"] {
            let mut encoded = String::new();
            encode(text, &mut encoded);
            assert_eq!(decode(&encoded).as_deref(), Some(text));
            assert_eq!(decode_form(&encoded).as_deref(), Some(text));
        }
        assert_eq!(decode_form("a+b").as_deref(), Some("a b"));
        for bad in ["%", "%4", "%zz", "%FF", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
