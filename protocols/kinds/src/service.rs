//! Services: what was ordered and runs (TMF638).

use strowger_primitive::{Choice, EnumDecl, RecordClass, Type, Verb, kind};

/// Where it stands (TMF638 ServiceStateType).
pub static STATES: EnumDecl = EnumDecl {
    name: "service-state",
    open: true,
    values: &[
        Choice { number: 1, name: "feasibility-checked", doc: "It could be made." },
        Choice { number: 2, name: "designed", doc: "It is drawn." },
        Choice { number: 3, name: "reserved", doc: "Its order is accepted." },
        Choice { number: 4, name: "inactive", doc: "It is made and not in use." },
        Choice { number: 5, name: "active", doc: "It can be used." },
        Choice { number: 6, name: "terminated", doc: "It is ended." },
    ],
};

/// Number of reserved.
pub const RESERVED: u32 = 3;
/// Number of inactive.
pub const INACTIVE: u32 = 4;
/// Number of active.
pub const ACTIVE: u32 = 5;
/// Number of terminated.
pub const TERMINATED: u32 = 6;

/// What was observed of it.
pub static HEALTHS: EnumDecl = EnumDecl {
    name: "service-health",
    open: true,
    values: &[
        Choice { number: 1, name: "unknown", doc: "Nobody looked yet, or there is nothing to look at." },
        Choice { number: 2, name: "up", doc: "Its checks pass." },
        Choice { number: 3, name: "down", doc: "A check fails, or a process has ended." },
    ],
};

/// Number of unknown.
pub const UNKNOWN: u32 = 1;
/// Number of up.
pub const UP: u32 = 2;
/// Number of down.
pub const DOWN: u32 = 3;

kind! {
    /// A service instance (TMF638). Creating one directly is an order of one item, deleting one likewise.
    service "services" = 16, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Where it stands (TMF638).
        10 STATE: Type::Enum(&STATES);
        /// What it is one of.
        11 OFFER: Type::Ref("offer"), create_only(), required();
        /// Values of the offer's parameters.
        12 PARAMETERS: Type::Map { max: 32, each: 1_024 }, create_only();
        /// The order that made it.
        13 ORDER: Type::Ref("order");
        /// Where it runs; null: nowhere.
        14 PROVIDER: Type::Ref("provider");
        /// Where it is reached: a URL.
        15 ENDPOINT: Type::Text { max: 255 };
        /// What was observed of it.
        16 HEALTH: Type::Enum(&HEALTHS);
        /// Since when.
        17 HEALTH_SINCE: Type::Time;
        /// What happened to it last, for people.
        18 MESSAGE: Type::Text { max: 255 };
    actions: [];
}
