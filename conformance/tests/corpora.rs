//! The corpora of the fuzz targets, replayed through the very functions that the targets call.
//!
//! With `STROWGER_WRITE=1` the seeds that can be made are made anew; what fuzzers found and what was said over real
//! connections lies beside them and is only read.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use strowger_primitive::{Document, Fields, Name, Principal, Revision, Schema, Secret, Session, Text, Time, Value};

/// Most inputs of one corpus.
const FILES: usize = 60;
/// Longest input, in octets.
const LONGEST: u64 = 8_192;

#[test]
fn json() {
    let schema = strowger_kinds::all();
    replay("json", seeds::json(&schema), &mut |octets| strowger_forms::fuzz::json(&schema, octets));
}

#[test]
fn cbor() {
    let schema = strowger_kinds::all();
    replay("cbor", seeds::cbor(&schema), &mut |octets| strowger_forms::fuzz::cbor(&schema, octets));
}

#[test]
fn record() {
    let subject = strowger_records::fuzz::Subject::new().unwrap();
    let seeds = (0..).zip(subject.seeds()).map(|(i, octets)| (format!("{i:02}"), octets)).collect();
    replay("record", seeds, &mut |octets| subject.read(octets));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a session wants some moment, whichever")]
fn mml() {
    let (schema, alice, at) = (strowger_kinds::all(), alice(), std::time::Instant::now());
    replay("mml", seeds::mml(&schema), &mut |octets| {
        strowger_speech::fuzz::text(&schema, octets.get(1..).unwrap_or_default());
        strowger_mml::fuzz::session(&schema, octets, at, &alice);
    });
}

/// Every target has a corpus, and every corpus a test here.
#[test]
fn every_target_is_replayed() {
    let names = |folder: &str| {
        let entries = fs::read_dir(home().join(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("fuzz_targets"), ["cbor", "json", "mml", "record"]);
    assert_eq!(names("corpus"), ["cbor", "json", "mml", "record"]);
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn replay(target: &str, seeds: Vec<(String, Vec<u8>)>, read: &mut dyn FnMut(&[u8])) {
    let folder = home().join("corpus").join(target);
    let write = std::env::var_os("STROWGER_WRITE").is_some();
    for (name, octets) in &seeds {
        let path = folder.join(format!("seed-{name}"));
        if write {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, octets).unwrap();
        }
        let there = fs::read(&path).unwrap_or_default();
        assert!(there == *octets, "{} is not what is made today: set STROWGER_WRITE=1", path.display());
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() <= FILES && paths.len() > seeds.len(), "{target} has {} inputs", paths.len());
    for path in paths {
        assert!(fs::metadata(&path).unwrap().len() <= LONGEST, "{} is too long", path.display());
        // Captured: it is shown where the test fails, and names the input.
        println!("{}", path.display());
        read(&fs::read(&path).unwrap());
    }
}

fn alice() -> Session {
    let name = |name: &str| Name::new(name).unwrap();
    let (tenant, name, roles) = (name("acme"), name("alice"), [].into());
    let alice = Principal { tenant, name, roles, revision: Revision(1), method: "password", until: None };
    let security = strowger_primitive::authorities().security;
    security.session(&security.known(Arc::new(alice)))
}

/// Inputs that are made: one that fills every field of each kind, and what has broken readers elsewhere.
mod seeds {
    use strowger_primitive::{Any, FieldDecl, KindDecl, Type};

    use super::{Document, Fields, Schema, Secret, Text, Time, Value};

    pub(super) fn json(schema: &Schema) -> Vec<(String, Vec<u8>)> {
        let full = schema.kinds().map(|kind| {
            let mut body = vec![letter(kind)];
            strowger_forms::json::write_document(&full(kind), &[], None, &mut body);
            (kind.name.to_owned(), body)
        });
        let said = [
            ("said", r#"f{"name":"demo-1","offer":"hello","parameters":{"greeting":"hi"}}"#),
            ("items", r#"f{"items":[{"no":2,"offer":"a","act":"delete"},{"offer":"b","parameters":{"a":"\n"}},{}]}"#),
            (
                "merge-patch",
                r#"e{"label":"x","description":null,"state":"active","components":[{"key":"a","files":{"a/b":""}}]}"#,
            ),
            (
                "unset",
                r#"e{"label":"y","unset":["description","components.1","components.2.files","labels.a.b","parameters.9.minimum"]}"#,
            ),
            (
                "secret",
                r#"c{"principal":"alice","secret":"hunter2-hunter2","expiresAt":"2026-11-24T13:00:03.1239+01:00"}"#,
            ),
            ("escapes", r#"e{"description":"\ud83d\ude00\u0041\/\b\f\r\n\t\\\"\u0000","label":"\ud800"}"#),
            ("line-ends", r#"e{"description":"a\r\nb\r\r\nc\rd"}"#),
            (
                "numbers",
                r#"e{"parameters":[{"minimum":-2147483648,"maximum":2147483648},{"no":4294967295},{"minimum":1e3},{"maximum":0.5}]}"#,
            ),
            ("twice", r#"e{"label":"a","label":"b","components":[{"no":1},{"no":1}]}"#),
            ("types", r#"e{"label":[],"components":{},"parameters":[1,"x",null],"state":5,"createdAt":true}"#),
            ("bom", "e\u{FEFF}{}"),
            ("tail", "e{}x"),
            ("filter-time", "f2026-11-24T13:00:03.1239+01:00"),
            ("filter-word", "finProgress"),
            ("filter-number", "f4294967296"),
        ];
        let said = said.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let deep = [b"e{\"x\":".to_vec(), vec![b'['; 64]].concat();
        let wide = (0..80).map(|n| format!("\"x{n}\":0")).collect::<Vec<_>>().join(",");
        let odd = [
            ("deep", deep),
            ("wide", format!("e{{{wide}}}").into_bytes()),
            ("utf-8", b"e{\"label\":\"\xff\"}".to_vec()),
        ];
        full.chain(said).chain(odd.map(|(name, octets)| (name.to_owned(), octets))).collect()
    }

    pub(super) fn cbor(schema: &Schema) -> Vec<(String, Vec<u8>)> {
        let full = schema.kinds().map(|kind| {
            let mut octets = vec![letter(kind)];
            strowger_forms::cbor::write(&full(kind), &mut octets);
            (kind.name.to_owned(), octets)
        });
        let odd = [
            ("empty", ""),
            ("no-fields", "a0"),
            ("null-text", "a10260"),
            ("newer", "a3026274311903e8820102190fa0c1a201f602fb3ff199999999999a"),
            ("cut", "a1026274"),
            ("endless", "bfff"),
            ("long-number", "a11802617 4"),
            ("huge-count", "bbffffffffffffffff"),
            ("huge-text", "a1027b7fffffffffffffff"),
            ("falling", "a20c01026175"),
            ("twice", "a22903e7a2010101021903e700"),
            ("half", "a11903e7f97e00"),
            ("tags", "a11903e7c1c1c1c1c1c1c100"),
            ("simple", "a11903e7f820"),
            ("tail", "a000"),
        ];
        let odd = odd.map(|(name, hex)| (name.to_owned(), [b"e".to_vec(), unhex(hex)].concat()));
        let deep = ("deep".to_owned(), [vec![b'e', 0xA1, 0x19, 0x03, 0xE7], vec![0x81; 40], vec![0]].concat());
        full.chain(odd).chain([deep]).collect()
    }

    pub(super) fn mml(schema: &Schema) -> Vec<(String, Vec<u8>)> {
        let makers = schema.kinds().map(|kind| {
            let command = strowger_speech::print_create(&full(kind));
            (
                format!("add-{}", kind.name),
                format!("\x7fLGI: OP=\"alice@acme\", PWD=\"hunter2x\";\n{command}").into_bytes(),
            )
        });
        let said: [(&str, &[u8]); 27] = [
            ("session", b"\x05LGI: OP=\"alice@acme\", PWD=\"hunter2x\";\r\nADD ORDER: NAME=\"demo-1\", OFFER=\"hello\", PARAMETERS=\"greeting=hi\";\r\nLST ORDER:;\r\nLGO:;"),
            ("items", b"\x7fADD ORDER: NAME=a, ITEMS={NO=1,OFFER=\"hello\"}&{OFFER=b,PARAMETERS=\"a=1\"&\"b=2\"}, WAIT=20, KEY=\"7d1f\";"),
            ("record-zero", b"\x7fADD ORDER: ITEMS={NO=0,OFFER=\"hello\"};"),
            ("list", b"\x11LST ORDER: STATE=COMPLETED, MESSAGE=NULL, SORT=-CREATED_AT&NAME, LIMIT=5, CURSOR=\"c\", FIELDS=NAME&STATE;"),
            ("patch", b"\x7fMOD OFFER: NAME=hello, IF_REVISION=5, LABEL=\"x\", DESCRIPTION=NULL, COMPONENTS={KEY=a,ARGUMENTS=\"1\"&\"2\"};"),
            ("help", b"\x01HLP; HLP ADD ORDER; HLP ORDER; ADD ORDER: ITEMS=? LST ?;?"),
            ("secret", b"\x7fADD CREDENTIAL: NAME=c, PRINCIPAL=alice, SECRET=\"hunter2x\", TYPE=PASSWORD;"),
            ("secret-bare", b"\x7fLGI: OP=ops, PWD=hunter2x;"),
            ("secret-lost-quote", b"\x7fLGI: OP=\"ops, PWD=\"hunter2x\";"),
            ("secret-unknown-name", b"\x7fADD CREDENTIAL: SECRT=\"hunter2x\", TYPE=DEVICE;"),
            ("secret-in-map", b"\x7fADD ORDER: PARAMETERS=\"password=hunter2x\"&\"db-pwd: hunter3x\";"),
            ("secret-in-record", b"\x7fMOD OFFER: NAME=a, COMPONENTS={NO=1,KEY=web,TOKEN=hunter2x};"),
            ("secret-after", b"\x7fLGI: OP=a, PWD=hun, ter2x=hunter3x, OP=hunter4x;"),
            ("secret-unfinished", b"\x7fLGI: OP=\"a\", PWD=\"hunter2x"),
            ("secret-asked", b"\x7fLGI PWD hunter2x ?"),
            ("stop-late", b"\x89LGI: OP=a, PWD=b; ADD ORDER: NAME=a, OFFER=b, WAIT=60; stp command:; LST ORDER:; RMV SERVICE: NAME=x;"),
            ("interrupt-late", b"\x98LGI: OP=a, PWD=b;LST ORDER:; RMV SERVICE: NAME=x;\x03DSP ORDER: NAME=a;"),
            ("telnet", b"\x03\xff\xfd\x01\xff\xfb\x1fHLP LGI\xff\xfa\x18;;\xff\xf0;\r\0\xff\xf6\xff\xf4LGO:;\x15"),
            ("comments", b"\x02// a file\n/* ; \" */ LST ORDER:/**/;\n// the end"),
            ("escapes", b"\x7fADD ORDER: LABEL=\"a\\\"b\\\\c\\nd\\te;?\", DESCRIPTION=\"\\q\";"),
            ("utf-8", b"\x7fADD ORDER: LABEL=\"\xc3\x28\"; ADD ORDER: LABEL=\"\xc3\xa4\xf0\x9f\x98\x80\";\xef\xbb\xbfLST ORDER:;"),
            ("ranges", b"\x7fADD ORDER: ITEMS=1&&4000000000, STEPS=5&&3&-1;"),
            ("deep", b"\x7fA B: X={A={A={A={A={A={A={A={A={A=1}}}}}}}}};"),
            ("twice", b"\x7fADD ORDER: PARAMETERS=\"a=1\"&\"a=2\", NAME=a, NAME=b, ITEMS={NO=1,NO=2};"),
            ("slips", b"\x7fLTS ODER:; ADD ODER: NAM=a; FROB; RMV ORDER: NAME=a; LGI hunter2x;"),
            ("tenant", b"\x21LGI: OP=a, PWD=b; USE TENANT: NAME=other; DSP RECORD: SEQUENCE=5; USE TENANT:; CANCEL ORDER: NAME=a;"),
            ("marks", b"\x7f{}:,=&&&;;?\"\\\"/*"),
        ];
        makers.chain(said.map(|(name, octets)| (name.to_owned(), octets.to_vec()))).collect()
    }

    /// The letter by which targets know a kind.
    fn letter(kind: &KindDecl) -> u8 {
        b'a' + u8::try_from(kind.number - 10).unwrap()
    }

    fn full(kind: &'static KindDecl) -> Document {
        let mut document = Document::new(kind);
        kind.fields().for_each(|field| document.fields.set(field, value(field.name, &field.ty)));
        document
    }

    /// Some value of that type, not null.
    fn value(name: &str, ty: &Type) -> Value {
        match ty {
            Type::Bool => Value::Bool(true),
            Type::Enum(decl) => Value::Enum(decl.values.last().map_or(1, |choice| choice.number)),
            Type::I32 { min, .. } => Value::Int(*min),
            Type::U32 { max, .. } | Type::Duration { max } => Value::Uint(u64::from(*max)),
            Type::U64 { .. } => Value::Uint(u64::MAX),
            Type::Decimal { .. } => Value::Decimal(-1_250),
            Type::Text { .. } if name == "name" => Value::Text("demo-1".into()),
            Type::Text { max } => Value::Text(
                "\"\u{e4}\n=;\\\u{1F600}".chars().cycle().take(12.min(*max as usize / 4)).collect::<String>().into(),
            ),
            Type::Bytes { .. } => Value::Bytes([0x0A, 0xFF][..].into()),
            Type::Time => Value::Time(Time(1_795_521_603_123)),
            Type::Ref(_) => Value::Text("hello".into()),
            Type::Secret { .. } => Value::Secret(Secret::new("hunter2-hunter2")),
            Type::List { of, .. } => Value::List(vec![value("", of), value("", of)]),
            Type::Map { .. } => Value::Map([("aa".into(), Text::from("1=x")), ("b".into(), "\n".into())].into()),
            Type::Rows { of, .. } => Value::Rows([(1, row(of)), (u32::MAX, row(of))].into()),
            Type::Any { .. } => Value::Any(Box::new(Any::Map(vec![
                ("z".into(), Any::List(vec![Any::Int(-1), Any::Float(0.1), Any::Null, Any::Bool(true)])),
                ("a\u{1}".into(), Any::Text("\"".into())),
            ]))),
        }
    }

    fn row(of: &[FieldDecl]) -> Fields {
        of.iter().map(|field| (field.number, value(field.name, &field.ty))).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        let digits: String = text.split_whitespace().collect();
        digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}
