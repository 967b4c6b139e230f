//! A connection to the MML door: one command, and its reports as they come.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use strowger_primitive::Schema;
use strowger_speech::{Act, Bad};

use super::Options;
use crate::exit::{Failure, GENERAL, NO_CONNECTION};
use crate::say::{complain, say};

/// Longest line of a report that is read whole, in octets.
const LONGEST: u64 = 1 << 20;

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// The connection.
pub(super) struct Line<'a> {
    schema: &'a Schema,
    stream: BufReader<Box<dyn Stream>>,
    open: bool,
    interrupt: Interrupt,
}

/// Stops the command under way. TLS has one state for both directions, so there the second Ctrl-C ends the terminal.
#[derive(Clone)]
pub(super) struct Interrupt {
    plain: Option<Arc<TcpStream>>,
    under_way: Arc<AtomicBool>,
}

/// Telnet's interrupt as typed (RFC 20: ETX).
const ETX: [u8; 1] = [3];
/// The exit code of a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

impl Interrupt {
    pub(super) fn send(&self) {
        match &self.plain {
            Some(stream) if self.under_way.load(Ordering::Acquire) => {
                // Where the line is broken, whoever reads from it finds out.
                let _sent = (&**stream).write_all(&ETX);
            }
            Some(_) | None => std::process::exit(INTERRUPTED),
        }
    }
}

/// Whether a text holds white space and comments alone: the door answers nothing to it.
pub(super) fn says_nothing(schema: &Schema, text: &str) -> bool {
    matches!(strowger_speech::parse(schema, text), Err(Bad::Empty))
}

impl<'a> Line<'a> {
    pub(super) fn open(schema: &'a Schema, options: &Options) -> Result<Self, Failure> {
        let address = options.address.as_str();
        let tcp = TcpStream::connect(address).map_err(|error| {
            let text = format!("no MML door answers at {address}: {error}\nStart a gateway with: strowger serve");
            Failure::new(NO_CONNECTION, text)
        })?;
        let near = tcp.peer_addr()?.ip().is_loopback();
        let plain = if options.tls { None } else { Some(Arc::new(tcp.try_clone()?)) };
        let stream: Box<dyn Stream> = if options.tls {
            Box::new(secured(tcp, options)?)
        } else {
            if options.password.is_some() && !near {
                return Err(Failure::usage("a password is not sent where others may read it; use --tls"));
            }
            Box::new(tcp)
        };
        let interrupt = Interrupt { plain, under_way: Arc::default() };
        Ok(Self { schema, stream: BufReader::new(stream), open: true, interrupt })
    }

    /// Whether commands can still be sent.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// What Ctrl-C does.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Sends a command and prints what is said until it is answered; whether its RETCODE is 0.
    pub(super) fn ask(&mut self, command: &str) -> Result<bool, Failure> {
        Ok(self.retcode(command)? == Some(0))
    }

    /// Asks; the RETCODE, unless the connection ends before.
    pub(super) fn retcode(&mut self, command: &str) -> Result<Option<u16>, Failure> {
        let parsed = strowger_speech::parse(self.schema, command);
        if matches!(parsed, Err(Bad::Empty)) {
            return Ok(Some(0));
        }
        self.interrupt.under_way.store(true, Ordering::Release);
        let done = self.answered(command);
        self.interrupt.under_way.store(false, Ordering::Release);
        if parsed.is_ok_and(|command| matches!(command.act, Act::LogOut)) {
            self.open = false;
        }
        done
    }

    fn answered(&mut self, command: &str) -> Result<Option<u16>, Failure> {
        let stream = self.stream.get_mut();
        stream.write_all(command.as_bytes()).and_then(|()| stream.flush()).map_err(|error| cut(&error))?;
        let mut report = Report::default();
        while let Some(line) = self.next()? {
            say(&line)?;
            if let Some(code) = report.read(&line) {
                return Ok(Some(code));
            }
        }
        complain("the gateway closed the connection");
        Ok(None)
    }

    /// Takes leave.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        if self.open {
            self.ask("LGO:;")?;
            self.open = false;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut octets = Vec::new();
        let read = self.stream.by_ref().take(LONGEST).read_until(b'\n', &mut octets);
        if read.map_err(|error| cut(&error))? == 0 {
            self.open = false;
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&octets).trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// Where a report stands, line by line.
#[derive(Default)]
struct Report {
    code: Option<u16>,
    more: bool,
}

impl Report {
    /// The RETCODE of a command, at the last line of its last report. A notice has none and ends nothing.
    fn read(&mut self, line: &str) -> Option<u16> {
        if let Some(code) = line.strip_prefix("RETCODE = ") {
            self.code = code.split(' ').next().and_then(|code| code.parse().ok());
        } else if line == "To be continued..." {
            self.more = true;
        } else if line == "---    END" {
            let done = std::mem::take(self);
            return done.code.filter(|_| !done.more);
        }
        None
    }
}

fn secured(tcp: TcpStream, options: &Options) -> Result<StreamOwned<ClientConnection, TcpStream>, Failure> {
    let Some(path) = &options.ca else {
        return Err(Failure::usage("--tls needs --ca FILE: the certificates to trust"));
    };
    let bad = |error: String| Failure::usage(format!("--ca {}: {error}", path.display()));
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))? {
        roots.add(root.map_err(|error| bad(error.to_string()))?).map_err(|error| bad(error.to_string()))?;
    }
    let wrong = |error: rustls::Error| Failure::new(GENERAL, format!("TLS: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(wrong)?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let host = options.address.rsplit_once(':').map_or(options.address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| Failure::usage(format!("the address: {error}")))?;
    Ok(StreamOwned::new(ClientConnection::new(Arc::new(config), name).map_err(wrong)?, tcp))
}

fn cut(error: &std::io::Error) -> Failure {
    Failure::new(NO_CONNECTION, format!("the connection broke: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<u16> {
        let mut report = Report::default();
        text.lines().filter_map(|line| report.read(line)).collect()
    }

    #[test]
    fn only_the_last_report_of_a_command_ends_it() {
        let notice = "+++\nNOTICE\nthe gateway stops\n---    END\n";
        let part = "+++\nRETCODE = 0  Operation succeeded\nTo be continued...\n---    END\n";
        let last = "+++\n%%RETCODE = 1%%\nRETCODE = 0  Operation succeeded\n---    END\n";
        let refused = "+++\nRETCODE = 3404  no offer\n---    END\n";
        assert_eq!(read(&[notice, part, notice, last, refused].concat()), [0, 3404]);
    }
}
