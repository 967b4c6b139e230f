use proptest::prelude::*;
use strowger_primitive::{
    Any, Change, Cursor, Document, Fault, FaultKind, Fields, Inner, Page, Patch, Path, Secret, Text, Time, Value,
};

use super::*;
use crate::specimen::{self, DECL, documents, named, without_secret};

fn written(document: &Document) -> String {
    let mut out = Vec::new();
    write_document(document, &[], None, &mut out);
    String::from_utf8(out).unwrap()
}

fn created(body: &str) -> Result<Document, Fault> {
    read_create(&DECL, body.as_bytes())
}

/// The places of a fault with what is said of them.
fn said<T: std::fmt::Debug>(result: Result<T, Fault>) -> Vec<String> {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    fault.at.iter().map(|f| format!("{}: {}", place(f, DECL.fields), f.why)).collect()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(document in documents()) {
        let document = without_secret(document);
        let text = written(&document);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        prop_assert_eq!(created(&text).unwrap(), document);
    }

    #[test]
    fn any_octets_are_read_or_refused(body in proptest::collection::vec(0u8.., 0..200)) {
        let _outcome = (read_create(&DECL, &body).is_ok(), read_patch(&DECL, &body, PatchForm::Json).is_ok());
    }

    /// What is JSON to serde_json is JSON to us, and nothing else.
    #[test]
    fn json_is_what_serde_json_takes(body in "[-+0-9.eE\\[\\]{}:,\"\\\\ntrufalseu \u{e4}]{0,24}") {
        let ours = read_create(&DECL, format!("{{\"extra\":{body}}}").as_bytes());
        let malformed = matches!(&ours, Err(fault) if fault.code != "invalid-fields");
        let theirs = serde_json::from_str::<serde_json::Value>(&format!("{{\"extra\":{body}}}"));
        prop_assert_eq!(malformed, theirs.is_err(), "{}", body);
    }

    #[test]
    fn strings_are_what_serde_json_reads(text in "\\PC{0,30}") {
        let body = serde_json::to_string(&serde_json::json!({"extra": text})).unwrap();
        let read = created(&body).unwrap();
        prop_assert_eq!(read.fields.get(&specimen::EXTRA), Some(&Value::Any(Box::new(Any::Text(text.into())))));
    }
}

#[test]
fn every_type_has_its_form() {
    let body = r#"{"name":"t1","boolValue":true,"state":"inProgress","small":-5,"maxCalls":30,
        "quota":"18446744073709551615","price":"12.5","description":"a\r\nb\u00e4\ud83d\ude00","data":"Cv8=",
        "seenAt":"2026-11-24T13:00:03.1239+01:00","holdTime":9e1,"peer":"t2","secret":"x","sizes":["0","1"],
        "routes":[{"prefix":"44","maxCost":"-0.001"},{"no":7,"tags":["a"]},{}],"labels":{"b":"1","a":""},
        "extra":{"z":[1,-2,1.5,null],"a":{}}, "needed":null }"#;
    let d = created(body).unwrap();
    assert_eq!(
        written(&d),
        concat!(
            r#"{"name":"t1","boolValue":true,"state":"inProgress","small":-5,"maxCalls":30,"#,
            r#""quota":"18446744073709551615","price":"12.50","description":"a\nbä😀","data":"Cv8=","#,
            r#""seenAt":"2026-11-24T12:00:03.123Z","holdTime":90,"peer":"t2","sizes":["0","1"],"#,
            r#""routes":[{"no":1,"prefix":"44","maxCost":"-0.001"},{"no":7,"tags":["a"]},{"no":8}],"#,
            r#""labels":{"a":"","b":"1"},"extra":{"z":[1,-2,1.5,null],"a":{}}}"#
        )
    );
    assert_eq!(d.fields.get(&specimen::SECRET), Some(&Value::Secret(Secret::new("x"))));
    assert_eq!(d.fields.get(&specimen::NEEDED), None, "null is nothing");
}

