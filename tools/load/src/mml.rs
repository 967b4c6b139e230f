//! An MML client: one command, one report.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A report that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longest line, and most of one report.
const LINE: u64 = 65_536;
const LINES: usize = 100_000;

/// One session.
pub(crate) struct Terminal {
    stream: BufReader<TcpStream>,
    /// Our own end, as the gateway's records name it.
    pub(crate) name: String,
}

/// One report.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// 0: done.
    pub(crate) code: u32,
    /// Everything in it.
    pub(crate) text: String,
}

impl Terminal {
    /// Connects and logs in.
    pub(crate) fn open(address: SocketAddr, user: &str, secret: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let name = stream.local_addr()?.to_string();
        let mut this = Self { stream: BufReader::new(stream), name };
        let report = this.say(&format!("LGI: OP=\"{user}\", PWD=\"{secret}\";"))?;
        match report.code {
            0 => Ok(this),
            // Too much at once, or not just now.
            1_429 | 1_503 | 1_507 => Err(io::Error::new(io::ErrorKind::ResourceBusy, report.text)),
            _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, report.text)),
        }
    }

    /// Gives a command and waits for its report. An error says nothing of whether it was heard.
    pub(crate) fn say(&mut self, command: &str) -> io::Result<Report> {
        self.stream.get_mut().write_all(command.as_bytes())?;
        Report::read(&mut self.stream)
    }
}

impl Report {
    /// Reads one report, its progress before it.
    pub(crate) fn read(from: &mut impl io::BufRead) -> io::Result<Self> {
        let mut report = Self::default();
        let mut code = None;
        let mut line = String::new();
        for _ in 0..LINES {
            line.clear();
            from.take(LINE).read_line(&mut line)?;
            if !line.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(said) = line.strip_prefix("RETCODE = ") {
                code = said.split(' ').next().and_then(|n| n.trim().parse().ok());
            }
            report.text.push_str(&line);
            if line.trim_end() == "---    END"
                && let Some(code) = code
            {
                report.code = code;
                return Ok(report);
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// The value of a field shown.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (found, value) = line.split_once('=')?;
            (found.trim() == name).then(|| value.trim())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_behind_their_progress() {
        let mut said = concat!(
            "\r\n+++    GW        2026-11-25 03:06:55+00:00\r\nO&M    #2\r\n%%ADD ORDER: NAME=\"m-1\";%%\r\n",
            "PROGRESS = 1/2  process started\r\nTo be continued...\r\n---    END\r\n",
            "+++    GW        2026-11-25 03:06:55+00:00\r\nO&M    #2\r\nRETCODE = 0  Operation succeeded\r\n\r\n",
            "REVISION         =  24\r\nSTATE  =  COMPLETED\r\n\r\n---    END\r\n",
            "RETCODE = 1503  too much\r\n---    END\r\n"
        )
        .as_bytes();
        let first = Report::read(&mut said).unwrap();
        assert_eq!((first.code, first.field("REVISION"), first.field("STATE")), (0, Some("24"), Some("COMPLETED")));
        assert_eq!(Report::read(&mut said).unwrap().code, 1_503);
        assert!(Report::read(&mut said).is_err());
    }
}
