//! Exports, and what happens to those that were changed.

use std::sync::Arc;

use super::bare::Bare;
use super::{LOG, key, record, verifier};
use crate::{Head, Key, Line, Offence, Report, csv, json_lines, verify_export};

fn exported(store: &Bare, key: &Key) -> Vec<u8> {
    let mut out = Vec::new();
    json_lines(store, LOG, &verifier(key), &mut out, &mut |_, _| {}).unwrap();
    out
}

fn check(export: &[u8], key: &Key) -> Result<Option<Report>, Offence> {
    verify_export(&mut &*export, &verifier(key), None, &mut |_, _| {})
}

/// The export with its lines changed.
fn with_lines(export: &[u8], change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let mut lines: Vec<String> = std::str::from_utf8(export).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.iter().flat_map(|l| [l.as_bytes(), b"\n"].concat()).collect()
}

#[test]
fn an_export_verifies_without_the_store() {
    let key = key();
    for size in [0, 1, 16, 17, 300] {
        let export = exported(&Bare::of(&key, size), &key);
        assert_eq!(export.iter().filter(|b| **b == b'\n').count() as u64, if size == 0 { 0 } else { size + 1 });
        let report = check(&export, &key).unwrap();
        assert_eq!(report.map_or(0, |r| r.head.size), size);
    }
}

#[test]
fn each_line_is_json_with_the_record_beside_what_was_sealed() {
    let key = key();
    let export = exported(&Bare::of(&key, 2), &key);
    let text = std::str::from_utf8(&export).unwrap();
    assert!(text.starts_with("{\"head\":\"node-1/audit\\n2\\n"), "{text}");
    let line = text.lines().nth(1).unwrap();
    assert!(line.contains("\"operation\":\"create\"") && line.contains("\"principal\":\"alice\""), "{line}");
    assert!(matches!(Line::read(line.as_bytes()), Ok(Line::Record(..))));
}

#[test]
fn one_flipped_bit_anywhere_in_an_export_is_found() {
    let key = key();
    let mut export = exported(&Bare::of(&key, 3), &key);
    for bit in 0..export.len() * 8 {
        export[bit / 8] ^= 1 << (bit % 8);
        assert!(check(&export, &key).is_err(), "bit {bit}: {}", String::from_utf8_lossy(&export));
        export[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn lines_that_are_missing_moved_doubled_or_added_are_found() {
    let key = key();
    let store = Bare::of(&key, 40);
    let export = exported(&store, &key);
    let line = |sequence: u64| usize::try_from(sequence + 1).unwrap();
    let found = check(&with_lines(&export, |l| drop(l.remove(line(7)))), &key);
    assert!(matches!(found, Err(Offence::Missing { sequence: 7 })), "{found:?}");
    let found = check(&with_lines(&export, |l| l.swap(line(3), line(9))), &key);
    assert!(matches!(found, Err(Offence::Missing { sequence: 3 })), "{found:?}");
    let found = check(&with_lines(&export, |l| l.truncate(line(30))), &key);
    assert!(matches!(found, Err(Offence::Missing { sequence: 30 })), "{found:?}");
    let found = check(&with_lines(&export, |l| l.push(l[line(39)].clone())), &key);
    assert!(matches!(found, Err(Offence::Unsealed { from: 40 })), "{found:?}");
    let found = check(&with_lines(&export, |l| drop(l.remove(0))), &key);
    assert!(matches!(found, Err(Offence::Line { line: 1, .. })), "{found:?}");
    let found = check(&with_lines(&export, |l| l.insert(5, l[0].clone())), &key);
    assert!(matches!(found, Err(Offence::Line { line: 6, .. })), "{found:?}");
}

#[test]
fn an_export_of_changed_records_is_found() {
    let key = key();
    let (store, forged) = (Bare::of(&key, 10), Bare::new(&key));
    forged.inside().append((0..10).map(|n| record(n, "acme", "mallory")).collect()).unwrap();
    let head = exported(&store, &key).split(|b| *b == b'\n').next().unwrap().to_vec();
    let changed = with_lines(&exported(&forged, &key), |l| l[0] = String::from_utf8(head).unwrap());
    assert!(matches!(check(&changed, &key), Err(Offence::Root { size: 10 })));
    let saved = Head::newest(&*Bare::of(&key, 20), LOG, &verifier(&key)).unwrap().unwrap();
    let export = exported(&store, &key);
    let found = verify_export(&mut &*export, &verifier(&key), Some(&saved), &mut |_, _| {});
    assert!(matches!(found, Err(Offence::Cut { given: 20, size: 10 })));
    let found = verify_export(&mut &b""[..], &verifier(&key), Some(&saved), &mut |_, _| {});
    assert!(matches!(found, Err(Offence::Cut { given: 20, size: 0 })));
}

#[test]
fn lines_without_end_are_refused_in_bounded_memory() {
    let key = key();
    let endless = vec![b'x'; 1 << 20];
    assert!(matches!(check(&endless, &key), Err(Offence::Line { line: 1, why: "it is too long" })));
    for bad in [
        "",
        "{}",
        "{\"head\":\"\"}",
        "{\"head\":\"\"",
        "\"}",
        "{\"stored\":\"\"}",
        "{\"stored\":\"oA==\"}x",
        "\u{fc}\"}",
    ] {
        match Line::read(bad.as_bytes()) {
            Err(_) => {}
            Ok(Line::Head(note)) => assert_eq!(note, ""),
            Ok(Line::Record(..)) => panic!("{bad}"),
        }
    }
    assert!(matches!(Line::read(b"{\"stored\":\"oA==\"}"), Ok(Line::Record(..))), "an empty record");
}

#[test]
fn csv_has_a_line_of_names_and_a_line_for_each_record() {
    let key = key();
    let store = Bare::of(&key, 3);
    let mut forged = record(3, "acme", "alice");
    forged.fields.set_text(&strowger_kinds::record::OBJECT, "=HYPERLINK(\"x\")");
    store.inside().append(vec![forged]).unwrap();
    let mut out = Vec::new();
    assert_eq!(csv(&*store, LOG, &mut out, &mut |_, _| {}).unwrap(), 4);
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("id,sequence,createdAt,recordClass,node,tenantName,"), "{}", lines[0]);
    assert!(lines[1].contains(",0,2027-01-15T08:00:00.000Z,each,"), "{}", lines[1]);
    assert!(lines[4].contains(",\"'=HYPERLINK(\"\"x\"\")\","), "{}", lines[4]);
    let columns = lines[0].split(',').count();
    assert!(lines[1..4].iter().all(|l| l.split(',').count() == columns));
    assert_eq!((lines.len(), lines[5]), (6, ""));
}

#[test]
fn an_export_ends_at_the_first_record_that_cannot_be_read() {
    let key = key();
    let store = Bare::of(&key, 3);
    store.inside().records.insert(1, bytes::Bytes::from_static(b"\xff"));
    let (mut out, none) = (Vec::new(), &mut |_, _| {});
    let error = json_lines(&*store, LOG, &verifier(&key), &mut out, none).unwrap_err();
    assert!(matches!(error, crate::ExportError::Record { sequence: 1, .. }));
    drop(Arc::clone(&store));
}
