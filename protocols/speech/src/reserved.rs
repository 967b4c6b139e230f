//! The parameters that mean the same in every command, declared as fields are, so that help and reading treat them
//! alike.

use strowger_primitive::{FieldDecl, Meter, Query, Type};

use crate::form::Role;

/// The declaration of a reserved parameter.
pub(crate) fn declaration(role: Role) -> &'static FieldDecl {
    match role {
        Role::Wait => &WAIT,
        Role::Key => &KEY,
        Role::Tenant | Role::Field | Role::Filter => &TENANT,
        Role::Target => &TENANT_NAME,
        Role::IfRevision => &IF_REVISION,
        Role::Unlike => &UNLIKE,
        Role::Sort => &SORT,
        Role::Limit => &LIMIT,
        Role::Cursor => &CURSOR,
        Role::Fields => &FIELDS,
        Role::Operator => &OP,
        Role::Password => &PWD,
    }
}

/// Longest `WAIT`, in seconds.
const LONGEST_WAIT: u32 = 3_600;

static WAIT: FieldDecl = FieldDecl::new(
    0,
    "wait",
    Type::Duration { max: LONGEST_WAIT },
    "How long to wait for the work itself, not only for its acceptance.",
)
.write()
.unit("s")
.default("0");
static KEY: FieldDecl = FieldDecl::new(
    0,
    "key",
    Type::Text { max: 255 },
    "Makes a repeated command the same one: for 24 hours it is not done twice.",
)
.write();
static TENANT: FieldDecl =
    FieldDecl::new(0, "tenant", Type::Ref("tenant"), "The tenant spoken of, where it is not your own.").write();
static TENANT_NAME: FieldDecl = FieldDecl::new(0, "name", Type::Ref("tenant"), "The tenant; none: your own.").write();
static IF_REVISION: FieldDecl =
    FieldDecl::new(0, "if-revision", Type::U64 { meter: Meter::Gauge }, "Only if it still has this revision.").write();
static UNLIKE: FieldDecl = FieldDecl::new(
    0,
    "unlike",
    Type::U64 { meter: Meter::Gauge },
    "Answer when it has another revision than this, or when WAIT is over.",
)
.write();
static SORT: FieldDecl = FieldDecl::new(
    0,
    "sort",
    Type::List { of: &Type::Text { max: 64 }, max: 7 },
    "Fields to sort by; - before one: largest first.",
)
.write();
static LIMIT: FieldDecl = FieldDecl::new(
    0,
    "limit",
    Type::U32 { min: 1, max: Query::MOST, meter: Meter::Gauge },
    "One page of so many, and the CURSOR of the next; without it, all.",
)
.write();
static CURSOR: FieldDecl =
    FieldDecl::new(0, "cursor", Type::Text { max: 4_096 }, "From behind this place, as the page before told it.")
        .write();
static FIELDS: FieldDecl = FieldDecl::new(
    0,
    "fields",
    Type::List { of: &Type::Text { max: 64 }, max: 64 },
    "Fields to show; without it, the usual ones.",
)
.write();
static OP: FieldDecl =
    FieldDecl::new(0, "op", Type::Text { max: 128 }, "Who you are: alice, or alice@acme.").write().required();
static PWD: FieldDecl = FieldDecl::new(0, "pwd", Type::Secret { max: 1_024 }, "Your password.").write_only().required();
