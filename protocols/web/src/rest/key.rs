//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request repeated is the same request.

use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;
use strowger_primitive::{Fnv, Key, KeyScope};

use super::call::Call;
use crate::problem::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in octets.
const LONGEST: usize = 255;

/// The key of a change.
pub(super) fn of(call: &Call, head: &Parts, body: &[u8]) -> Result<Option<Key>, Problem> {
    let changes = match call {
        Call::Create(_) | Call::Update(_) | Call::Delete(_) | Call::Invoke(..) => true,
        Call::List(_) | Call::Read(_) => false,
    };
    let mut said = head.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = said.next().filter(|_| changes) else { return Ok(None) };
    let bytes = first.to_str().ok().and_then(parse).filter(|_| said.next().is_none());
    let Some(bytes) = bytes else {
        return Err(Problem::bad("bad-idempotency-key", "Idempotency-Key is one string or token of 1 to 255 octets"));
    };
    Ok(Some(Key { scope: KeyScope::Principal, bytes, fingerprint: fingerprint(head, body) }))
}

/// A string of structured fields (RFC 9651 §3.3.3), or a bare token, as many clients send it.
fn parse(text: &str) -> Option<Box<[u8]>> {
    let text = text.trim();
    let key = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None if text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b'\\')) => {
            text.as_bytes().to_vec()
        }
        None => return None,
    };
    (1..=LONGEST).contains(&key.len()).then(|| key.into())
}

fn unquoted(quoted: &str) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(quoted.len());
    let mut octets = quoted.bytes();
    loop {
        match octets.next()? {
            b'"' => return (octets.len() == 0).then_some(key),
            b'\\' => key.push(octets.next().filter(|b| matches!(b, b'"' | b'\\'))?),
            octet if octet == b' ' || octet.is_ascii_graphic() => key.push(octet),
            _ => return None,
        }
    }
}

/// Of method, target, condition and body: it is stored with the key and must be the same in later releases.
fn fingerprint(head: &Parts, body: &[u8]) -> u64 {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let only = head.headers.get(header::IF_MATCH).map_or(&[][..], |tag| tag.as_bytes());
    let mut hash = Fnv::default();
    for part in [head.method.as_str().as_bytes(), b" ", target.as_bytes(), b"\n", only, b"\n", body] {
        hash.add(part);
    }
    hash.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_strings_or_tokens() {
        for (said, key) in
            [("7d1f", "7d1f"), ("\"7d1f\"", "7d1f"), (r#""a \" \\ b""#, r#"a " \ b"#), ("a-b_c.d/e=", "a-b_c.d/e=")]
        {
            assert_eq!(parse(said).as_deref(), Some(key.as_bytes()), "{said}");
        }
        for bad in ["", "\"\"", "\"a", "\"a\"b", "a b", "a,b", r#""a\n""#, &"a".repeat(256)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
