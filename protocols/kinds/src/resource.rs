//! Resources: what runs for services (TMF639).

use strowger_primitive::{Choice, EnumDecl, Meter, RecordClass, Type, Verb, kind};

/// What it is to us (TMF639 ResourceStatusType).
pub static STATUSES: EnumDecl = EnumDecl {
    name: "resource-status",
    open: true,
    values: &[
        Choice { number: 1, name: "standby", doc: "Made and not in use." },
        Choice { number: 2, name: "alarm", doc: "In trouble." },
        Choice { number: 3, name: "available", doc: "In use or usable." },
        Choice { number: 4, name: "reserved", doc: "Being made." },
        Choice { number: 5, name: "unknown", doc: "Not seen." },
        Choice { number: 6, name: "suspended", doc: "Stopped." },
    ],
};

/// Number of alarm.
pub const ALARM: u32 = 2;
/// Number of available.
pub const AVAILABLE: u32 = 3;
/// Number of reserved.
pub const RESERVED: u32 = 4;

/// Whether it works (TMF639, ITU-T X.731 operational state).
pub static OPERATIONAL: EnumDecl = EnumDecl {
    name: "operational-state",
    open: true,
    values: &[
        Choice { number: 1, name: "enable", doc: "It works." },
        Choice { number: 2, name: "disable", doc: "It does not work." },
    ],
};
/// Number of enable.
pub const ENABLE: u32 = 1;
/// Number of disable.
pub const DISABLE: u32 = 2;

kind! {
    /// A resource (TMF639): one component of a service, as a provider runs it.
    resource "resources" = 17, named;
    verbs: [(Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted)];
    fields:
        /// What it is to us (TMF639 resourceStatus).
        10 STATUS: Type::Enum(&STATUSES);
        /// Whether it works (TMF639 operationalState).
        11 OPERATIONAL_STATE: Type::Enum(&OPERATIONAL);
        /// The service it is part of.
        12 SERVICE: Type::Ref("service");
        /// The component of the offer it is made from.
        13 COMPONENT: Type::Text { max: 32 };
        /// Where it runs.
        14 PROVIDER: Type::Ref("provider");
        /// Where it is reached, by port name.
        15 ENDPOINTS: Type::Map { max: 8, each: 255 };
        /// Its process, where it is one.
        16 PID: Type::U32 { min: 0, max: u32::MAX, meter: Meter::Gauge };
        /// Where it works: a folder of the provider's.
        17 WORKSPACE: Type::Text { max: 1_024 };
        /// How it ended.
        18 EXIT_STATUS: Type::I32 { min: i32::MIN, max: i32::MAX };
        /// What happened to it last, for people.
        19 MESSAGE: Type::Text { max: 255 };
    actions: [];
}
