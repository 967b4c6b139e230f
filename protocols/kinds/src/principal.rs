//! Principals: who may ask.

use strowger_primitive::{ActionDecl, Choice, EnumDecl, RecordClass, Type, Verb, kind};

/// Whether it may come in.
pub static STATES: EnumDecl = EnumDecl {
    name: "principal-state",
    open: true,
    values: &[
        Choice { number: 1, name: "active", doc: "It may come in." },
        Choice { number: 2, name: "suspended", doc: "It is refused." },
    ],
};
/// Number of active.
pub const ACTIVE: u32 = 1;

/// What the default policies speak of.
pub static ROLE_NAMES: EnumDecl = EnumDecl {
    name: "role",
    open: true,
    values: &[
        Choice { number: 1, name: "operator", doc: "Runs the gateway: everything, in every tenant." },
        Choice { number: 2, name: "administrator", doc: "Runs a tenant: its principals, offers and services." },
        Choice { number: 3, name: "user", doc: "Orders services and uses its own." },
        Choice { number: 4, name: "reader", doc: "Sees what is in its tenant." },
    ],
};

const ROLE: Type = Type::Enum(&ROLE_NAMES);

/// Number of the role operator.
pub const OPERATOR: u32 = 1;
/// Number of the role administrator.
pub const ADMINISTRATOR: u32 = 2;

kind! {
    /// Somebody or something that asks: a person, a telephone, a program.
    principal "principals" = 11, named, owner 2;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Whether it may come in.
        10 STATE: Type::Enum(&STATES), write(), default("active");
        /// What the policies give it.
        11 ROLES: Type::List { of: &ROLE, max: 8 }, write();
    actions: [
        ActionDecl { number: 1, name: "unlock", input: &[], output: &[], since: 1,
            doc: "Ends a lock-out after wrong passwords." },
    ];
}
