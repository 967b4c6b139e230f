//! Every way to change a log behind the gateway's back is found out.

use std::sync::Arc;

use bytes::Bytes;
use strowger_forms::cbor;
use strowger_primitive::{Value, common};

use super::bare::Bare;
use super::{LOG, key, record, verifier};
use crate::tiles::head_key;
use crate::{BadHead, BadNote, Head, Key, Offence, Report, verify};

fn check(store: &Bare, key: &Key) -> Result<Option<Report>, Offence> {
    verify(store, LOG, &verifier(key), None, &mut |_, _| {})
}

fn check_against(store: &Bare, key: &Key, given: &Head) -> Result<Option<Report>, Offence> {
    verify(store, LOG, &verifier(key), Some(given), &mut |_, _| {})
}

fn head(store: &Bare, key: &Key) -> Head {
    Head::newest(store, LOG, &verifier(key)).unwrap().unwrap()
}

#[test]
fn a_log_as_it_was_written_verifies_at_every_size() {
    let key = key();
    assert!(check(&Bare::new(&key), &key).unwrap().is_none(), "an empty log has no head");
    for size in (1..40).chain([255, 256, 257, 700]) {
        let store = Bare::of(&key, size);
        let mut told = Vec::new();
        let report = verify(&*store, LOG, &verifier(&key), None, &mut |n, of| told.push((n, of))).unwrap().unwrap();
        assert_eq!((report.head.size, report.newer, report.given), (size, 0, false));
        assert_eq!(report.first.map(|t| t.0), Some(1_800_000_000_000));
        assert_eq!(report.last.map(|t| t.0), Some(1_800_000_000_000 + size as i64 - 1));
        assert_eq!(told.last(), Some(&(size, size)));
    }
}

#[test]
fn one_flipped_bit_anywhere_in_a_record_is_found() {
    let key = key();
    let store = Bare::of(&key, 4);
    let bits = store.inside().records[&2].len() * 8;
    for bit in 0..bits {
        store.inside().flip_record(2, bit);
        assert!(check(&store, &key).is_err(), "bit {bit}");
        store.inside().flip_record(2, bit);
    }
    assert!(check(&store, &key).is_ok());
}

#[test]
fn the_changed_record_is_named() {
    let key = key();
    for sequence in [0, 15, 16, 200, 255, 256, 399, 400, 407] {
        let store = Bare::of(&key, 408);
        let mut changed = record(sequence, "acme", "mallory");
        changed.fields.set(&common::SEQUENCE, Value::Uint(sequence));
        let mut stored = Vec::new();
        cbor::write(&changed, &mut stored);
        store.inside().records.insert(sequence, stored.into());
        let found = check(&store, &key);
        assert!(matches!(found, Err(Offence::Changed { sequence: at }) if at == sequence), "{sequence}: {found:?}");
    }
}

#[test]
fn one_flipped_bit_anywhere_in_a_head_or_its_signature_is_found() {
    let key = key();
    let store = Bare::of(&key, 3);
    let bits = head(&store, &key).note().len() * 8;
    for bit in 0..bits {
        store.inside().flip_head(bit);
        assert!(matches!(check(&store, &key), Err(Offence::Head(_))), "bit {bit}");
        store.inside().flip_head(bit);
    }
}

#[test]
fn one_flipped_bit_anywhere_in_the_kept_hashes_is_found() {
    let key = key();
    let store = Bare::of(&key, 300);
    for (level, index, from, to) in
        [(0, 0, 0, 15), (0, 17, 272, 287), (0, 18, 288, 299), (1, 0, 0, 255), (1, 1, 256, 287), (2, 0, 0, 255)]
    {
        store.inside().flip_tile(level, index, 77);
        let found = check(&store, &key);
        assert!(
            matches!(found, Err(Offence::Tile { from: a, to: b }) if (a, b) == (from, to)),
            "{level} {index}: {found:?}"
        );
        store.inside().flip_tile(level, index, 77);
    }
    store.inside().kept.remove(&crate::tiles::tile_key(LOG, 0, 3));
    assert!(matches!(check(&store, &key), Err(Offence::Tile { from: 48, to: 63 })));
}

#[test]
fn a_missing_record_is_found() {
    let key = key();
    for sequence in [0, 7, 39] {
        let store = Bare::of(&key, 40);
        store.inside().records.remove(&sequence);
        let found = check(&store, &key);
        assert!(matches!(found, Err(Offence::Missing { sequence: at }) if at == sequence), "{found:?}");
    }
}

