//! Declarations in short words, for the reference and the lock: `u32(1..10000)`, `list(text(16), 4)`.

use strowger_primitive::{Access, Indexed, Meter, RecordClass, Type};

/// A type with its bounds.
pub(crate) fn type_of(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Enum(decl) => format!("enum({})", decl.name),
        Type::I32 { min, max } => format!("i32({min}..{max})"),
        Type::U32 { min, max, meter } => format!("u32({min}..{max}) {}", meter_word(*meter)),
        Type::U64 { meter } => format!("u64 {}", meter_word(*meter)),
        Type::Decimal { scale } => format!("decimal({scale})"),
        Type::Text { max } => format!("text({max})"),
        Type::Bytes { max } => format!("bytes({max})"),
        Type::Time => "time".to_owned(),
        Type::Duration { max } => format!("duration({max})"),
        Type::Ref(kind) => format!("ref({kind})"),
        Type::Secret { max } => format!("secret({max})"),
        Type::List { of, max } => format!("list({}, {max})", type_of(of)),
        Type::Rows { max, .. } => format!("rows({max})"),
        Type::Map { max, each } => format!("map({max}, text({each}))"),
        Type::Any { max } => format!("any({max})"),
    }
}

fn meter_word(meter: Meter) -> &'static str {
    match meter {
        Meter::Gauge => "gauge",
        Meter::Counter => "counter",
    }
}

/// Who may write.
pub(crate) fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::CreateOnly => "create-only",
        Access::WriteOnly => "write-only",
    }
}

/// How a verb is recorded.
pub(crate) fn record(class: RecordClass) -> &'static str {
    match class {
        RecordClass::Each => "each",
        RecordClass::Counted => "counted",
    }
}

/// What tells one from another.
pub(crate) fn indexed(indexed: Indexed) -> &'static str {
    match indexed {
        Indexed::Name => "name",
        Indexed::Sequence => "sequence",
    }
}
