//! HTTP/1.1 as a client that can be wrong: it writes any octets and reads one answer after the other.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest body of an answer, in octets.
const LONGEST: usize = 32 << 20;

/// A client; each request has a connection of its own unless [`keep`](Self::keep) says otherwise.
#[derive(Debug)]
pub struct Http {
    address: SocketAddr,
    authorization: String,
    kept: Option<BufReader<TcpStream>>,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// Header fields, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Http {
    /// A client that logs in by Basic, if at all.
    #[must_use]
    pub fn new(address: SocketAddr, login: Option<(&str, &str)>) -> Self {
        let basic = |(user, secret): (&str, &str)| {
            format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{secret}")))
        };
        Self { address, authorization: login.map(basic).unwrap_or_default(), kept: None }
    }

    /// Uses one connection from now on.
    ///
    /// # Errors
    /// That it cannot be made.
    pub fn keep(&mut self) -> Result<&mut Self> {
        self.kept = Some(self.open()?);
        Ok(self)
    }

    /// A connection on which nothing was said.
    ///
    /// # Errors
    /// That it cannot be made.
    pub fn open(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(stream))
    }

    /// A request with a body, or none.
    ///
    /// # Errors
    /// A connection that fails, or an answer that is none.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Result<Heard> {
        let mut text = self.begun(method, path, headers);
        if let Some(body) = body {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        if self.kept.is_none() {
            text.push_str("Connection: close\r\n");
        }
        text.push_str("\r\n");
        let octets = [text.as_bytes(), body.unwrap_or_default()].concat();
        match self.kept.take() {
            None => {
                let mut stream = self.open()?;
                stream.get_mut().write_all(&octets)?;
                Heard::read(&mut stream, method == "HEAD")
            }
            Some(mut stream) => {
                stream.get_mut().write_all(&octets)?;
                let heard = Heard::read(&mut stream, method == "HEAD")?;
                self.kept = Some(stream);
                Ok(heard)
            }
        }
    }

    /// A head with the log-in, whole.
    #[must_use]
    pub fn head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        self.begun(method, path, headers) + "\r\n"
    }

    fn begun(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{}", self.address, self.authorization);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text
    }

    /// Writes `octets` on a new connection and reads what comes back: an answer, or nothing but the end.
    ///
    /// # Errors
    /// A connection that cannot be made or that stays silent and open.
    pub fn raw(&self, octets: &[u8]) -> Result<Option<Heard>> {
        let mut stream = self.open()?;
        // A peer that closes before it has all is no mistake here.
        let _closed_already = stream.get_mut().write_all(octets);
        match Heard::read(&mut stream, false) {
            Ok(heard) => Ok(Some(heard)),
            Err(error) => match error.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// GET.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn get(&mut self, path: &str) -> Result<Heard> {
        self.ask("GET", path, &[], None)
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Heard> {
        self.send("POST", path, &[], body)
    }

    /// A request with a body of JSON and further header fields.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Heard> {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        self.ask(method, path, &all, Some(body.to_string().as_bytes()))
    }

    /// DELETE.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn delete(&mut self, path: &str) -> Result<Heard> {
        self.ask("DELETE", path, &[], None)
    }

    /// POST of JSON that must make something.
    ///
    /// # Errors
    /// That it did not.
    pub fn make(&mut self, path: &str, body: &Value) -> Result<Value> {
        let heard = self.send("POST", path, &[("Prefer", "wait=60")], body)?;
        if !matches!(heard.status, 201 | 202) {
            bail!("POST {path} {body}: {heard}");
        }
        heard.json()
    }
}

impl Heard {
    /// Reads one answer.
    ///
    /// # Errors
    /// That the connection ends or that it is none.
    pub fn read(from: &mut BufReader<TcpStream>, head_only: bool) -> Result<Self> {
        let line = line(from)?;
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|code| code.parse().ok());
        let mut heard =
            Self { status: status.with_context(|| format!("no status line: {line:?}"))?, ..Self::default() };
        loop {
            let line = self::line(from)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').with_context(|| format!("no header field: {line:?}"))?;
            heard.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if heard.status == 100 {
            return Self::read(from, head_only);
        }
        let length: usize = heard.header("content-length").map_or(Ok(0), str::parse)?;
        if length > LONGEST {
            bail!("a body of {length} octets");
        }
        if !head_only && !matches!(heard.status, 204 | 304) {
            heard.body.resize(length, 0);
            from.read_exact(&mut heard.body)?;
        }
        Ok(heard)
    }

    /// A header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// That it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {self}"))
    }

    /// A text in the body's JSON, or nothing.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The code of a problem; nothing where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.text("code")
    }

    /// The names of a list.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let items = json.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.get("name").and_then(Value::as_str).map(str::to_owned)).collect()
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

fn line(from: &mut BufReader<TcpStream>) -> Result<String> {
    /// More than any header field of ours.
    const MOST: u64 = 64 << 10;
    let mut line = Vec::new();
    from.take(MOST).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(String::from_utf8(line)?.trim_end_matches('\r').to_owned())
}
