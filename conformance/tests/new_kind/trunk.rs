//! The new kind: this file is all there is of it.

use strowger_primitive::{ActionDecl, FieldDecl, Meter, RecordClass, Type, Verb, kind};

/// What `drain` takes.
const GRACE: &[FieldDecl] = &[FieldDecl::new(2, "grace", Type::Duration { max: 600 }, "How long calls may go on.")
    .write()
    .default("5")
    .unit("s")];
/// What `drain` gives.
const LEFT: &[FieldDecl] =
    &[FieldDecl::new(2, "left", Type::U32 { min: 0, max: 9_999, meter: Meter::Gauge }, "Calls that are left.")];

kind! {
    /// A line to another exchange.
    trunk "trunks" = 40, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Most calls at once.
        10 MAX_CALLS: Type::U32 { min: 1, max: 10_000, meter: Meter::Gauge }, write(), default("30");
        /// Where it leads.
        11 PEER: Type::Text { max: 64 }, create_only(), required();
    actions: [
        ActionDecl { number: 1, name: "drain", input: GRACE, output: LEFT, since: 1, doc: "Takes no new calls." },
    ];
}