#[test]
fn every_offending_field_is_named_at_once() {
    let body = r#"{"boolValue":"true","state":"IDLE","small":2147483648,"maxCalls":-1,"quota":5,"price":"1.234",
        "data":"!","seenAt":"noon","holdTime":1.5,"peer":[],"sizes":["1","x"],"statesSeen":{},
        "routes":[{"prefix":7,"no":3,"colour":1},{"no":0},5,{"no":3}],"labels":{"a":1},"extra":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],
        "Small":1,"small":1,"bogus":{"a":[1]}}"#;
    let whys = said(created(body));
    let places: Vec<_> = whys.iter().map(|w| w.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(
        places,
        [
            "boolValue",
            "state",
            "small",
            "maxCalls",
            "quota",
            "price",
            "data",
            "seenAt",
            "holdTime",
            "peer",
            "sizes.1",
            "statesSeen",
            "routes.3.prefix",
            "routes.3.colour",
            "routes.4",
            "routes.5",
            "routes.3",
            "labels.a",
            "extra",
            "Small",
            "small",
            "bogus"
        ]
    );
    assert!(whys.contains(&"state: must be one of idle, inProgress".to_owned()), "{whys:?}");
    assert!(whys.contains(&"small: is named twice".to_owned()), "{whys:?}");
    assert!(whys.contains(&"maxCalls: must be a whole number from 1 to 10000".to_owned()), "{whys:?}");
    assert!(whys.contains(&"bogus: is no field of it".to_owned()), "{whys:?}");
}

#[test]
fn what_is_not_json_is_placed_and_never_repeated() {
    for (body, line, column) in [
        ("", 1, 1),
        ("hunter2", 1, 1),
        ("{\n \"name\": hunter2}", 2, 10),
        ("{\"ä\": tru}", 1, 7),
        ("{\"name\":\"hunter2", 1, 17),
        ("{\"name\":\"a\tb\"}", 1, 11),
        ("{\"name\":\"\\ud800x\"}", 1, 16),
        ("{\"name\":\"\\ud800\\u0041\"}", 1, 22),
        ("{\"name\":01}", 1, 10),
        ("{\"name\":1.}", 1, 11),
        ("{\"a\":1,}", 1, 8),
        ("{\"a\":1}x", 1, 8),
        ("[1,]", 1, 4),
        ("{\"a\":1]", 1, 7),
        ("\u{FEFF}{}", 1, 1),
    ] {
        let fault = created(body).unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Malformed, "not-json"), "{body:?}");
        let end = format!("at line {line}, column {column}");
        assert!(fault.public.ends_with(&end), "{body:?}: {}", fault.public);
        assert!(!fault.public.contains("hunter2"), "{body:?}");
    }
    let fault = read_create(&DECL, b"{\"name\":\"a\xff\"}").unwrap_err();
    assert!(fault.public.ends_with("an octet that is not UTF-8 at line 1, column 11"), "{}", fault.public);
}

#[test]
fn deep_and_wide_bodies_are_bounded() {
    let deep = format!("{{\"bogus\":{}", "[".repeat(1_000_000));
    assert_eq!(created(&deep).unwrap_err().code, "too-deep");
    let deep = "[".repeat(1_000_000);
    assert_eq!(created(&deep).unwrap_err().code, "too-deep");
    let wide: Vec<String> = (0..100_000).map(|n| format!("\"x{n}\":0")).collect();
    assert_eq!(said(created(&format!("{{{}}}", wide.join(",")))).len(), 64, "flaws are bounded");
    let list = vec!["\"1\""; 100_000].join(",");
    assert_eq!(said(created(&format!("{{\"sizes\":[{list}]}}"))), ["sizes: must have at most 8 elements"]);
    let rows = vec!["{}"; 100_000].join(",");
    assert_eq!(said(created(&format!("{{\"routes\":[{rows}]}}"))), ["routes: must have at most 8 records"]);
    assert_eq!(
        said(created(&format!("{{\"labels\":{{{}}}}}", wide.join(",")))).last().map(String::as_str),
        Some("labels: must have at most 8 entries")
    );
    assert_eq!(said(created(&format!("{{\"extra\":[{list}]}}"))), ["extra: must be at most 4096 octets"]);
    // Its size is Any::size of what it stands for: a list is 2, an element its own and 1.
    let text = |n: usize| format!("{{\"extra\": [ true , null,{{}},\"{}\"]}}", "\\u0061".repeat(n));
    let rest = 2 + 6 + 6 + 3 + 3;
    let most = created(&text(4_096 - rest)).unwrap();
    let Some(Value::Any(any)) = most.fields.get(&specimen::EXTRA) else { panic!("no extra") };
    assert_eq!(any.size(), 4_096);
    assert_eq!(said(created(&text(4_097 - rest))), ["extra: must be at most 4096 octets"]);
    assert_eq!(said(created("{\"extra\":{\"a\":1,\"a\":2}}")), ["extra: names a key twice"]);
    assert_eq!(said(created("{\"extra\":1e999}")), ["extra: holds a number that no computer keeps"]);
}

