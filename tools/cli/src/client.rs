//! The client of the REST door: one request, its answer or what the problem says.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::http::{Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::exit::{self, Failure};

/// Which gateway, and as whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// `http://127.0.0.1:8080`
    pub(crate) url: String,
    /// `alice@acme`
    pub(crate) user: String,
    pub(crate) password: String,
    /// The certificates that are trusted, PEM.
    pub(crate) ca: Option<PathBuf>,
    /// The tenant spoken of, where it is not the user's own.
    pub(crate) tenant: Option<String>,
    /// Where the gateway asks for it, the request is sent again for so long.
    pub(crate) retry: Duration,
}

/// Asks a gateway.
pub(crate) struct Client {
    agent: ureq::Agent,
    connection: Connection,
    authorization: String,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// `/v1/orders/demo-1`
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Option<Value>,
}

/// An answer that is a success.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    /// As it came.
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

/// Largest answer read, in octets.
const LARGEST: u64 = 64 << 20;
/// An answer that takes longer than what the request waits for, by so much, is not waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// Where the gateway does not say how long to wait.
const PAUSE: Duration = Duration::from_secs(1);

impl Client {
    pub(crate) fn new(connection: Connection) -> Result<Self, Failure> {
        let secured = secured(&connection.url)?;
        let mut tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        if let Some(path) = &connection.ca {
            let pem = std::fs::read(path).map_err(|e| Failure::usage(format!("--ca {}: {e}", path.display())))?;
            let roots: Vec<Certificate<'static>> = parse_pem(&pem)
                .filter_map(|item| if let Ok(PemItem::Certificate(root)) = item { Some(root) } else { None })
                .collect();
            if roots.is_empty() {
                return Err(Failure::usage(format!("--ca {} holds no certificate", path.display())));
            }
            tls = tls.root_certs(RootCerts::from(roots));
        } else if secured {
            return Err(Failure::usage("https needs --ca FILE: the certificates to trust"));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls.build())
            .user_agent(concat!("strowger/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let pair = format!("{}:{}", connection.user, connection.password);
        Ok(Self { agent, connection, authorization: format!("Basic {}", STANDARD.encode(pair)) })
    }

    /// Asks, and asks again where the gateway says so.
    pub(crate) fn ask(&self, asked: &Asked<'_>) -> Result<Answer, Failure> {
        let mut left = self.connection.retry;
        loop {
            let (answer, after) = self.once(asked)?;
            let wait = after.unwrap_or(PAUSE).max(Duration::from_millis(50));
            if !matches!(answer.status, 429 | 503) || wait > left {
                return if answer.status < 400 { Ok(answer) } else { Err(problem(&answer, after)) };
            }
            left -= wait;
            pause(wait);
        }
    }

    fn once(&self, asked: &Asked<'_>) -> Result<(Answer, Option<Duration>), Failure> {
        let mut request = Request::builder()
            .method(asked.method)
            .uri(self.uri(asked))
            .header("authorization", &self.authorization)
            .header("accept", "application/json, application/problem+json");
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        let built = |error: ureq::http::Error| Failure::usage(format!("no request can be made of this: {error}"));
        let sent = match &asked.body {
            Some(body) => {
                let typed = if asked.headers.iter().any(|(name, _)| *name == "content-type") {
                    request
                } else {
                    request.header("content-type", "application/json")
                };
                self.agent.run(typed.body(body.to_string().into_bytes()).map_err(built)?)
            }
            None => self.agent.run(request.body(()).map_err(built)?),
        };
        let mut response = sent.map_err(|error| self.unreachable(&error))?;
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (etag, after) = (header("etag"), header("retry-after").and_then(|s| s.parse().ok()));
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let raw = read.map_err(|error| self.unreachable(&error))?;
        let body = if raw.is_empty() { Value::Null } else { serde_json::from_slice(&raw).unwrap_or(Value::Null) };
        Ok((Answer { status, etag, raw, body }, after.map(Duration::from_secs)))
    }

    fn uri(&self, asked: &Asked<'_>) -> String {
        let mut uri = format!("{}{}", self.connection.url.trim_end_matches('/'), asked.path);
        let tenant = self.connection.tenant.iter().map(|tenant| ("tenant".to_owned(), tenant.clone()));
        for (i, (name, value)) in asked.query.iter().cloned().chain(tenant).enumerate() {
            let _infallible = write!(uri, "{}{}={}", if i == 0 { '?' } else { '&' }, encoded(&name), encoded(&value));
        }
        uri
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let text = format!(
            "no gateway answers at {}: {error}\nStart one with: strowger serve; name another with --url or STROWGER_URL",
            self.connection.url
        );
        Failure::new(exit::NO_CONNECTION, text)
    }
}

/// Whether a gateway is spoken to over TLS; without, only one on this machine is: each request has the password in it.
fn secured(url: &str) -> Result<bool, Failure> {
    let wrong = |why: &str| Failure::usage(format!("--url {url}: {why}"));
    let uri: Uri = url.parse().map_err(|error: ureq::http::uri::InvalidUri| wrong(&error.to_string()))?;
    match uri.scheme_str() {
        Some("https") => Ok(true),
        Some("http") if uri.host().is_some_and(near) => Ok(false),
        Some("http") => Err(wrong("a password is not sent where others may read it; use https: and --ca")),
        Some(_) | None => Err(wrong("it begins with https:, or on this machine with http:")),
    }
}

/// Whether a host is this machine, without asking anybody who it is (RFC 6761 §6.3).
fn near(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, octet| {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(octet.into());
        } else {
            let _infallible = write!(out, "%{octet:02X}");
        }
        out
    })
}

