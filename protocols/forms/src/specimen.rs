//! A kind with every type, and random documents of it, for the tests of all forms.

use std::collections::BTreeMap;

use proptest::prelude::*;
use strowger_primitive::{
    ActionDecl, Any, Choice, Document, EnumDecl, FieldDecl, Fields, Meter, RecordClass, Rows, Secret, Text, Time, Type,
    Value, Verb, common, kind,
};

pub(crate) static STATES: EnumDecl = EnumDecl {
    name: "specimen-state",
    open: true,
    values: &[
        Choice { number: 1, name: "idle", doc: "Idle." },
        Choice { number: 2, name: "in-progress", doc: "Going on." },
    ],
};

pub(crate) const ROUTE: &[FieldDecl] = &[
    FieldDecl::new(2, "prefix", Type::Text { max: 16 }, "Digits.").write().required(),
    FieldDecl::new(3, "tags", Type::List { of: &Type::Text { max: 8 }, max: 4 }, "Words.").write(),
    FieldDecl::new(4, "notes", Type::Map { max: 4, each: 16 }, "Notes.").write(),
    FieldDecl::new(5, "max-cost", Type::Decimal { scale: 3 }, "Most it may cost.").write().unit("EUR"),
];

const STATE_TYPE: Type = Type::Enum(&STATES);

const GRACE: &[FieldDecl] =
    &[FieldDecl::new(2, "grace-time", Type::Duration { max: 600 }, "How long to wait.").write().required().unit("s")];
const LEFT: &[FieldDecl] =
    &[FieldDecl::new(3, "left", Type::U32 { min: 0, max: 99, meter: Meter::Gauge }, "How many are left.")];

kind! {
    /// One of everything.
    specimen "specimens" = 40, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// A truth.
        10 BOOL_VALUE: Type::Bool, write();
        /// A word.
        11 STATE: Type::Enum(&STATES), write(), default("idle");
        /// A small number.
        12 SMALL: Type::I32 { min: -100, max: i32::MAX }, write();
        /// A number.
        13 MAX_CALLS: Type::U32 { min: 1, max: 10_000, meter: Meter::Gauge }, write(), default("30");
        /// A large number.
        14 QUOTA: Type::U64 { meter: Meter::Gauge }, write(), unit("B");
        /// Money.
        15 PRICE: Type::Decimal { scale: 2 }, write(), unit("EUR");
        /// Words.
        16 DESCRIPTION: Type::Text { max: 255 }, write();
        /// Octets.
        17 DATA: Type::Bytes { max: 64 }, write();
        /// A moment.
        18 SEEN_AT: Type::Time, write();
        /// A while.
        19 HOLD_TIME: Type::Duration { max: 86_400 }, write(), unit("s");
        /// Another one.
        20 PEER: Type::Ref("specimen"), create_only();
        /// What nobody reads.
        21 SECRET: Type::Secret { max: 64 }, write_only();
        /// Numbers.
        22 SIZES: Type::List { of: &Type::U64 { meter: Meter::Gauge }, max: 8 }, write();
        /// Words of a list.
        23 STATES_SEEN: Type::List { of: &STATE_TYPE, max: 8 }, write();
        /// Records.
        24 ROUTES: Type::Rows { of: ROUTE, max: 8 }, write();
        /// Words by name.
        25 LABELS: Type::Map { max: 8, each: 64 }, write();
        /// Anything.
        26 EXTRA: Type::Any { max: 4_096 }, write();
        /// What must be said.
        27 NEEDED: Type::Text { max: 8 }, write(), required();
    actions: [
        ActionDecl { number: 1, name: "drain", input: GRACE, output: LEFT, since: 1, doc: "Empties it." },
    ];
}

/// Text as documents hold it: not empty.
fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["[a-z0-9]{1,12}", "[ -~\\t\\n\u{e4}\u{20ac}\u{1F600}]{1,20}"].prop_map(Text::from)
}

