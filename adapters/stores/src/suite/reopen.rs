//! What a restart finds: everything acknowledged, nothing else, whatever the crash left in the journal.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use strowger_kinds::all;
use strowger_primitive::{Expect, Log, Store as _, Time};

use super::faults::Notes;
use super::*;
use crate::Error;
use crate::disk::{Disk, journal};
use crate::engine::{Changes, Engine as _, KeptChange, Stored};

/// Commits of one document, one kept value and one record each.
async fn fill(store: &Embedded, from: u64, to: u64) {
    for i in from..to {
        let at = format!("n{i}");
        let ops = vec![put(&at, Expect::Absent), keep(&at, Expect::Absent, "v", None), append(&at)];
        assert_eq!(store.commit(ops).await.unwrap().sequences, [i]);
    }
}

fn check(store: &Embedded, commits: u64) {
    let count = usize::try_from(commits).unwrap();
    assert_eq!(services(store).len(), count);
    assert_eq!(store.kept_under(&own(""), None, 10_000).unwrap().len(), count);
    assert_eq!((store.log_end(Log::AUDIT), store.read_log(Log::AUDIT, 0, 10_000).unwrap().len()), (commits, count));
}

/// The newest journal and where what was written in it ends.
fn journal(folder: &Path) -> (PathBuf, File, u64) {
    let files = options(folder).directory.join("files");
    let entries = std::fs::read_dir(files).unwrap().map(|e| e.unwrap().path());
    let path = entries.filter(|p| p.extension().is_some_and(|e| e == "jnl")).max().unwrap();
    let content = std::fs::read(&path).unwrap();
    let end = content.iter().rposition(|octet| *octet != 0).unwrap() + 1;
    (path.clone(), OpenOptions::new().read(true).write(true).open(path).unwrap(), end as u64)
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    let soon = Some(Time(clock.wall().0 + 1_000));
    for round in 0..3 {
        let store = on_disk(folder.path(), &clock);
        check(&store, round * 20);
        fill(&store, round * 20, round * 20 + 20).await;
    }
    let store = on_disk(folder.path(), &clock);
    check(&store, 60);
    let document = services(&store).get("n7").unwrap();
    assert_eq!(*document, {
        let mut d = super::document("n7", "as it was put");
        d.fields.set(&common::REVISION, strowger_primitive::Value::Uint(8));
        d
    });
    let done = store.commit(vec![put("n7", Expect::Revision(Revision(8))), keep("s", Expect::Absent, "v", soon)]).await;
    assert_eq!(done.unwrap().revision, Revision(61));
    store.commit(vec![remove("n8", Expect::Any)]).await.unwrap();
    drop(store);
    clock.turn(5_000);
    let store = on_disk(folder.path(), &clock);
    assert_eq!(services(&store).len(), 59);
    assert_eq!(store.kept(&own("s")).unwrap(), None);
}

#[tokio::test]
async fn the_sealer_takes_up_what_it_kept() {
    let (clock, folder, notes) = (Clock::new(), tempfile::tempdir().unwrap(), Notes::default());
    for _ in 0..2 {
        let world = Arc::clone(&clock) as Arc<dyn World>;
        let store = Embedded::open(&options(folder.path()), all(), Box::new(notes.clone()), world).unwrap();
        store.commit(vec![append("x")]).await.unwrap();
    }
    let notes = notes.0.lock().unwrap();
    assert_eq!(*notes, ["resume None", "add 1 0", "seal", "resume Some(b\"head\")", "add 1 1", "seal"]);
}

