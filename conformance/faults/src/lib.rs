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

use std::ffi::{CStr, CString};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{c_char, c_int, c_long, c_void, iovec, mode_t, off_t, size_t, ssize_t};

use log::Entry;

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

fn fail(error: c_int) -> c_int {
    // SAFETY: errno is this thread's own.
    unsafe { *libc::__errno_location() = error };
    -1
}

/// What the kernel answered, as the C library would give it back.
fn answered(result: c_long) -> ssize_t {
    // `libc::syscall` has set errno already.
    result as ssize_t
}

/// See write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, octets: *const c_void, length: size_t) -> ssize_t {
    match before_write(fd, None, length) {
        Verdict::Fails(error) => fail(error) as ssize_t,
        // SAFETY: the caller's own buffer and length, or less of it.
        Verdict::Whole => answered(unsafe { libc::syscall(libc::SYS_write, fd, octets, length) }),
        Verdict::Half => {
            // SAFETY: as above.
            unsafe { libc::syscall(libc::SYS_write, fd, octets, length / 2) };
            fail(libc::EIO) as ssize_t
        }
    }
}

/// See pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, octets: *const c_void, length: size_t, offset: off_t) -> ssize_t {
    match before_write(fd, u64::try_from(offset).ok(), length) {
        Verdict::Fails(error) => fail(error) as ssize_t,
        // SAFETY: the caller's own buffer and length, or less of it.
        Verdict::Whole => answered(unsafe { libc::syscall(libc::SYS_pwrite64, fd, octets, length, offset) }),
        Verdict::Half => {
            // SAFETY: as above.
            unsafe { libc::syscall(libc::SYS_pwrite64, fd, octets, length / 2, offset) };
            fail(libc::EIO) as ssize_t
        }
    }
}

/// See pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, octets: *const c_void, length: size_t, offset: off_t) -> ssize_t {
    // SAFETY: the same word under its other name.
    unsafe { pwrite(fd, octets, length, offset) }
}

/// See writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let length = usize::try_from(count).map_or(0, |count| {
        // SAFETY: the caller gives so many parts.
        unsafe { std::slice::from_raw_parts(parts, count) }.iter().map(|part| part.iov_len).sum()
    });
    match before_write(fd, None, length) {
        Verdict::Fails(error) => fail(error) as ssize_t,
        // SAFETY: the caller's own parts.
        Verdict::Whole => answered(unsafe { libc::syscall(libc::SYS_writev, fd, parts, count) }),
        Verdict::Half => {
            // SAFETY: the first of the caller's own parts.
            unsafe { libc::syscall(libc::SYS_writev, fd, parts, (count / 2).max(1)) };
            fail(libc::EIO) as ssize_t
        }
    }
}

/// See ftruncate(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    if let Some(setting) = setting()
        && setting.watched(fd).is_some()
    {
        let (size, to) = (length_of(fd), u64::try_from(length).unwrap_or(0));
        if setting.says().full && to > size {
            return fail(libc::ENOSPC);
        }
        let mut state = setting.lock();
        let before = read_at(fd, to, usize::try_from(size.saturating_sub(to)).unwrap_or(0));
        setting.note(&mut state, &Entry::Content { inode: inode_of(fd), length: size, offset: to, before });
    }
    // SAFETY: plain numbers.
    answered(unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) }) as c_int
}

/// See ftruncate(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    // SAFETY: the same word under its other name.
    unsafe { ftruncate(fd, length) }
}

/// See fallocate(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate(fd: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int {
    if let Some(setting) = setting()
        && setting.watched(fd).is_some()
    {
        if setting.says().full {
            return fail(libc::ENOSPC);
        }
        let mut state = setting.lock();
        let size = length_of(fd);
        let entry = Entry::Content { inode: inode_of(fd), length: size, offset: size, before: Vec::new() };
        setting.note(&mut state, &entry);
    }
    // SAFETY: plain numbers.
    answered(unsafe { libc::syscall(libc::SYS_fallocate, fd, mode, offset, length) }) as c_int
}

/// See fallocate(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate64(fd: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int {
    // SAFETY: the same word under its other name.
    unsafe { fallocate(fd, mode, offset, length) }
}

