//! A kind that holds every type there is, for tests.

use strowger_primitive::{ActionDecl, Choice, EnumDecl, FieldDecl, Meter, RecordClass, Schema, Type, Verb, kind};

static STATES: EnumDecl = EnumDecl {
    name: "trunk-state",
    open: true,
    values: &[
        Choice { number: 1, name: "idle", doc: "Waiting." },
        Choice { number: 2, name: "in-service", doc: "Carrying calls." },
    ],
};

const STATE_TYPE: Type = Type::Enum(&STATES);
const ROUTE: &[FieldDecl] = &[
    FieldDecl::new(2, "prefix", Type::Text { max: 16 }, "Digits it begins with.").write().required(),
    FieldDecl::new(3, "hops", Type::List { of: &Type::U32 { min: 0, max: 99, meter: Meter::Gauge }, max: 4 }, "Hops.")
        .write(),
    FieldDecl::new(4, "notes", Type::Map { max: 4, each: 64 }, "Notes.").write(),
    FieldDecl::new(5, "used", Type::Bool, "Whether it is used."),
];
const GRACE: &[FieldDecl] =
    &[FieldDecl::new(1, "grace", Type::Duration { max: 900 }, "Time to end calls.").write().required().unit("s")];
const LEFT: &[FieldDecl] =
    &[FieldDecl::new(1, "left", Type::U32 { min: 0, max: 99, meter: Meter::Gauge }, "Calls left.")];

kind! {
    /// A line to another exchange.
    trunk "trunks" = 40, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Where it stands.
        10 STATE: Type::Enum(&STATES), write();
        /// Most calls at once.
        11 MAX_CALLS: Type::U32 { min: 1, max: 10_000, meter: Meter::Gauge }, write(), default("30");
        /// Octets it may carry.
        12 QUOTA: Type::U64 { meter: Meter::Gauge }, write(), unit("B");
        /// What it costs.
        13 PRICE: Type::Decimal { scale: 2 }, write();
        /// Level.
        14 GAIN: Type::I32 { min: -60, max: 20 }, write();
        /// Whether calls may come in.
        15 INBOUND: Type::Bool, write();
        /// For people.
        16 REMARK: Type::Text { max: 64 }, write();
        /// Its key.
        17 TAG: Type::Bytes { max: 16 }, write();
        /// Until when.
        18 UNTIL: Type::Time, write();
        /// Time to set up.
        19 SETUP: Type::Duration { max: 100_000 }, write(), unit("ms");
        /// The other end.
        20 PEER_OFFER: Type::Ref("offer"), create_only(), required();
        /// The password of the other end.
        21 SECRET: Type::Secret { max: 64 }, write_only();
        /// Circuits.
        22 CIRCUITS: Type::List { of: &Type::U32 { min: 0, max: 99, meter: Meter::Gauge }, max: 8 }, write();
        /// States it was in.
        23 WAS: Type::List { of: &STATE_TYPE, max: 4 }, write();
        /// Where to.
        24 ROUTES: Type::Rows { of: ROUTE, max: 3 }, write();
        /// Marks.
        25 MARKS: Type::Map { max: 3, each: 64 }, write();
        /// Anything.
        26 EXTRA: Type::Any { max: 4_096 }, write();
        /// Calls now.
        27 CALLS: Type::U32 { min: 0, max: u32::MAX, meter: Meter::Gauge };
    actions: [
        ActionDecl { number: 1, name: "block", input: &[], output: &[], since: 1, doc: "Takes no more calls." },
        ActionDecl { number: 2, name: "drain", input: GRACE, output: LEFT, since: 1, doc: "Ends calls in time." },
    ];
}

/// All kinds, and this one.
pub(crate) fn schema() -> Schema {
    strowger_kinds::all().kinds().chain([&DECL]).collect()
}