fn any() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Null),
        proptest::bool::ANY.prop_map(Any::Bool),
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).prop_map(Any::Int),
        (-1000i128..1000).prop_map(Any::Int),
        proptest::num::f64::NORMAL.prop_map(Any::Float),
        (-1000i32..1000).prop_map(|n| Any::Float(f64::from(n) / 4.0)),
        "[ -~\\n\u{e4}\u{1F600}]{0,8}".prop_map(|t| Any::Text(t.into())),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Any::List),
            proptest::collection::btree_map("[a-z\u{e4}\"\\\\]{0,6}", inner, 0..5)
                .prop_map(|map| Any::Map(map.into_iter().rev().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

fn map() -> impl Strategy<Value = BTreeMap<Text, Text>> {
    proptest::collection::btree_map(text(), text(), 1..4)
}

fn row() -> impl Strategy<Value = Fields> {
    let tags = proptest::collection::vec(text().prop_map(Value::Text), 1..4);
    (text(), proptest::option::of(tags), proptest::option::of(map()), proptest::option::of(proptest::num::i64::ANY))
        .prop_map(|(prefix, tags, notes, cost)| {
            let mut row = Fields::from_iter([(2, Value::Text(prefix))]);
            row.extend_with(3, tags.map(Value::List));
            row.extend_with(4, notes.map(Value::Map));
            row.extend_with(5, cost.map(Value::Decimal));
            row
        })
}

trait ExtendWith {
    fn extend_with(&mut self, number: u16, value: Option<Value>);
}

impl ExtendWith for Fields {
    fn extend_with(&mut self, number: u16, value: Option<Value>) {
        if let Some(value) = value {
            self.put(number, value);
        }
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    proptest::collection::btree_map(1u32..=u32::MAX, row(), 1..4)
}

/// Random documents, each field there or not.
pub(crate) fn documents() -> impl Strategy<Value = Document> {
    let time = -62_167_219_200_000i64..=253_402_300_799_999;
    let scalars: Vec<(u16, BoxedStrategy<Value>)> = vec![
        (2, "[a-z0-9][a-z0-9._-]{0,20}".prop_map(|t| Value::Text(t.into())).boxed()),
        (10, proptest::bool::ANY.prop_map(Value::Bool).boxed()),
        (11, (1u32..=2).prop_map(Value::Enum).boxed()),
        (12, proptest::num::i32::ANY.prop_map(Value::Int).boxed()),
        (13, proptest::num::u32::ANY.prop_map(|n| Value::Uint(n.into())).boxed()),
        (14, proptest::num::u64::ANY.prop_map(Value::Uint).boxed()),
        (15, proptest::num::i64::ANY.prop_map(Value::Decimal).boxed()),
        (16, text().prop_map(Value::Text).boxed()),
        (17, proptest::collection::vec(0u8.., 1..64).prop_map(|v| Value::Bytes(v.into())).boxed()),
        (18, time.prop_map(|t| Value::Time(Time(t))).boxed()),
        (19, (0u64..86_400).prop_map(Value::Uint).boxed()),
        (20, "[a-z0-9]{1,8}".prop_map(|t| Value::Text(t.into())).boxed()),
        (21, "[a-z]{8,20}".prop_map(|t| Value::Secret(Secret::new(t))).boxed()),
        (22, proptest::collection::vec((0u64..).prop_map(Value::Uint), 1..8).prop_map(Value::List).boxed()),
        (23, proptest::collection::vec((1u32..=2).prop_map(Value::Enum), 1..8).prop_map(Value::List).boxed()),
        (24, rows().prop_map(Value::Rows).boxed()),
        (25, map().prop_map(Value::Map).boxed()),
        (
            26,
            any().prop_filter("null is nothing", |v| *v != Any::Null).prop_map(|any| Value::Any(Box::new(any))).boxed(),
        ),
        (27, text().prop_map(Value::Text).boxed()),
    ];
    let fields: Vec<_> = scalars
        .into_iter()
        .map(|(number, value)| proptest::option::of(value).prop_map(move |v| v.map(|v| (number, v))))
        .collect();
    fields.prop_map(|fields| Document { kind: &DECL, fields: fields.into_iter().flatten().collect() })
}

/// What a door shows of it: everything but the secret.
pub(crate) fn without_secret(mut document: Document) -> Document {
    document.fields.remove(SECRET.number);
    document
}

/// A document named `name`.
pub(crate) fn named(name: &str) -> Document {
    let mut document = Document::new(&DECL);
    document.fields.set_text(&common::NAME, name);
    document
}
