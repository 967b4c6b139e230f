//! Records: who asked what, what was decided, what came of it.

use std::time::Instant;

use strowger_primitive::{
    ActionDecl, Choice, Document, EnumDecl, FieldDecl, Id, Meter, Name, RecordClass, Text, Type, Value, Verb, World,
    common, kind, maker, printed,
};

const GAUGE: Meter = Meter::Gauge;

/// How a record came to be.
pub static CLASSES: EnumDecl = EnumDecl {
    name: "record-class",
    open: true,
    values: &[
        Choice { number: 1, name: "each", doc: "One request." },
        Choice { number: 2, name: "counted", doc: "All of one principal, kind and verb in one minute." },
        Choice { number: 3, name: "step", doc: "One step of an order, of the gateway's own doing." },
    ],
};
/// Number of each.
pub const EACH: u32 = 1;
/// Number of counted.
pub const COUNTED: u32 = 2;
/// Number of step.
pub const STEP: u32 = 3;

/// What `prove` gives back: the record's place under a signed head (RFC 9162 section 2.1.3).
pub mod proof {
    use super::{FieldDecl, GAUGE, Type};

    /// Sixty-four levels are more than a log will ever have.
    const DIGEST: Type = Type::Text { max: 64 };

    /// The leaf.
    pub const LEAF: FieldDecl = FieldDecl::new(2, "leaf", DIGEST, "Leaf hash of the record, in hexadecimal.");
    /// The tree.
    pub const SIZE: FieldDecl =
        FieldDecl::new(3, "size", Type::U64 { meter: GAUGE }, "Records under the head.").unit("1");
    /// The root.
    pub const ROOT: FieldDecl = FieldDecl::new(4, "root", DIGEST, "Root hash of the tree, in hexadecimal.");
    /// The way up.
    pub const PATH: FieldDecl = FieldDecl::new(
        5,
        "path",
        Type::List { of: &DIGEST, max: 64 },
        "Hashes from the leaf to the root, in hexadecimal.",
    );
    /// The head.
    pub const HEAD: FieldDecl =
        FieldDecl::new(6, "head", Type::Text { max: 1_024 }, "The signed head: a C2SP checkpoint.");
    /// The record.
    pub const STORED: FieldDecl = FieldDecl::new(
        7,
        "stored",
        Type::Text { max: 32_768 },
        "The record as it is stored, in base64; the leaf hash is SHA-256 of a zero octet and its octets.",
    );
    /// All of them.
    pub const ALL: &[FieldDecl] = &[LEAF, SIZE, ROOT, PATH, HEAD, STORED];
}

