//! Credentials: how a principal proves who it is.

use strowger_primitive::{ActionDecl, Choice, EnumDecl, FieldDecl, RecordClass, Type, Verb, kind};

/// Sorts of credential.
pub static TYPES: EnumDecl = EnumDecl {
    name: "credential-type",
    open: true,
    values: &[
        Choice { number: 1, name: "password", doc: "A person's: argon2id and SCRAM verifiers." },
        Choice { number: 2, name: "device", doc: "Generated, 128 bits: digest, SCRAM and USM verifiers." },
    ],
};
/// Number of the type password.
pub const PASSWORD: u32 = 1;
/// Number of the type device.
pub const DEVICE: u32 = 2;

/// Whether it opens.
pub static STATES: EnumDecl = EnumDecl {
    name: "credential-state",
    open: true,
    values: &[
        Choice { number: 1, name: "pending", doc: "It has no secret yet: rotate it." },
        Choice { number: 2, name: "active", doc: "It opens." },
    ],
};
/// Number of the state pending.
pub const PENDING: u32 = 1;
/// Number of the state active.
pub const ACTIVE: u32 = 2;

/// What `rotate` gives back: shown once, over a confidential origin.
pub const ROTATED: &[FieldDecl] = &[FieldDecl::new(
    2,
    "generated",
    Type::Text { max: 64 },
    "The new secret: 128 random bits. It is shown once and never again.",
)];

kind! {
    /// One way for a principal to prove who it is. Secrets are written and never read.
    credential "credentials" = 12, named, owner 10;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Whose it is.
        10 PRINCIPAL: Type::Ref("principal"), create_only(), required();
        /// Its sort.
        11 TYPE: Type::Enum(&TYPES), create_only(), default("password");
        /// A password of 8 to 128 octets. A device credential takes none: rotate it.
        12 SECRET: Type::Secret { max: 128 }, write_only();
        /// Whether it opens.
        13 STATE: Type::Enum(&STATES);
        /// It opens until then; null: for ever.
        14 EXPIRES_AT: Type::Time, write();
    actions: [
        ActionDecl { number: 1, name: "rotate", input: &[], output: ROTATED, since: 1,
            doc: "Generates a new secret for a device credential and shows it once; the old one opens no more." },
    ];
}