#[tokio::test]
async fn a_torn_batch_is_cut_off() {
    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    let store = on_disk(folder.path(), &clock);
    fill(&store, 0, 10).await;
    drop(store);
    let (_, file, before) = journal(folder.path());
    let store = on_disk(folder.path(), &clock);
    store.commit(vec![put("torn", Expect::Absent), append(&"y".repeat(9_000))]).await.unwrap();
    drop(store);
    let (_, _, after) = journal(folder.path());
    let mut torn = vec![0; usize::try_from(after - before).unwrap()];
    file.read_exact_at(&mut torn, before).unwrap();
    let early = [3, 13, 20, torn.len() / 2, torn.len() - 1].map(|keep| torn[..keep].to_vec());
    let mut holes = Vec::new();
    for hole in [0..13, 100..4_196, torn.len() - 20..torn.len() - 4] {
        let mut batch = torn.clone();
        batch[hole].fill(0);
        holes.push(batch);
    }
    for batch in early.into_iter().chain(holes) {
        let (_, file, _) = journal(folder.path());
        file.set_len(before).unwrap();
        file.write_all_at(&batch, before).unwrap();
        let store = on_disk(folder.path(), &clock);
        check(&store, 10);
        fill(&store, 10, 11).await;
        drop(store);
        let (_, file, _) = journal(folder.path());
        file.set_len(before).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_journal_is_refused_and_left_alone() {
    let (clock, folder) = (Clock::new(), tempfile::tempdir().unwrap());
    let store = on_disk(folder.path(), &clock);
    fill(&store, 0, 10).await;
    drop(store);
    let (path, file, end) = journal(folder.path());
    let mut octet = [0];
    file.read_exact_at(&mut octet, end / 2).unwrap();
    file.write_all_at(&[octet[0] ^ 1], end / 2).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = Embedded::open(&options(folder.path()), all(), Box::new(NoSeal), clock).map(|_| ());
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    assert_eq!(std::fs::read(path).unwrap(), before);
}

fn kept_change(commit: u64, key: &'static [u8]) -> Changes {
    let stored = Stored { revision: Revision(commit), expires: None, value: Bytes::from_static(b"v") };
    let change = KeptChange { key: Bytes::from_static(key), was: None, now: Some(stored) };
    Changes { commit, kept: vec![change], ..Changes::default() }
}

/// A journal of four small batches, the format's and those of `KEYS`: where it is, its octets, where each batch ends.
fn small(folder: &Path) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let (disk, _) = Disk::open(&options(folder), &all()).unwrap();
    let (path, _, _) = journal(folder);
    let read = || std::fs::read(&path).unwrap();
    let mut ends = vec![read().len()];
    for (commit, key) in (1..).zip(KEYS) {
        disk.write(&kept_change(commit, key)).unwrap();
        ends.push(read().len());
    }
    let octets = read();
    (path, octets, ends)
}

const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

fn flipped(octets: &[u8], bit: usize) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets[bit / 8] ^= 1 << (bit % 8);
    octets
}

/// Where each journal of these octets would be cut.
fn look(folder: &Path, journals: &[&[u8]]) -> std::io::Result<Vec<usize>> {
    for (i, octets) in journals.iter().enumerate() {
        std::fs::write(folder.join(format!("{i}.jnl")), octets).unwrap();
    }
    let found = journal::look(folder, None)?;
    Ok(found.iter().map(|journal| usize::try_from(journal.good).unwrap()).collect())
}

#[test]
fn one_flipped_bit_takes_the_last_batch_at_most() {
    let (folder, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, octets, ends) = small(folder.path());
    let (last, end) = (ends[2], ends[3]);
    let begins = [0, ends[0], ends[1], last];
    let mut padded = octets.clone();
    padded.resize(end + 16, 0);
    for bit in 0..padded.len() * 8 {
        let octet = bit / 8;
        let in_number = begins.iter().any(|begin| (begin + 5..begin + 13).contains(&octet));
        match look(beside.path(), &[&flipped(&padded, bit)]) {
            Ok(cut) if cut == [end] => assert!(in_number || octet >= end, "bit {bit}"),
            Ok(cut) => assert!(cut == [last] && (last..end).contains(&octet), "bit {bit}: {cut:?}"),
            Err(error) => assert!(error.kind() == std::io::ErrorKind::InvalidData && octet < end, "bit {bit}: {error}"),
        }
    }
    for (begin, end) in begins.into_iter().zip(ends) {
        // Start, items, number, item, key's length; end, sum, trailer.
        let sample = [0, 1, 5, 12, 13, 24].map(|at| begin + at).into_iter().chain([13, 12, 1].map(|at| end - at));
        for bit in sample.flat_map(|octet| [octet * 8, octet * 8 + 7]) {
            std::fs::write(&path, flipped(&octets, bit)).unwrap();
            match Disk::open(&options(folder.path()), &all()) {
                Ok((disk, _)) => {
                    let [first, second, third] = KEYS.map(|key| disk.kept(key).unwrap().is_some());
                    assert!(first && second && (third || begin == last), "bit {bit}");
                }
                Err(error) => assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error:?}"),
            }
        }
    }
}

