//! A real program under the library, and what is left of its files when the power goes.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// A library for `LD_PRELOAD` is nothing that a test links, so cargo is asked for it.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "-p", "strowger-faults", "--lib"]).status();
    assert!(built.unwrap().success());
    Path::new(env!("CARGO_BIN_EXE_strowger-power-cut")).with_file_name("libstrowger_faults.so")
});

struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("faults")).unwrap();
        fs::create_dir(folder.path().join("disk")).unwrap();
        Self { folder }
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn control(&self, words: &str) {
        fs::write(self.folder.path().join("faults/control"), words).unwrap();
    }

    /// Runs a Python program in the watched folder.
    fn run(&self, program: &str) -> Output {
        Command::new("python3")
            .args(["-c", &format!("import os\n{program}")])
            .current_dir(self.disk())
            .env("LD_PRELOAD", &*LIBRARY)
            .env("STROWGER_FAULTS", self.folder.path().join("faults"))
            .env("STROWGER_FAULTS_UNDER", self.disk())
            .output()
            .unwrap()
    }

    fn cut(&self, seed: Option<u64>) {
        let mut cut = Command::new(env!("CARGO_BIN_EXE_strowger-power-cut"));
        cut.arg(self.folder.path().join("faults"));
        cut.args(seed.map(|seed| seed.to_string()));
        let output = cut.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.disk().join(name)).ok()
    }
}

const SYNCED: &str = "
f = os.open('a', os.O_WRONLY | os.O_CREAT, 0o600)
os.write(f, b'one')
os.fsync(f)
d = os.open('.', os.O_RDONLY)
os.fsync(d)
";

#[test]
fn what_was_not_synced_is_gone() {
    let lab = Lab::new();
    let output = lab.run(&format!("{SYNCED}os.write(f, b'two')\nos.pwrite(f, b'X', 0)\n"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lab.read("a").as_deref(), Some("Xnetwo"));
    lab.cut(None);
    assert_eq!(lab.read("a").as_deref(), Some("one"));
}

#[test]
fn a_name_lasts_when_its_folder_is_synced() {
    let lab = Lab::new();
    lab.run("f = os.open('a', os.O_WRONLY | os.O_CREAT, 0o600)\nos.write(f, b'one')\nos.fsync(f)\n");
    lab.cut(None);
    assert_eq!(lab.read("a"), None, "the file was synced, its name was not");

    lab.run(&format!("{SYNCED}os.rename('a', 'b')\nopen('c', 'w').close()\nos.unlink('b')\n"));
    assert_eq!((lab.read("a"), lab.read("b")), (None, None));
    lab.cut(None);
    assert_eq!((lab.read("a").as_deref(), lab.read("b"), lab.read("c")), (Some("one"), None, None));
}

#[test]
fn an_overwritten_and_a_truncated_file_come_back() {
    let lab = Lab::new();
    lab.run(&format!("{SYNCED}open('n', 'w').write('new')\nos.rename('n', 'a')\n"));
    assert_eq!(lab.read("a").as_deref(), Some("new"));
    lab.cut(None);
    assert_eq!((lab.read("a").as_deref(), lab.read("n")), (Some("one"), None));
    lab.run("f = os.open('a', os.O_WRONLY | os.O_TRUNC)\nos.write(f, b'12345')\nos.ftruncate(f, 1)\n");
    lab.cut(None);
    assert_eq!(lab.read("a").as_deref(), Some("one"));
}

#[test]
fn with_a_seed_a_part_of_it_may_last_and_what_was_synced_always_does() {
    for seed in 0..20 {
        let lab = Lab::new();
        lab.run(&format!("{SYNCED}os.write(f, b'x' * 20000)\n"));
        lab.cut(Some(seed));
        assert!(lab.read("a").is_some_and(|text| text.starts_with("one")), "seed {seed}");
    }
}

#[test]
fn the_control_file_makes_the_disk_fail() {
    let lab = Lab::new();
    let attempt = "
f = os.open('a', os.O_WRONLY | os.O_CREAT, 0o600)
for what in [lambda: os.write(f, b'abcd'), lambda: os.fsync(f)]:
    try:
        what()
        print('ok')
    except OSError as e:
        print(e.errno)
";
    let said = |lab: &Lab| {
        let output = lab.run(attempt);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(said(&lab), "ok ok");
    for (words, expected) in [("eio", "5 ok"), ("eio-sync", "ok 5"), ("torn", "5 ok"), ("no-sync", "ok ok")] {
        lab.control(words);
        assert_eq!(said(&lab), expected, "{words}");
    }
    lab.control("full");
    fs::write(lab.disk().join("a"), "").unwrap();
    assert_eq!(said(&lab), "28 ok");
    lab.control("no-sync");
    fs::remove_file(lab.disk().join("a")).unwrap();
    lab.run(SYNCED);
    lab.cut(None);
    assert_eq!(lab.read("a"), None, "a disk that lies loses what was said to be synced");
}
