//! Faults for a process under test, by `LD_PRELOAD`: a disk that is full, fails, is slow, tears writes, and forgets
//! what was not synced when the power goes.
//!
//! | variable | what |
//! |---|---|
//! | `STROWGER_FAULTS` | a folder of its own, on the file system of what is watched: log, second links, control |
//! | `STROWGER_FAULTS_UNDER` | the folder that is watched; everything else is left alone |
//!
//! Each change under the watched folder is written to an undo log before it is done, with what was there before. After
//! the process is killed, `strowger-power-cut` takes back what no `fsync` or `fdatasync` covered: octets until their
//! file is synced, names until their folder is.
//!
//! The file `control` in the folder says what else happens, a word a line, and may change while the process runs:
//! `full` (ENOSPC for what grows a file), `eio` (EIO for writes), `eio-sync` (EIO for syncs), `torn` (half a write, then
//! EIO), `slow N` (each sync takes N ms more), `no-sync` (syncs do nothing and say they did: a disk that lies).
//!
//! Everything here goes to the kernel by itself: the C library's words are the ones that are replaced.

#![allow(unsafe_code, reason = "it replaces the C library's words")]
#![allow(clippy::missing_safety_doc, reason = "the C library documents its words")]

mod log;
mod raw;
mod words;

use std::ffi::{CStr, CString};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::c_int;

use log::Entry;
use raw::{close_raw, inode_of, length_of, mkdir_raw, open_raw, path_of, position_of, read_at, write_raw};

/// What the environment says.
struct Setting {
    under: Vec<u8>,
    saved: Vec<u8>,
    control: CString,
    log: c_int,
    /// Position in the log, and the next second link.
    state: Mutex<(u64, u64)>,
}

static SETTING: OnceLock<Option<Setting>> = OnceLock::new();

fn setting() -> Option<&'static Setting> {
    SETTING
        .get_or_init(|| {
            let variable = |name: &CStr| {
                // SAFETY: the name ends with a zero octet; the value is copied at once.
                let value = unsafe { libc::getenv(name.as_ptr()) };
                // SAFETY: the C library's strings end with a zero octet.
                (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
            };
            let folder = variable(c"STROWGER_FAULTS")?;
            let under = variable(c"STROWGER_FAULTS_UNDER")?;
            let inside = |name: &str| [folder.as_slice(), b"/", name.as_bytes()].concat();
            let saved = inside(log::SAVED);
            let c = |path: Vec<u8>| CString::new(path).ok();
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
            let log = open_raw(&c(inside(log::UNDO))?, flags, 0o600);
            mkdir_raw(&c(saved.clone())?);
            let list = open_raw(&c(inside("under"))?, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, 0o600);
            write_raw(list, &under);
            close_raw(list);
            let size = length_of(log);
            (log >= 0).then(|| Setting {
                under,
                saved,
                control: CString::new(inside(log::CONTROL)).unwrap_or_default(),
                log,
                state: Mutex::new((size, size)),
            })
        })
        .as_ref()
}

impl Setting {
    fn lock(&self) -> MutexGuard<'_, (u64, u64)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an entry while the lock is held, so that the log's order is the order of what is done.
    fn note(&self, state: &mut (u64, u64), entry: &Entry) {
        let octets = entry.write();
        write_raw(self.log, &octets);
        state.0 += octets.len() as u64;
    }

    /// The path of a file that is watched.
    fn watched(&self, fd: c_int) -> Option<Vec<u8>> {
        path_of(fd).filter(|path| self.covers(path))
    }

    fn covers(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.under.as_slice()).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
    }

    /// A second link to `path`; empty where there is nothing to keep.
    fn save(&self, state: &mut (u64, u64), path: &[u8]) -> Vec<u8> {
        state.1 += 1;
        let saved = [self.saved.as_slice(), b"/", state.1.to_string().as_bytes()].concat();
        let (Ok(from), Ok(to)) = (CString::new(path), CString::new(saved.clone())) else { return Vec::new() };
        // SAFETY: both paths end with a zero octet.
        let linked =
            unsafe { libc::syscall(libc::SYS_linkat, libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), 0) };
        if linked == 0 { saved } else { Vec::new() }
    }

    fn says(&self) -> Control {
        let fd = open_raw(&self.control, libc::O_RDONLY | libc::O_CLOEXEC, 0);
        if fd < 0 {
            return Control::default();
        }
        let mut text = [0u8; 256];
        // SAFETY: the buffer is as long as it says.
        let read = unsafe { libc::syscall(libc::SYS_read, fd, text.as_mut_ptr(), text.len()) };
        close_raw(fd);
        let text = usize::try_from(read).ok().and_then(|n| text.get(..n)).unwrap_or_default();
        let mut control = Control::default();
        for line in String::from_utf8_lossy(text).lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("full", _) => control.full = true,
                ("eio", _) => control.eio = true,
                ("eio-sync", _) => control.eio_sync = true,
                ("torn", _) => control.torn = true,
                ("no-sync", _) => control.no_sync = true,
                ("slow", ms) => control.slow = ms.parse().unwrap_or(0),
                _ => {}
            }
        }
        control
    }
}

/// What the control file says.
#[derive(Clone, Copy, Default)]
struct Control {
    full: bool,
    eio: bool,
    eio_sync: bool,
    torn: bool,
    no_sync: bool,
    slow: i64,
}

/// What becomes of a write.
enum Verdict {
    Whole,
    Half,
    Fails(c_int),
}

/// Notes what a write of `length` octets at `offset` overwrites, and decides what becomes of it.
fn before_write(fd: c_int, offset: Option<u64>, length: usize) -> Verdict {
    let Some(setting) = setting() else { return Verdict::Whole };
    if setting.watched(fd).is_none() {
        return Verdict::Whole;
    }
    let control = setting.says();
    let size = length_of(fd);
    let offset = offset.unwrap_or_else(|| position_of(fd, size));
    if control.full && offset.saturating_add(length as u64) > size {
        return Verdict::Fails(libc::ENOSPC);
    }
    if control.eio {
        return Verdict::Fails(libc::EIO);
    }
    let mut state = setting.lock();
    let before = read_at(fd, offset, length.min(usize::try_from(size.saturating_sub(offset)).unwrap_or(0)));
    setting.note(&mut state, &Entry::Content { inode: inode_of(fd), length: size, offset, before });
    drop(state);
    if control.torn && length > 1 { Verdict::Half } else { Verdict::Whole }
}
