//! `strowger demo --once`: from nothing to two services that run, and nothing left behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use anyhow::Result;
use strowger_conformance::{Tool, built};

#[test]
fn it_shows_everything_and_leaves_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let demo = Tool::new(built("strowger", "strowger")?).args(["demo", "--once"]);
    // What is set for others is not the demonstration's, and need not be UTF-8.
    let demo =
        demo.env("STROWGER_CONFIG", "/nowhere").env("STROWGER__NODE", "other").env("HTTP_PROXY", "http://127.0.0.1:9");
    let demo = demo.env("ALL_PROXY", "http://127.0.0.1:9").env("OLDPWD", OsStr::from_bytes(b"/caf\xe9"));
    let out = demo.env("TMPDIR", folder.path()).inside(folder.path()).within(Duration::from_secs(120)).out()?;
    let row =
        |start: &[&str]| out.lines().any(|line| line.split_whitespace().take(start.len()).eq(start.iter().copied()));
    assert!(row(&["DOOR", "ORDER", "SERVICE", "ENDPOINT", "HEALTH"]), "{out}");
    for door in ["HTTP", "MML"] {
        let line =
            out.lines().find(|line| line.trim_start().starts_with(&format!("{door} ")) && line.contains("demo-"));
        let line = line.unwrap_or_default();
        assert!(line.contains("http://127.0.0.1:") && line.contains("up since"), "{door}: {line} in {out}");
    }
    assert!(row(&["RECORD", "WHO", "DOOR", "DID"]), "{out}");
    assert!(out.lines().filter(|line| line.trim_end().ends_with("verified")).count() >= 8, "{out}");
    assert!(out.contains("verified under the signed head"), "{out}");

    let left: Vec<_> = fs::read_dir(folder.path())?.collect::<Result<_, _>>()?;
    assert!(left.is_empty(), "{left:?}");
    for entry in fs::read_dir("/proc")? {
        // One that ended meanwhile holds nothing.
        let said = fs::read(entry?.path().join("cmdline")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains(&*folder.path().to_string_lossy()), "{said}");
    }
    Ok(())
}