#[test]
fn an_older_journal_may_be_torn_where_nothing_follows() {
    let (folder, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_, octets, ends) = small(folder.path());
    let look = |older: &[u8], newer: &[u8]| look(beside.path(), &[older, newer]);
    let (older, newer) = octets.split_at(ends[2]);
    assert_eq!(look(older, newer).unwrap(), [older.len(), newer.len()]);
    for bit in ends[1] * 8..ends[2] * 8 {
        let refused = look(&flipped(older, bit), newer);
        assert!(matches!(&refused, Err(e) if e.kind() == std::io::ErrorKind::InvalidData), "bit {bit}: {refused:?}");
    }
    for newer in [&newer[..0], &[0; 16], &newer[..newer.len() - 1]] {
        assert_eq!(look(&older[..ends[2] - 1], newer).unwrap(), [ends[1], 0]);
    }
}

#[test]
fn what_failed_is_cut_off_before_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, held) = Disk::open(&options(folder.path()), &all()).unwrap();
    assert_eq!(held.commit, 0);
    disk.write(&kept_change(1, b"good")).unwrap();
    disk.write_and_fail(&kept_change(2, b"failed"));
    assert!(disk.kept(b"good").unwrap().is_some(), "it still reads");
    disk.ready().unwrap();
    disk.write(&kept_change(2, b"next")).unwrap();
    for (key, there) in [(&b"good"[..], true), (b"failed", false), (b"next", true)] {
        assert_eq!(disk.kept(key).unwrap().is_some(), there, "{}", key.escape_ascii());
    }
    drop(disk);
    let (disk, held) = Disk::open(&options(folder.path()), &all()).unwrap();
    assert_eq!((held.commit, disk.kept(b"failed").unwrap()), (2, None));
}

#[test]
fn what_was_shut_by_a_failure_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = Disk::open(&options(folder.path()), &all()).unwrap();
    disk.write(&kept_change(1, b"good")).unwrap();
    disk.shut();
    assert!(disk.kept(b"good").is_err());
    disk.ready().unwrap();
    assert!(disk.kept(b"good").unwrap().is_some());
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = Disk::open(&options(folder.path()), &all()).unwrap();
    disk.mark_as_newer();
    drop(disk);
    let refused = Disk::open(&options(folder.path()), &all()).map(|_| ());
    assert!(matches!(refused, Err(Error::Newer { found: 2, known: 1, .. })), "{refused:?}");
}

#[test]
fn files_that_were_half_made_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let new = options(folder.path()).directory.join("files.new");
    std::fs::create_dir_all(&new).unwrap();
    std::fs::write(new.join("0.jnl"), b"").unwrap();
    let (disk, _) = Disk::open(&options(folder.path()), &all()).unwrap();
    disk.write(&kept_change(1, b"good")).unwrap();
    assert!(!new.exists());
}

#[test]
fn what_expires_is_found_whatever_was_forgotten_before() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = Disk::open(&options(folder.path()), &all()).unwrap();
    let change = |commit, key: &'static [u8], was: Option<i64>, now: Option<i64>| {
        let stored = |at| Stored { revision: Revision(commit), expires: Some(Time(at)), value: Bytes::new() };
        let change = KeptChange { key: Bytes::from_static(key), was: was.map(Time), now: now.map(stored) };
        disk.write(&Changes { commit, kept: vec![change], ..Changes::default() }).unwrap();
    };
    let expired = |now| disk.expired(Time(now), 9).unwrap().into_iter().map(|(at, _)| at.0).collect::<Vec<_>>();
    change(1, b"a", None, Some(100));
    change(2, b"b", None, Some(200));
    assert_eq!((expired(50), expired(150), expired(150)), (vec![], vec![100], vec![100]));
    change(3, b"a", Some(100), None);
    assert_eq!(expired(150), []);
    change(4, b"c", None, Some(-7));
    assert_eq!(expired(250), [-7, 200], "what comes later may expire before");
    change(5, b"c", Some(-7), None);
    change(6, b"b", Some(200), None);
    assert_eq!(expired(i64::MAX), []);
    change(7, b"d", None, Some(10));
    assert_eq!(expired(20), [10]);
}
