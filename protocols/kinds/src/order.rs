//! Orders: what is asked for and how far it is (TMF641).

use strowger_primitive::{ActionDecl, Choice, EnumDecl, FieldDecl, Meter, RecordClass, Type, Verb, kind};

/// Where it stands (TMF641 ServiceOrderStateType).
pub static STATES: EnumDecl = EnumDecl {
    name: "order-state",
    open: true,
    values: &[
        Choice { number: 1, name: "acknowledged", doc: "Accepted and stored." },
        Choice { number: 2, name: "in-progress", doc: "Being carried out." },
        Choice { number: 3, name: "pending", doc: "Waiting for somebody." },
        Choice { number: 4, name: "held", doc: "Stopped for now." },
        Choice { number: 5, name: "completed", doc: "All is done." },
        Choice { number: 6, name: "failed", doc: "Nothing was done, or all was undone." },
        Choice { number: 7, name: "partial", doc: "Some items are done, some failed." },
        Choice { number: 8, name: "cancelled", doc: "Cancelled; what was done was undone." },
        Choice { number: 9, name: "rejected", doc: "Not accepted." },
        Choice { number: 10, name: "pending-cancellation", doc: "What was done is being undone." },
    ],
};

/// Number of acknowledged.
pub const ACKNOWLEDGED: u32 = 1;
/// Number of in-progress.
pub const IN_PROGRESS: u32 = 2;
/// Number of completed.
pub const COMPLETED: u32 = 5;
/// Number of failed.
pub const FAILED: u32 = 6;
/// Number of partial.
pub const PARTIAL: u32 = 7;
/// Number of cancelled.
pub const CANCELLED: u32 = 8;
/// Number of pending-cancellation.
pub const PENDING_CANCELLATION: u32 = 10;

/// Whether an order in that state will change no more.
#[must_use]
pub fn ended(state: u32) -> bool {
    matches!(state, 5..=9)
}

/// What an item asks for (TMF641 OrderItemActionType).
pub static ACTIONS: EnumDecl = EnumDecl {
    name: "item-action",
    open: true,
    values: &[
        Choice { number: 1, name: "add", doc: "Make a new service." },
        Choice { number: 2, name: "delete", doc: "End a service." },
    ],
};
/// Number of add.
pub const ADD: u32 = 1;
/// Number of delete.
pub const DELETE: u32 = 2;

/// Subfields of an item.
pub mod item {
    use super::{ACTIONS, FieldDecl, STATES, Type};

    /// What it asks for.
    pub const ACTION: FieldDecl =
        FieldDecl::new(2, "act", Type::Enum(&ACTIONS), "What it asks for.").create_only().default("add");
    /// Of what.
    pub const OFFER: FieldDecl = FieldDecl::new(3, "offer", Type::Ref("offer"), "What is to be added.").create_only();
    /// Which service.
    pub const SERVICE: FieldDecl = FieldDecl::new(
        4,
        "service",
        Type::Text { max: 64 },
        "Name of the service; of an added one by default that of the order, with the item's number where there are several.",
    )
    .create_only();
    /// With what.
    pub const PARAMETERS: FieldDecl =
        FieldDecl::new(5, "parameters", Type::Map { max: 32, each: 1_024 }, "Values of the offer's parameters.")
            .create_only();
    /// How far.
    pub const STATE: FieldDecl = FieldDecl::new(6, "state", Type::Enum(&STATES), "How far it is.");
    /// Why.
    pub const MESSAGE: FieldDecl =
        FieldDecl::new(7, "message", Type::Text { max: 255 }, "What was done last, or what went wrong.");
    /// All of them.
    pub const ALL: &[FieldDecl] = &[ACTION, OFFER, SERVICE, PARAMETERS, STATE, MESSAGE];
}

kind! {
    /// A service order (TMF641): one or more services asked for together.
    order "orders" = 15, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each),
    ];
    fields:
        /// Where it stands (TMF641).
        10 STATE: Type::Enum(&STATES);
        /// What is ordered: short for one item that adds it.
        11 OFFER: Type::Ref("offer"), create_only();
        /// Values of the offer's parameters: short for those of the one item.
        12 PARAMETERS: Type::Map { max: 32, each: 1_024 }, create_only();
        /// What is asked for.
        13 ITEMS: Type::Rows { of: item::ALL, max: 32 }, create_only();
        /// What was done last, or what went wrong.
        14 MESSAGE: Type::Text { max: 255 };
        /// Steps that are done.
        15 STEPS_DONE: Type::U32 { min: 0, max: u32::MAX, meter: Meter::Gauge };
        /// Steps there are.
        16 STEPS: Type::U32 { min: 0, max: u32::MAX, meter: Meter::Gauge };
        /// When it came to its end.
        17 COMPLETED_AT: Type::Time;
        /// The code of what went wrong: offer-not-found.
        18 FAULT: Type::Text { max: 64 };
    actions: [
        ActionDecl { number: 1, name: "cancel", input: &[], output: &[], since: 1,
            doc: "Stops an order that has not ended; what it did is undone." },
    ];
}
