//! Tenants.

use strowger_primitive::{Choice, EnumDecl, RecordClass, Type, Verb, kind};

/// Whether its principals may come in.
pub static STATES: EnumDecl = EnumDecl {
    name: "tenant-state",
    open: true,
    values: &[
        Choice { number: 1, name: "active", doc: "Its principals may come in." },
        Choice { number: 2, name: "suspended", doc: "Its principals are refused; its services run on." },
    ],
};
/// Number of active.
pub const ACTIVE: u32 = 1;

kind! {
    /// A customer: everything of its own is unseen by the others. The name is at most 32 octets.
    tenant "tenants" = 10, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Whether its principals may come in.
        10 STATE: Type::Enum(&STATES), write(), default("active");
    actions: [];
}
