//! Who asks, as `Authorization` says: Basic, in UTF-8 (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap};
use strowger_primitive::{Claim, Secret};

use crate::problem::Problem;

/// The longest user name and password together, in octets.
const LONGEST: usize = 1_024;

/// The claim; nobody's where nothing is shown.
pub(super) fn of(headers: &HeaderMap) -> Result<Claim, Problem> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = shown.next() else { return Ok(Claim::Anonymous) };
    if shown.next().is_some() {
        return Err(Problem::bad("bad-authorization", "Authorization is given more than once"));
    }
    let wrong = || Problem::unauthenticated("bad-authorization", "Authorization must be Basic, RFC 7617, in UTF-8");
    let text = first.to_str().map_err(|_| wrong())?.trim();
    let (scheme, encoded) = text.split_once(' ').ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > LONGEST * 4 / 3 + 4 {
        return Err(wrong());
    }
    let mut pair = STANDARD.decode(encoded.trim_start()).map_err(|_| wrong())?;
    let claim = password(&pair).ok_or_else(wrong);
    pair.fill(0);
    std::hint::black_box(&pair);
    claim
}

fn password(pair: &[u8]) -> Option<Claim> {
    let (principal, secret) = std::str::from_utf8(pair).ok()?.split_once(':')?;
    // RFC 7617 §2: neither holds control characters.
    if principal.is_empty() || principal.contains(char::is_control) || secret.contains(char::is_control) {
        return None;
    }
    Some(Claim::Password { principal: principal.into(), secret: Secret::new(secret) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn claim(value: &str) -> Result<(String, String), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        match of(&headers) {
            Ok(Claim::Password { principal, secret }) => Ok((principal.to_string(), secret.expose().to_owned())),
            Ok(Claim::Anonymous | Claim::Session(_)) => panic!("no password"),
            Err(problem) => Err(problem.status().as_u16()),
        }
    }

    #[test]
    fn basic_is_read_in_utf_8() {
        // RFC 7617 §2 and §2.1.
        let shown = claim("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(shown, Ok(("Aladdin".to_owned(), "open sesame".to_owned())));
        assert_eq!(claim("basic dGVzdDoxMjPCow=="), Ok(("test".to_owned(), "123£".to_owned())));
        assert_eq!(claim("Basic YTpiOmM="), Ok(("a".to_owned(), "b:c".to_owned())));
        // No base64, no colon, no name, invalid UTF-8, a line end, other schemes.
        for bad in ["Basic", "Basic *", "Basic YQ==", "Basic OmI=", "Basic YTr/", "Basic YTpiCg==", "Bearer abc"] {
            assert_eq!(claim(bad), Err(401), "{bad}");
        }
    }
}
