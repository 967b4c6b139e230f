//! Where words go: results to standard output, everything else to standard error.
//!
//! A result may be kept in a file, so half of it is an error. Whoever reads it from a pipe may leave early, as `head`
//! does, and nobody has to hear what goes to standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};

use strowger_speech::escaped;

use crate::exit::{Failure, GENERAL};

/// A result, and a line end.
pub(crate) fn say(text: impl Display) -> Result<(), Failure> {
    result(|out| Ok(writeln!(out, "{text}")?))
}

/// A result of many parts, to standard output.
pub(crate) fn result(write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    to(io::stdout().lock(), write)
}

/// A word on the way, or a complaint.
pub(crate) fn complain(text: impl Display) {
    let _nobody_reads = writeln!(io::stderr().lock(), "{}", harmless(&text.to_string()));
}

/// The lines of a text that others wrote, with escapes for what would act on the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

fn to(out: impl Write, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut out = Out { to: BufWriter::new(out), failed: None };
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    match (out.failed, written) {
        (Some(ErrorKind::BrokenPipe), _) => Ok(()),
        (Some(_), Err(why)) => Err(Failure::new(GENERAL, format!("standard output cannot be written: {why}"))),
        (Some(_) | None, written) => written,
    }
}

/// Knows whether it was the output that failed, whatever the error was made into.
struct Out<W> {
    to: W,
    failed: Option<ErrorKind>,
}

impl<W> Out<W> {
    fn seen<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| self.failed = Some(error.kind()))
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let done = self.to.write(octets);
        self.seen(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.flush();
        self.seen(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing.
    struct Refuses(ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_result_that_is_not_written_is_an_error_and_a_reader_that_left_is_none() {
        for length in [1, 100_000] {
            let all = |out: &mut dyn Write| Ok(out.write_all(&vec![b'x'; length])?);
            let full = to(Refuses(ErrorKind::StorageFull), all).unwrap_err();
            assert_eq!(full.code, GENERAL);
            assert!(full.text.starts_with("standard output cannot be written: "), "{full}");
            assert_eq!(to(Refuses(ErrorKind::BrokenPipe), all), Ok(()));
            assert_eq!(to(io::sink(), all), Ok(()));
        }
        let own = Failure::from(io::Error::from(ErrorKind::BrokenPipe));
        assert_eq!(to(io::sink(), |_| Err(own.clone())), Err(own.clone()), "not the output's");
    }
}
