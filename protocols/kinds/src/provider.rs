//! Providers: clouds that give resources.

use strowger_primitive::{Choice, EnumDecl, Meter, RecordClass, Type, Verb, kind};

/// Whether it is given new work.
pub static STATES: EnumDecl = EnumDecl {
    name: "provider-state",
    open: true,
    values: &[
        Choice { number: 1, name: "enabled", doc: "It is given new work." },
        Choice { number: 2, name: "disabled", doc: "What it has runs on; it is given no new work." },
    ],
};
/// Number of enabled.
pub const ENABLED: u32 = 1;

kind! {
    /// A cloud, own or foreign, that gives resources. Which there are is configured; whether one is used is set here.
    provider "providers" = 18, named;
    verbs: [
        (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted), (Verb::Update, RecordClass::Each),
    ];
    fields:
        /// Whether it is given new work.
        10 STATE: Type::Enum(&STATES), write();
        /// What it runs.
        11 RUNS: Type::Enum(&super::offer::COMPONENT_TYPES);
        /// Resources it runs now.
        12 RUNNING: Type::U32 { min: 0, max: u32::MAX, meter: Meter::Gauge };
    actions: [];
}