#[test]
fn a_body_is_an_object() {
    assert_eq!(said(created("[1]")), [": the body must be an object, not an array"]);
    assert_eq!(created(" {} ").unwrap(), Document::new(&DECL));
}

#[test]
fn whole_numbers_stay_whole_and_keys_in_order() {
    let body =
        r#"{"extra":{"b":-9223372036854775808,"a":18446744073709551615,"c":18446744073709551616,"d":-0,"e":1.0}}"#;
    let d = created(body).unwrap();
    assert_eq!(
        written(&d),
        r#"{"extra":{"b":-9223372036854775808,"a":18446744073709551615,"c":1.8446744073709552e19,"d":-0.0,"e":1.0}}"#
    );
}

#[test]
fn the_input_of_an_action_may_be_empty() {
    assert_eq!(read_fields(specimen::ROUTE, b" \n").unwrap(), Fields::default());
    let fields = read_fields(specimen::ROUTE, b"{\"prefix\":\"44\"}").unwrap();
    let mut out = Vec::new();
    write_fields(specimen::ROUTE, &fields, &mut out);
    assert_eq!(out, b"{\"prefix\":\"44\"}");
}

fn patched(body: &str, form: PatchForm) -> Result<Patch, Fault> {
    read_patch(&DECL, body.as_bytes(), form)
}

fn part(field: u16, inner: Inner) -> Path {
    Path { field, inner }
}

