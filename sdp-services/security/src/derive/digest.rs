//! HA1 of HTTP and SIP digest (RFC 7616 §3.4.2, RFC 8760): equivalent to the secret inside its realm.

use aws_lc_rs::digest::{SHA256, digest};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

/// MD5 of `user:realm:secret`.
pub(crate) fn ha1_md5(user: &str, realm: &str, secret: &str) -> Vec<u8> {
    Md5::digest(a1(user, realm, secret).as_slice()).to_vec()
}

/// SHA-256 of `user:realm:secret`.
pub(crate) fn ha1_sha256(user: &str, realm: &str, secret: &str) -> Vec<u8> {
    digest(&SHA256, &a1(user, realm, secret)).as_ref().to_vec()
}

fn a1(user: &str, realm: &str, secret: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(format!("{user}:{realm}:{secret}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::print;

    /// The response of `qop=auth` to a GET, from HA1 (RFC 7616 §3.4.1).
    fn response(hash: impl Fn(&str) -> String, ha1: &str, uri: &str, nonce: &str, cnonce: &str) -> String {
        let ha2 = hash(&format!("GET:{uri}"));
        hash(&format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}"))
    }

    fn md5(text: &str) -> String {
        print(&Md5::digest(text.as_bytes()))
    }

    fn sha256(text: &str) -> String {
        print(digest(&SHA256, text.as_bytes()).as_ref())
    }

    #[test]
    fn rfc_2617_section_3_5() {
        let ha1 = print(&ha1_md5("Mufasa", "testrealm@host.com", "Circle Of Life"));
        assert_eq!(ha1, "939e7578ed9e3c518a452acee763bce9");
        let response = response(md5, &ha1, "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b");
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn rfc_7616_section_3_9_1() {
        let (realm, secret) = ("http-auth@example.org", "Circle of Life");
        let (nonce, cnonce) =
            ("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        let answer = response(md5, &print(&ha1_md5("Mufasa", realm, secret)), "/dir/index.html", nonce, cnonce);
        assert_eq!(answer, "8ca523f5e9506fed4657c9700eebdbec");
        let answer = response(sha256, &print(&ha1_sha256("Mufasa", realm, secret)), "/dir/index.html", nonce, cnonce);
        assert_eq!(answer, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }
}