fn sync(fd: c_int, word: c_long) -> c_int {
    let Some(setting) = setting().filter(|setting| setting.watched(fd).is_some()) else {
        // SAFETY: a plain number.
        return answered(unsafe { libc::syscall(word, fd) }) as c_int;
    };
    let control = setting.says();
    if control.slow > 0 {
        let time = libc::timespec { tv_sec: control.slow / 1000, tv_nsec: control.slow % 1000 * 1_000_000 };
        // SAFETY: the time is ours and outlives the call.
        unsafe { libc::syscall(libc::SYS_nanosleep, &raw const time, std::ptr::null::<c_void>()) };
    }
    if control.eio_sync {
        return fail(libc::EIO);
    }
    if control.no_sync {
        return 0;
    }
    let before = setting.lock().0;
    // SAFETY: a plain number.
    let result = unsafe { libc::syscall(word, fd) };
    if result == 0 {
        setting.note(&mut setting.lock(), &Entry::Synced { inode: inode_of(fd), before });
    }
    answered(result) as c_int
}

/// See fsync(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fsync)
}

/// See fdatasync(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fdatasync)
}

/// See openat(2). The last argument comes in a register whether it is one of a list or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    if let Some(setting) = setting()
        && flags & (libc::O_CREAT | libc::O_TRUNC) != 0
        // SAFETY: the caller's path ends with a zero octet.
        && let Some(whole) = whole_path(folder, unsafe { CStr::from_ptr(path) })
        && setting.covers(&whole)
        && let Err(error) = before_open(setting, &whole, flags)
    {
        return fail(error);
    }
    // SAFETY: the caller's own arguments.
    answered(unsafe { libc::syscall(libc::SYS_openat, folder, path, flags, mode) }) as c_int
}

fn before_open(setting: &Setting, path: &[u8], flags: c_int) -> Result<(), c_int> {
    let Ok(c) = CString::new(path) else { return Ok(()) };
    let old = open_raw(&c, libc::O_RDONLY | libc::O_CLOEXEC, 0);
    let mut state = setting.lock();
    if old < 0 {
        if flags & libc::O_CREAT != 0 {
            if setting.says().full {
                return Err(libc::ENOSPC);
            }
            setting.note(&mut state, &Entry::Made { folder: folder_inode(path), path: path.to_vec() });
        }
    } else {
        let size = length_of(old);
        if flags & libc::O_TRUNC != 0 && size > 0 {
            let before = read_at(old, 0, usize::try_from(size).unwrap_or(0));
            setting.note(&mut state, &Entry::Content { inode: inode_of(old), length: size, offset: 0, before });
        }
        close_raw(old);
    }
    Ok(())
}

/// See openat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same word under its other name.
    unsafe { openat(folder, path, flags, mode) }
}

/// See open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's own arguments.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

/// See open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's own arguments.
    unsafe { openat(libc::AT_FDCWD, path, flags, mode) }
}

/// See mkdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's path ends with a zero octet.
    if let (Some(setting), Some(whole)) = (setting(), whole_path(libc::AT_FDCWD, unsafe { CStr::from_ptr(path) }))
        && setting.covers(&whole)
        && CString::new(whole.clone()).is_ok_and(|c| inode_at(&c) == 0)
    {
        let entry = Entry::Made { folder: folder_inode(&whole), path: whole };
        setting.note(&mut setting.lock(), &entry);
    }
    // SAFETY: the caller's own arguments.
    answered(unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, path, mode) }) as c_int
}

/// See unlinkat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    if let Some(setting) = setting()
        && flags & libc::AT_REMOVEDIR == 0
        // SAFETY: the caller's path ends with a zero octet.
        && let Some(whole) = whole_path(folder, unsafe { CStr::from_ptr(path) })
        && setting.covers(&whole)
    {
        let mut state = setting.lock();
        let saved = setting.save(&mut state, &whole);
        if !saved.is_empty() {
            setting.note(&mut state, &Entry::Unlinked { folder: folder_inode(&whole), path: whole, saved });
        }
    }
    // SAFETY: the caller's own arguments.
    answered(unsafe { libc::syscall(libc::SYS_unlinkat, folder, path, flags) }) as c_int
}

/// See unlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller's own argument.
    unsafe { unlinkat(libc::AT_FDCWD, path, 0) }
}

/// See renameat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
) -> c_int {
    // SAFETY: the caller's paths end with a zero octet.
    let (old, new) = unsafe { (CStr::from_ptr(from), CStr::from_ptr(to)) };
    if let (Some(setting), Some(old), Some(new)) = (setting(), whole_path(from_folder, old), whole_path(to_folder, new))
        && setting.covers(&new)
    {
        let mut state = setting.lock();
        let saved = setting.save(&mut state, &new);
        let entry = Entry::Renamed { folder: folder_inode(&new), from: old, to: new, saved };
        setting.note(&mut state, &entry);
    }
    // SAFETY: the caller's own arguments.
    answered(unsafe { libc::syscall(libc::SYS_renameat2, from_folder, from, to_folder, to, 0) }) as c_int
}