#[test]
fn a_merge_patch_unsets_with_null_and_merges_maps_only() {
    let body = r#"{"description":null,"maxCalls":5,"sizes":["1"],"labels":{"a":"1","b":null},"label":"","routes":[{"prefix":"1"}]}"#;
    let Patch(changes) = patched(body, PatchForm::Merge).unwrap();
    let row = Fields::from_iter([(2, Value::Text("1".into()))]);
    assert_eq!(
        changes,
        [
            (Path::whole(16), Change::Unset),
            (Path::whole(13), Change::Set(Value::Uint(5))),
            (Path::whole(22), Change::Set(Value::List(vec![Value::Uint(1)]))),
            (part(25, Inner::Key("a".into())), Change::Set(Value::Text("1".into()))),
            (part(25, Inner::Key("b".into())), Change::Unset),
            (Path::whole(3), Change::Unset),
            (Path::whole(24), Change::Set(Value::Rows([(1, row)].into()))),
        ]
    );
    assert_eq!(patched("{}", PatchForm::Merge).unwrap(), Patch::default());
    assert_eq!(said(patched(r#"{"unset":["label"]}"#, PatchForm::Merge)), ["unset: is no field of it"]);
}

#[test]
fn unset_names_places() {
    let body = r#"{"small":1,"labels":{"x":"1"},"unset":["label","labels.a.b","routes.3","routes.4.prefix","extra"]}"#;
    let Patch(changes) = patched(body, PatchForm::Json).unwrap();
    let unset: Vec<_> = changes.into_iter().filter(|(_, c)| *c == Change::Unset).map(|(p, _)| p).collect();
    assert_eq!(
        unset,
        [
            Path::whole(3),
            part(25, Inner::Key("a.b".into())),
            part(24, Inner::Row(3)),
            part(24, Inner::Cell(4, 2)),
            Path::whole(26),
        ]
    );
}

#[test]
fn what_is_both_set_and_unset_is_refused() {
    let twice = "is both set and unset, or unset twice";
    for (body, place) in [
        (r#"{"small":1,"unset":["small"]}"#, "small"),
        (r#"{"unset":["small"],"small":null}"#, "small"),
        (r#"{"labels":{"a":"1"},"unset":["labels"]}"#, "labels"),
        (r#"{"labels":{"a":"1"},"unset":["labels.a"]}"#, "labels.a"),
        (r#"{"routes":[],"unset":["routes.1"]}"#, "routes.1"),
        (r#"{"unset":["routes.1","routes.1.prefix"]}"#, "routes.1.prefix"),
        (r#"{"unset":["label","label"]}"#, "label"),
    ] {
        assert_eq!(said(patched(body, PatchForm::Json)), [format!("{place}: {twice}")], "{body}");
    }
    let body = format!(r#"{{"unset":["labels.{0}","labels.{0}"]}}"#, "k".repeat(10_000));
    let whys = said(patched(&body, PatchForm::Json));
    assert!(whys.len() == 1 && whys.iter().all(|why| why.len() < 200), "a long key is told back short");
    let nothing = "unset names no field, entry or record of it";
    for name in ["bogus", "small.1", "routes.x", "routes.1.bogus", "labels.", "sizes.1", ""] {
        let body = format!(r#"{{"unset":["{name}"]}}"#);
        assert_eq!(said(patched(&body, PatchForm::Json)), [format!("{name}: {nothing}")], "{body}");
    }
    assert_eq!(said(patched(r#"{"unset":"small"}"#, PatchForm::Json)), ["unset: must be an array"]);
}

#[test]
fn filters_take_what_json_writes() {
    let read = |name: &str, text: &str| read_filter(DECL.field_named(name).unwrap(), text).map(|f| f.value);
    assert_eq!(read("state", "inProgress"), Ok(Some(Value::Enum(2))));
    assert_eq!(read("states-seen", "idle"), Ok(Some(Value::Enum(1))), "an element");
    assert_eq!(read("quota", "5"), Ok(Some(Value::Uint(5))));
    assert_eq!(read("small", "-5"), Ok(Some(Value::Int(-5))));
    assert_eq!(read("bool-value", "true"), Ok(Some(Value::Bool(true))));
    assert_eq!(read("seen-at", "1970-01-01T00:00:01Z"), Ok(Some(Value::Time(Time(1000)))));
    assert_eq!(read("description", ""), Ok(None), "those that hold none");
    for (name, text) in [
        ("state", "done"),
        ("small", "x"),
        ("small", "-101"),
        ("max-calls", "0"),
        ("quota", "-1"),
        ("peer", "No Name"),
        ("secret", "x"),
        ("routes", "1"),
        ("labels", "a"),
        ("extra", "1"),
        ("description", &"x".repeat(256)),
    ] {
        assert!(read(name, text).is_err(), "{name}={text}");
    }
}

#[test]
fn hidden_and_unselected_fields_are_left_out() {
    let mut d = named("t1");
    d.fields.set(&specimen::SMALL, Value::Int(1));
    d.fields.set(&specimen::MAX_CALLS, Value::Uint(2));
    d.fields.put(999, Value::Raw([0x01][..].into()));
    let write = |hidden: &[u16], select: Option<&[u16]>| {
        let mut out = Vec::new();
        write_document(&d, hidden, select, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(write(&[], None), r#"{"name":"t1","small":1,"maxCalls":2}"#);
    assert_eq!(write(&[12], None), r#"{"name":"t1","maxCalls":2}"#);
    assert_eq!(write(&[], Some(&[12])), r#"{"name":"t1","small":1}"#);
    assert_eq!(write(&[12], Some(&[12])), r#"{"name":"t1"}"#);
}

#[test]
fn a_page_ends_without_next() {
    let page = |next: Option<&str>| {
        let page = Page {
            kind: &DECL,
            documents: vec![named("a").into(), named("b").into()],
            hidden: [].into(),
            next: next.map(|n| Cursor(Text::from(n))),
        };
        let mut out = Vec::new();
        write_page(&page, None, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(page(None), r#"{"items":[{"name":"a"},{"name":"b"}]}"#);
    assert_eq!(page(Some("x\"y")), r#"{"items":[{"name":"a"},{"name":"b"}],"next":"x\"y"}"#);
}

#[test]
fn a_newer_word_of_an_enumeration_is_its_number() {
    let mut d = named("t1");
    d.fields.set(&specimen::STATE, Value::Enum(77));
    assert_eq!(written(&d), r#"{"name":"t1","state":"77"}"#);
}
