//! What the kernel is asked by itself: the C library's words are replaced.

use std::ffi::{CStr, CString};

use libc::{c_int, c_long, mode_t};

pub(crate) fn open_raw(path: &CStr, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the path ends with a zero octet.
    unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, mode) as c_int }
}

pub(crate) fn mkdir_raw(path: &CStr) {
    // SAFETY: the path ends with a zero octet.
    unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, path.as_ptr(), 0o700) };
}

pub(crate) fn close_raw(fd: c_int) {
    // SAFETY: the descriptor is ours.
    unsafe { libc::syscall(libc::SYS_close, fd) };
}

pub(crate) fn write_raw(fd: c_int, mut octets: &[u8]) {
    while !octets.is_empty() {
        // SAFETY: the buffer is as long as it says.
        let written = unsafe { libc::syscall(libc::SYS_write, fd, octets.as_ptr(), octets.len()) };
        let Some(rest) = usize::try_from(written).ok().filter(|n| *n > 0).and_then(|n| octets.get(n..)) else { return };
        octets = rest;
    }
}

pub(crate) fn stat_of(fd: c_int) -> libc::stat {
    // SAFETY: a stat is plain numbers; zeros are one.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills a whole stat.
    unsafe { libc::syscall(libc::SYS_fstat, fd, &raw mut stat) };
    stat
}

pub(crate) fn length_of(fd: c_int) -> u64 {
    u64::try_from(stat_of(fd).st_size).unwrap_or(0)
}

pub(crate) fn inode_of(fd: c_int) -> u64 {
    stat_of(fd).st_ino
}

pub(crate) fn inode_at(path: &CStr) -> u64 {
    let fd = open_raw(path, libc::O_PATH | libc::O_CLOEXEC, 0);
    if fd < 0 {
        return 0;
    }
    let inode = inode_of(fd);
    close_raw(fd);
    inode
}

pub(crate) fn folder_inode(path: &[u8]) -> u64 {
    let end = path.iter().rposition(|octet| *octet == b'/').unwrap_or(0);
    CString::new(path.get(..end).unwrap_or_default()).map_or(0, |folder| inode_at(&folder))
}

/// Where the next write of this descriptor goes.
pub(crate) fn position_of(fd: c_int, size: u64) -> u64 {
    // SAFETY: plain numbers.
    let (flags, at) = unsafe {
        (libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL), libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR))
    };
    if flags & c_long::from(libc::O_APPEND) != 0 { size } else { u64::try_from(at).unwrap_or(size) }
}

/// Reads through a descriptor of its own: the process's may be for writing alone.
pub(crate) fn read_at(fd: c_int, offset: u64, length: usize) -> Vec<u8> {
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

pub(crate) fn path_of(fd: c_int) -> Option<Vec<u8>> {
    let link = CString::new(format!("/proc/self/fd/{fd}")).ok()?;
    let mut path = [0u8; 4096];
    // SAFETY: the buffer is as long as it says.
    let length =
        unsafe { libc::syscall(libc::SYS_readlinkat, libc::AT_FDCWD, link.as_ptr(), path.as_mut_ptr(), path.len()) };
    path.get(..usize::try_from(length).ok()?).map(<[u8]>::to_vec)
}

/// The whole path that a word was said with.
pub(crate) fn whole_path(folder: c_int, path: &CStr) -> Option<Vec<u8>> {
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