/// See rename(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's own arguments.
    unsafe { renameat(libc::AT_FDCWD, from, libc::AT_FDCWD, to) }
}

fn open_raw(path: &CStr, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the path ends with a zero octet.
    unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, mode) as c_int }
}

fn mkdir_raw(path: &CStr) {
    // SAFETY: the path ends with a zero octet.
    unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, path.as_ptr(), 0o700) };
}

fn close_raw(fd: c_int) {
    // SAFETY: the descriptor is ours.
    unsafe { libc::syscall(libc::SYS_close, fd) };
}

fn write_raw(fd: c_int, mut octets: &[u8]) {
    while !octets.is_empty() {
        // SAFETY: the buffer is as long as it says.
        let written = unsafe { libc::syscall(libc::SYS_write, fd, octets.as_ptr(), octets.len()) };
        let Some(rest) = usize::try_from(written).ok().filter(|n| *n > 0).and_then(|n| octets.get(n..)) else { return };
        octets = rest;
    }
}

fn stat_of(fd: c_int) -> libc::stat {
    // SAFETY: a stat is plain numbers; zeros are one.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills a whole stat.
    unsafe { libc::syscall(libc::SYS_fstat, fd, &raw mut stat) };
    stat
}

fn length_of(fd: c_int) -> u64 {
    u64::try_from(stat_of(fd).st_size).unwrap_or(0)
}

fn inode_of(fd: c_int) -> u64 {
    stat_of(fd).st_ino
}

fn inode_at(path: &CStr) -> u64 {
    let fd = open_raw(path, libc::O_PATH | libc::O_CLOEXEC, 0);
    if fd < 0 {
        return 0;
    }
    let inode = inode_of(fd);
    close_raw(fd);
    inode
}

fn folder_inode(path: &[u8]) -> u64 {
    let end = path.iter().rposition(|octet| *octet == b'/').unwrap_or(0);
    CString::new(path.get(..end).unwrap_or_default()).map_or(0, |folder| inode_at(&folder))
}

/// Where the next write of this descriptor goes.
fn position_of(fd: c_int, size: u64) -> u64 {
    // SAFETY: plain numbers.
    let (flags, at) = unsafe {
        (libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL), libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR))
    };
    if flags & c_long::from(libc::O_APPEND) != 0 { size } else { u64::try_from(at).unwrap_or(size) }
}

/// Reads through a descriptor of its own: the process's may be for writing alone.
fn read_at(fd: c_int, offset: u64, length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    if length == 0 {
        return octets;
    }
    let Ok(path) = CString::new(format!("/proc/self/fd/{fd}")) else { return Vec::new() };
    let own = open_raw(&path, libc::O_RDONLY | libc::O_CLOEXEC, 0);
    // SAFETY: the buffer is as long as it says.
    let read = unsafe { libc::syscall(libc::SYS_pread64, own, octets.as_mut_ptr(), length, offset) };
    close_raw(own);
    octets.truncate(usize::try_from(read).unwrap_or(0));
    octets
}

fn path_of(fd: c_int) -> Option<Vec<u8>> {
    let link = CString::new(format!("/proc/self/fd/{fd}")).ok()?;
    let mut path = [0u8; 4096];
    // SAFETY: the buffer is as long as it says.
    let length =
        unsafe { libc::syscall(libc::SYS_readlinkat, libc::AT_FDCWD, link.as_ptr(), path.as_mut_ptr(), path.len()) };
    path.get(..usize::try_from(length).ok()?).map(<[u8]>::to_vec)
}

/// The whole path that a word was said with.
fn whole_path(folder: c_int, path: &CStr) -> Option<Vec<u8>> {
    let said = path.to_bytes();
    if said.first() == Some(&b'/') {
        return Some(said.to_vec());
    }
    let base = if folder == libc::AT_FDCWD {
        let mut here = [0u8; 4096];
        // SAFETY: the buffer is as long as it says.
        let length = unsafe { libc::syscall(libc::SYS_getcwd, here.as_mut_ptr(), here.len()) };
        here.get(..usize::try_from(length).ok()?.saturating_sub(1))?.to_vec()
    } else {
        path_of(folder)?
    };
    Some([base.as_slice(), b"/", said].concat())
}
