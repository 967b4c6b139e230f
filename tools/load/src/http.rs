//! An HTTP/1.1 client that keeps its connection: one request, one answer with a length (RFC 9112 §6).

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longest line of a head and most of them.
const LINE: u64 = 16_384;
const LINES: usize = 64;
/// Longest body: a page of a thousand documents.
const BODY: usize = 64 << 20;

/// One client.
pub(crate) struct Client {
    address: SocketAddr,
    authorization: String,
    stream: Option<BufReader<TcpStream>>,
    out: Vec<u8>,
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, user: &str, secret: &str) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")));
        Self { address, authorization, stream: None, out: Vec::new() }
    }

    /// Our own end, as the gateway's records name it.
    pub(crate) fn name(&mut self) -> io::Result<String> {
        Ok(self.stream()?.get_ref().local_addr()?.to_string())
    }

    /// Asks and waits for the answer. An error says nothing of whether it was heard.
    pub(crate) fn call(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        write!(out, "{method} {target} HTTP/1.1\r\nhost: {}\r\nauthorization: ", self.address)?;
        write!(out, "{}\r\ncontent-length: {}\r\n", self.authorization, body.len())?;
        for (name, value) in headers {
            write!(out, "{name}: {value}\r\n")?;
        }
        if !body.is_empty() {
            out.extend_from_slice(b"content-type: application/json\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
        let answered = self.exchange(&out);
        self.out = out;
        match &answered {
            Ok(reply) if reply.header("connection") != Some("close") => {}
            Ok(_) | Err(_) => self.stream = None,
        }
        answered
    }

    fn exchange(&mut self, out: &[u8]) -> io::Result<Reply> {
        let stream = self.stream()?;
        stream.get_mut().write_all(out)?;
        Reply::read(stream)
    }

    fn stream(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        Ok(self.stream.insert(stream))
    }
}

impl Reply {
    /// The first field of that name, given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads one answer.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let mut line = String::new();
        let mut next = |from: &mut dyn BufRead| -> io::Result<String> {
            line.clear();
            from.take(LINE).read_line(&mut line)?;
            let whole = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(whole.to_owned())
        };
        let first = next(from)?;
        let status = first.split(' ').nth(1).filter(|_| first.starts_with("HTTP/1.1 "));
        let status = status.and_then(|s| s.parse().ok()).ok_or_else(|| bad("no status line"))?;
        let mut reply = Self { status, ..Self::default() };
        loop {
            let field = next(from)?;
            if field.is_empty() {
                break;
            }
            let (name, value) = field.split_once(':').ok_or_else(|| bad("no field"))?;
            if reply.headers.len() == LINES {
                return Err(bad("too many fields"));
            }
            reply.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if status == 204 || status == 304 {
            return Ok(reply);
        }
        let length = reply.header("content-length").and_then(|n| n.parse().ok());
        let length: usize = length.filter(|n| *n <= BODY).ok_or_else(|| bad("no length"))?;
        reply.body = vec![0; length];
        from.read_exact(&mut reply.body)?;
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn read(text: &str) -> io::Result<Reply> {
        Reply::read(&mut text.as_bytes())
    }

    #[test]
    fn answers_are_read_by_their_length() {
        let mut two =
            "HTTP/1.1 201 Created\r\nETag: \"7\"\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n"
                .as_bytes();
        let first = Reply::read(&mut two).unwrap();
        assert_eq!((first.status, first.header("etag"), first.body.as_slice()), (201, Some("\"7\""), &b"{}"[..]));
        assert_eq!(Reply::read(&mut two).unwrap().status, 204);
        for bad in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "x\r\n\r\n"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}").is_err(), "cut off");
    }

    #[test]
    fn a_connection_is_kept_until_it_breaks() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answers in [2, 1] {
                let (stream, _) = listener.accept().unwrap();
                let mut stream = BufReader::new(stream);
                for _ in 0..answers {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    asked.push(line.trim().to_owned());
                    while line != "\r\n" {
                        line.clear();
                        stream.read_line(&mut line).unwrap();
                    }
                    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                }
            }
            asked
        });
        let mut client = Client::new(address, "alice", "secret");
        assert_eq!(client.call("GET", "/a", &[], b"").unwrap().status, 200);
        assert_eq!(client.call("GET", "/b", &[], b"").unwrap().status, 200);
        // The first connection is over: this one is lost, and the next begins another.
        assert!(client.call("GET", "/lost", &[], b"").is_err());
        assert_eq!(client.call("GET", "/c", &[], b"").unwrap().status, 200);
        assert_eq!(server.join().unwrap(), ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET /c HTTP/1.1"]);
    }
}
