//! MML as a program speaks it: a command, its reports, the next command.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Result;

/// A report that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longest line, and most of one report.
const LINE: u64 = 128 << 10;
const LINES: usize = 100_000;

/// One connection.
#[derive(Debug)]
pub struct Mml {
    stream: BufReader<TcpStream>,
}

/// All reports of one command.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// RETCODE; 0: done.
    pub code: u32,
    /// Everything in them, with the ends of lines as this machine has them.
    pub text: String,
    /// The texts of the progress before the end.
    pub progress: Vec<String>,
}

impl Mml {
    /// Connects; nobody is logged in.
    ///
    /// # Errors
    /// That it cannot.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Gives a command and waits for the last of its reports.
    ///
    /// # Errors
    /// A connection that ends or stays silent.
    pub fn say(&mut self, command: &str) -> Result<Report> {
        self.write(command.as_bytes())?;
        Ok(self.report()?)
    }

    /// Writes octets as they are.
    ///
    /// # Errors
    /// A connection that ended.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// Reads the reports of one command to the last.
    ///
    /// # Errors
    /// A connection that ends or stays silent.
    pub fn report(&mut self) -> io::Result<Report> {
        let mut report = Report::default();
        let (mut code, mut more) = (None, false);
        for _ in 0..LINES {
            let mut line = Vec::new();
            (&mut self.stream).take(LINE).read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            report.text.push_str(&line);
            report.text.push('\n');
            if let Some(said) = line.strip_prefix("RETCODE = ") {
                code = said.split(' ').next().and_then(|number| number.parse().ok());
            } else if let Some(said) = line.strip_prefix("PROGRESS = ") {
                report.progress.push(said.to_owned());
            } else if line == "To be continued..." {
                more = true;
            } else if line == "---    END" {
                match code {
                    Some(code) if !more => {
                        report.code = code;
                        return Ok(report);
                    }
                    _ => more = false,
                }
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Reads to the end of the connection; an end that is cut is an end.
    ///
    /// # Errors
    /// That it stays open and silent.
    pub fn rest(&mut self) -> io::Result<String> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            Ok(_) | Err(_) => Ok(String::from_utf8_lossy(&rest).into_owned()),
        }
    }
}

impl Report {
    /// The value of a field shown, without the quotes of a text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (found, value) = line.split_once('=')?;
            (found.trim() == name).then(|| value.trim().trim_matches('"'))
        })
    }
}
