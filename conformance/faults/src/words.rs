//! The C library's words that change files, each as the kernel does it and with what the faults make of it.

use std::ffi::{CStr, CString};

use libc::{c_char, c_int, c_long, c_void, iovec, mode_t, off_t, size_t, ssize_t};

use crate::log::Entry;
use crate::raw::{close_raw, folder_inode, inode_at, inode_of, length_of, open_raw, read_at, whole_path};
use crate::{Setting, Verdict, before_write, setting};

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
