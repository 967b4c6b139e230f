use proptest::prelude::*;
use strowger_primitive::{Any, Fields, Value};

use super::*;
use crate::specimen::{self, DECL, documents, named};

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn why(octets: &str) -> &'static str {
    read(&DECL, &hex(octets)).unwrap_err().why
}

proptest! {
    #[test]
    fn what_is_stored_reads_back(document in documents()) {
        let mut out = Vec::new();
        write(&document, &mut out);
        prop_assert_eq!(read(&DECL, &out).unwrap(), document);
        let mut decoder = minicbor::Decoder::new(&out);
        prop_assert!(decoder.skip().is_ok() && decoder.position() == out.len(), "well formed to others");
    }

    /// There is one form: what can be read is what is written.
    #[test]
    fn any_octets_are_refused_or_written_alike(octets in proptest::collection::vec(0u8.., 0..64)) {
        if let Ok(document) = read(&DECL, &octets) {
            let mut again = Vec::new();
            write(&document, &mut again);
            prop_assert_eq!(read(&DECL, &again).unwrap(), document);
        }
    }

    #[test]
    fn a_changed_octet_never_breaks_the_reader(document in documents(), at in 0usize..4096, with in 0u8..) {
        let mut out = Vec::new();
        write(&document, &mut out);
        let at = at % out.len();
        out[at] = with;
        let _outcome = read(&DECL, &out).is_ok();
        let _cut = read(&DECL, &out[..at]).is_ok();
    }
}

#[test]
fn the_example_of_the_contract() {
    let route = Fields::from_iter([(2, Value::Text("44".into()))]);
    let mut d = named("t1");
    d.fields.set(&specimen::STATE, Value::Enum(2));
    d.fields.set(&specimen::QUOTA, Value::Uint(u64::MAX));
    d.fields.set(&specimen::PRICE, Value::Decimal(1250));
    d.fields.set(&specimen::ROUTES, Value::Rows([(1, route)].into()));
    d.fields.set(&specimen::LABELS, Value::Map([("aa".into(), "1".into()), ("b".into(), "2".into())].into()));
    let mut out = Vec::new();
    write(&d, &mut out);
    assert_eq!(
        out,
        hex("a6 02 62 7431 0b 02 0e 1bffffffffffffffff 0f c4 82 21 1904e2 1818 a1 01 a1 02 62 3434
             1819 a2 61 62 61 32 62 6161 61 31")
    );
}

#[test]
fn what_a_newer_release_wrote_is_written_back() {
    let octets = hex("a3 02 62 7431 18 18 a1 01 a2 02 61 34 18 63 82 01 02 19 03e7 c1 a2 01 f6 02 fb 3ff199999999999a");
    let d = read(&DECL, &octets).unwrap();
    let mut again = Vec::new();
    write(&d, &mut again);
    assert_eq!(again, octets);
}

#[test]
fn what_is_not_the_stored_form_is_refused() {
    for (octets, reason) in [
        ("", "the end comes too early"),
        ("a1", "a length beyond the end"),
        ("a1 02", "a length beyond the end"),
        ("a1 02 62 74", "a length beyond the end"),
        ("a0 00", "something behind the end"),
        ("80", "an item of another type"),
        ("bf ff", "an indefinite length"),
        ("a1 02 7f 61 74 ff", "an indefinite length"),
        ("a2 02 61 74 02 61 75", "numbers that do not rise"),
        ("a2 0c 01 02 61 75", "numbers that do not rise"),
        ("a1 18 02 61 74", "a number that is not in its shortest form"),
        ("a1 02 78 01 74", "a number that is not in its shortest form"),
        ("a1 02 5b ffffffffffffffff", "an item of another type"),
        ("a1 02 7b ffffffffffffffff", "a length beyond the end"),
        ("bb ffffffffffffffff", "a length beyond the end"),
        ("a1 16 9b 7fffffffffffffff", "a length beyond the end"),
        ("a1 02 61 ff", "text that is not UTF-8"),
        ("a1 0a f6", "true or false was expected"),
        ("a1 0a f8 20", "true or false was expected"),
        ("a1 19 03e7 f8 1f", "a number that is not in its shortest form"),
        ("a1 0c 1b 0000000100000000", "a number out of range"),
        ("a1 0f c4 82 22 01", "a decimal of another scale"),
        ("a1 0f c5 82 21 01", "a decimal fraction was expected"),
        ("a1 1819 a2 61 61 61 61 61 61 61 61", "keys that do not rise"),
        ("a1 181a a2 61 61 01 61 61 02", "a key twice"),
        ("a1 181a fb 3ff0000000000000", "no float we write"),
        ("a1 181a f9 7e00", "no float we write"),
        ("a1 181a 40", "an item that JSON does not have"),
        ("a1 19 03e7 a2 01 01 01 02", "a key twice"),
        ("a1 1a 00010000 01", "a field number above 65535"),
        ("fe", "a reserved head"),
    ] {
        assert_eq!(why(octets), reason, "{octets}");
    }
}

#[test]
fn depth_is_bounded() {
    for key in ["181a", "1903e7"] {
        let deep = format!("a1{key}{}00", "81".repeat(100_000));
        assert_eq!(why(&deep), "nested too deep", "{key}");
        let enough = format!("a1{key}{}00", "81".repeat(31));
        assert!(read(&DECL, &hex(&enough)).is_ok(), "{key}");
    }
}

#[test]
fn a_room_keeps_its_own_fields() {
    let fields = Fields::from_iter([(2, Value::Text("44".into())), (5, Value::Decimal(-1))]);
    let mut out = Vec::new();
    write_fields(specimen::ROUTE, &fields, &mut out);
    assert_eq!(read_fields(specimen::ROUTE, &out).unwrap(), fields);
}

#[test]
fn keys_of_any_keep_their_order() {
    let any = Any::Map(vec![("b".into(), Any::Int(-1)), ("a".into(), Any::Float(0.5))]);
    let mut d = named("t1");
    d.fields.set(&specimen::EXTRA, Value::Any(Box::new(any)));
    let mut out = Vec::new();
    write(&d, &mut out);
    assert_eq!(read(&DECL, &out).unwrap(), d);
}