#[test]
fn records_in_each_others_place_are_found() {
    let key = key();
    let store = Bare::of(&key, 20);
    {
        let mut inside = store.inside();
        let (four, nine) = (inside.records[&4].clone(), inside.records[&9].clone());
        inside.records.insert(4, nine);
        inside.records.insert(9, four);
    }
    assert!(matches!(check(&store, &key), Err(Offence::Moved { sequence: 4, says: 9 })));
    // Whoever moves them may renumber them too.
    for (place, was) in [(4, 9), (9, 4)] {
        let mut moved = record(was, "acme", "alice");
        moved.fields.set(&common::SEQUENCE, Value::Uint(place));
        let mut stored = Vec::new();
        cbor::write(&moved, &mut stored);
        store.inside().records.insert(place, stored.into());
    }
    assert!(matches!(check(&store, &key), Err(Offence::Changed { sequence: 4 })));
}

#[test]
fn a_cut_tail_is_found() {
    let key = key();
    let store = Bare::of(&key, 30);
    drop(store.inside().records.split_off(&24));
    assert!(matches!(check(&store, &key), Err(Offence::Missing { sequence: 24 })));
}

#[test]
fn an_older_state_put_back_whole_is_found_by_a_head_saved_elsewhere() {
    let key = key();
    let old = Bare::of(&key, 24);
    let saved = head(&Bare::of(&key, 30), &key);
    assert!(check(&old, &key).is_ok(), "it is in itself sound");
    assert!(matches!(check_against(&old, &key, &saved), Err(Offence::Cut { given: 30, size: 24 })));
    let empty = Bare::new(&key);
    assert!(matches!(check_against(&empty, &key, &saved), Err(Offence::Cut { given: 30, size: 0 })));
}

#[test]
fn a_log_that_grew_is_consistent_with_every_head_it_had() {
    let key = key();
    let store = Bare::of(&key, 60);
    for size in [3, 15, 18, 30, 48, 60] {
        let saved = head(&Bare::of(&key, size), &key);
        assert!(check_against(&store, &key, &saved).unwrap().unwrap().given, "{size}");
    }
}

#[test]
fn a_log_written_anew_with_the_right_key_is_found_by_a_head_saved_elsewhere() {
    let key = key();
    let saved = head(&Bare::of(&key, 30), &key);
    let anew = Bare::new(&key);
    let records = (0..40).map(|n| record(n, "acme", if n == 21 { "mallory" } else { "alice" }));
    anew.inside().append(records.collect()).unwrap();
    assert!(check(&anew, &key).is_ok(), "it is in itself sound");
    assert!(matches!(check_against(&anew, &key, &saved), Err(Offence::Rewritten { size: 30 })));
}

#[test]
fn another_key_is_found() {
    let key = key();
    let store = Bare::of(&key, 5);
    let other = super::key();
    assert!(matches!(check(&store, &other), Err(Offence::Head(BadHead::Note(BadNote::Unsigned(_))))));
}

#[test]
fn records_under_no_head_are_found() {
    let key = key();
    let store = Bare::of(&key, 5);
    let more = Bytes::from_static(b"\xa0");
    store.inside().records.insert(5, more);
    assert!(matches!(check(&store, &key), Err(Offence::Unsealed { from: 5 })));
    store.inside().kept.remove(&head_key(LOG));
    assert!(matches!(check(&store, &key), Err(Offence::NoHead { records: 6 })));
}

#[test]
fn a_record_of_rubbish_is_named() {
    let key = key();
    let store = Bare::of(&key, 5);
    for rubbish in [&b""[..], b"\xff", b"\xa1\x01", &[0x9f; 64]] {
        store.inside().records.insert(3, Bytes::copy_from_slice(rubbish));
        assert!(matches!(check(&store, &key), Err(Offence::Unreadable { sequence: 3, .. })), "{rubbish:?}");
    }
}

#[test]
fn a_log_in_use_verifies_while_it_grows() {
    let key = key();
    let store = Bare::of(&key, 2_000);
    let mut grown = false;
    let growing = Arc::clone(&store);
    let report = verify(&*store, LOG, &verifier(&key), None, &mut |_, _| {
        if !std::mem::replace(&mut grown, true) {
            growing.inside().append((2_000..2_100).map(|n| record(n, "acme", "alice")).collect()).unwrap();
        }
    });
    let report = report.unwrap().unwrap();
    assert_eq!((report.head.size, report.newer), (2_000, 100));
}
