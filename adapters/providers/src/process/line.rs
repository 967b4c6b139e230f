//! The gateway's end of a hold's socket.

use std::io;
use std::os::fd::AsRawFd as _;

use rustix::fs::OFlags;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use crate::workspace::{SOCKET, Workspace};

/// What a hold says of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It runs under that number.
    Running(i32),
    /// It runs under that number, and is being ended.
    Stopping(i32),
    /// It ended with that status.
    Ended(i32),
}

/// Longest answer, in octets.
const LONGEST: u64 = 64;

/// Asks the hold of that workspace one thing. An error means that there is no hold, as [`is_gone`] tells, or that it
/// cannot be reached now.
pub(super) async fn ask(workspace: &Workspace, word: &str) -> io::Result<Said> {
    let mut stream = BufReader::new(open(workspace).await?);
    stream.write_all(format!("{word}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_line(&mut answer).await?;
    read(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the hold went without an answer"))
}

/// Whether that error means that nobody listens, or that whoever did is gone.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotADirectory, NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | NotADirectory | ConnectionRefused | ConnectionReset | BrokenPipe | UnexpectedEof)
}

/// The address of a socket has room for 108 octets (unix(7)), a path has more: the folder is opened first and named
/// by its descriptor.
async fn open(workspace: &Workspace) -> io::Result<UnixStream> {
    #[expect(clippy::cast_possible_wrap, reason = "the flags of open(2) are an int there and unsigned here")]
    let flags = (OFlags::PATH | OFlags::DIRECTORY).bits() as i32;
    let folder = tokio::fs::OpenOptions::new().read(true).custom_flags(flags).open(workspace.control()).await?;
    UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())).await
}

fn read(answer: &str) -> Option<Said> {
    match answer.strip_suffix('\n')?.split_once(' ')? {
        ("running", pid) => pid.parse().ok().map(Said::Running),
        ("stopping", pid) => pid.parse().ok().map(Said::Stopping),
        ("ended", status) => status.parse().ok().map(Said::Ended),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_without_descriptors_takes_nobody_for_gone() {
        use rustix::io::Errno;
        let is_gone = |errno: Errno| is_gone(&errno.into());
        assert!([Errno::NOENT, Errno::CONNREFUSED, Errno::PIPE, Errno::CONNRESET].into_iter().all(is_gone));
        assert!(![Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN, Errno::ACCESS].into_iter().any(is_gone));
    }

    #[test]
    fn answers_are_read_and_nothing_else() {
        assert_eq!(read("running 42\n"), Some(Said::Running(42)));
        assert_eq!(read("stopping 42\n"), Some(Said::Stopping(42)));
        assert_eq!(read("ended -1\n"), Some(Said::Ended(-1)));
        for bad in ["", "running 42", "running\n", "ended x\n", "what? say: status\n"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