/// What a problem (RFC 9457) says, for people.
fn problem(answer: &Answer, after: Option<Duration>) -> Failure {
    let text = |name: &str| answer.body.get(name).and_then(Value::as_str);
    let status = answer.status.to_string();
    let mut out = text("detail").or_else(|| text("title")).unwrap_or(&status).to_owned();
    for error in answer.body.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let _infallible = write!(out, "\n  {}: {}", part("field"), part("message"));
    }
    if let Some(after) = after {
        let _infallible = write!(out, "\nAsk again in {} s, or let --retry do it", after.as_secs());
    }
    if answer.status == 401 {
        out.push_str("\nName yourself with --user NAME@TENANT; the password is asked for, or in STROWGER_PASSWORD");
    }
    if let Some(id) = text("requestId") {
        let _infallible = write!(out, "\n(request {id})");
    }
    Failure::new(Failure::code_of(answer.status, text("code").unwrap_or_default()), out)
}

#[expect(clippy::disallowed_methods, reason = "the command line waits as it is told to")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_tells_every_field_and_what_to_do() {
        let body = serde_json::json!({"detail": "no offer", "requestId": "7",
            "errors": [{"field": "items.1.offer", "message": "is not there"}]});
        let answer = Answer { status: 404, etag: None, raw: Vec::new(), body };
        let failure = problem(&answer, None);
        assert_eq!(failure, Failure::new(3, "no offer\n  items.1.offer: is not there\n(request 7)"));
        let busy = Answer { status: 503, etag: None, raw: Vec::new(), body: Value::Null };
        let failure = problem(&busy, Some(Duration::from_secs(2)));
        assert_eq!(failure.code, exit::UNAVAILABLE);
        assert!(failure.text.starts_with("503\nAsk again in 2 s"));
        for (code, ends) in [("sort-unsupported", exit::USAGE), ("key-reused", exit::CONFLICT)] {
            let body = serde_json::json!({"code": code});
            assert_eq!(problem(&Answer { status: 422, etag: None, raw: Vec::new(), body }, None).code, ends, "{code}");
        }
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encoded("a b&c=ä/~"), "a%20b%26c%3D%C3%A4%2F~");
    }

    #[test]
    fn a_password_leaves_this_machine_over_tls_alone() {
        for url in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:8080/", "HTTP://LocalHost:1"] {
            assert_eq!(secured(url), Ok(false), "{url}");
        }
        assert_eq!(secured("http://[::ffff:127.0.0.1]"), Ok(false));
        assert_eq!(secured("HTTPS://gw.example"), Ok(true));
        for url in [
            "http://gw.example:8080",
            "HTTP://192.0.2.1",
            "http://[2001:db8::1]:8080",
            "http://0.0.0.0:8080",
            "http://127.0.0.1@gw.example",
            "http://localhost.gw.example",
            "http://127.0.0.1.gw.example",
            "gw.example:8080",
            "ftp://127.0.0.1",
            "/v1",
            "",
        ] {
            let connection = Connection { url: url.to_owned(), ..Connection::default() };
            let refused = Client::new(connection).err().unwrap();
            assert_eq!(refused.code, exit::USAGE, "{url}");
            assert!(refused.text.starts_with(&format!("--url {url}: ")), "{refused}");
        }
    }

    #[test]
    fn nobody_there_has_a_code_of_its_own() {
        let url = "http://127.0.0.1:1".to_owned();
        let client = Client::new(Connection { url, ..Connection::default() }).unwrap();
        let failure = client.ask(&Asked { method: "GET", path: "/health".into(), ..Asked::default() }).unwrap_err();
        assert_eq!(failure.code, exit::NO_CONNECTION);
    }
}