kind! {
    /// One record of the audit log, sealed in a Merkle tree (RFC 9162).
    record "records" = 19, sequenced, owner 14;
    verbs: [(Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted)];
    fields:
        /// How it came to be.
        10 RECORD_CLASS: Type::Enum(&CLASSES);
        /// The node that wrote it.
        11 NODE: Type::Text { max: 64 };
        /// The tenant of the principal.
        12 TENANT_NAME: Type::Text { max: 32 };
        /// The tenant whose thing it was about.
        13 ABOUT_TENANT: Type::Text { max: 32 };
        /// Who asked; null: nobody was proven.
        14 PRINCIPAL: Type::Text { max: 64 };
        /// How it was proven.
        15 AUTH_METHOD: Type::Text { max: 32 };
        /// The door.
        16 PROTOCOL: Type::Text { max: 16 };
        /// What carried it.
        17 TRANSPORT: Type::Text { max: 16 };
        /// The other end: address and port.
        18 PEER: Type::Text { max: 64 };
        /// The identifier of the request.
        19 REQUEST: Type::Text { max: 26 };
        /// The caller's trace (W3C), 32 hexadecimal digits.
        20 TRACE: Type::Text { max: 32 };
        /// What was asked: a verb or an action.
        21 OPERATION: Type::Text { max: 64 };
        /// Of what kind.
        22 KIND: Type::Text { max: 64 };
        /// Of which one.
        23 OBJECT: Type::Text { max: 64 };
        /// The idempotency key, as its hash.
        24 KEY: Type::Text { max: 64 };
        /// What came of it: done, accepted, or the word of a fault.
        25 OUTCOME: Type::Text { max: 32 };
        /// The code of a fault.
        26 FAULT: Type::Text { max: 64 };
        /// Why, for the operator; never sent to the peer.
        27 CAUSE: Type::Text { max: 1_024 };
        /// The policies that decided.
        28 POLICIES: Type::List { of: &Type::Text { max: 128 }, max: 16 };
        /// From arrival to the proof of the principal.
        29 PROVEN_AFTER: Type::U32 { min: 0, max: u32::MAX, meter: GAUGE }, unit("us");
        /// From arrival to admission.
        30 ADMITTED_AFTER: Type::U32 { min: 0, max: u32::MAX, meter: GAUGE }, unit("us");
        /// From arrival to this record.
        31 ENDED_AFTER: Type::U32 { min: 0, max: u32::MAX, meter: GAUGE }, unit("us");
        /// So many requests, of a counted record; refusals left out, of a refusal.
        32 COUNT: Type::U64 { meter: GAUGE };
        /// The schema version it was written by.
        33 SCHEMA_VERSION: Type::U32 { min: 1, max: u32::MAX, meter: GAUGE };
        /// What was done, in words: the step of an order.
        34 MESSAGE: Type::Text { max: 255 };
        /// Monotonic time of the node since it started.
        35 UPTIME: Type::U64 { meter: GAUGE }, unit("us");
    actions: [
        ActionDecl { number: 1, name: "prove", input: &[], output: proof::ALL, since: 1,
            doc: "Gives what shows that the record is in the log, unchanged, under a signed head." },
    ];
}

/// Most records have no more fields.
const FIELDS: usize = 28;

/// Begins records: what all of one node have in common.
#[derive(Clone, Debug)]
pub struct Scribe {
    node: Text,
    started: Instant,
    schema_version: u64,
}

impl Scribe {
    /// The scribe of `node`, which started at `started`.
    #[must_use]
    pub fn new(node: impl Into<Text>, started: Instant, schema_version: u16) -> Self {
        Self { node: node.into(), started, schema_version: schema_version.into() }
    }

    /// A record of this moment: identifier, time, node, uptime, schema version and `class` ([`EACH`], [`COUNTED`],
    /// [`STEP`]).
    #[must_use]
    pub fn begin(&self, world: &dyn World, class: u32) -> Document {
        let now = world.now();
        let up = now.mono.saturating_duration_since(self.started).as_micros();
        let mut record = Document::with_room(&DECL, FIELDS);
        record.fields.set_text(&common::ID, printed(&Id::new(world, now)));
        record.fields.set(&common::CREATED_AT, Value::Time(now.wall));
        record.fields.set(&RECORD_CLASS, Value::Enum(class));
        record.fields.set_text(&NODE, std::sync::Arc::clone(&self.node));
        record.fields.set(&SCHEMA_VERSION, Value::Uint(self.schema_version));
        record.fields.set(&UPTIME, Value::Uint(u64::try_from(up).unwrap_or(u64::MAX)));
        record
    }

    /// Likewise of the gateway's own doing, for whoever made `what`, a thing of `tenant`.
    #[must_use]
    pub fn step(&self, world: &dyn World, tenant: &Name, what: &Document) -> Document {
        let mut record = self.begin(world, STEP);
        record.fields.set(&ABOUT_TENANT, Value::Text(tenant.text()));
        if let Some(by) = what.created_by() {
            let (principal, of) = maker(by, tenant);
            record.fields.set_text(&PRINCIPAL, principal);
            record.fields.set_text(&TENANT_NAME, of);
        }
        record
    }
}
