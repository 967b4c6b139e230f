//! Components of an offer, as a provider takes them.

use strowger_kinds::offer::{self, component as field};
use strowger_primitive::{
    Check, Component, Document, FieldDecl, Fields, HealthCheck, Limits, Text, Value, read_scalar,
};

/// The components in their order, each with the number of its type.
pub(crate) fn components(offer: &Document) -> Vec<(u32, Component)> {
    let rows = offer.fields.rows(&offer::COMPONENTS);
    rows.into_iter().flat_map(|rows| rows.values()).map(|row| (runs(row), component(row))).collect()
}

/// The number of what runs it.
fn runs(row: &Fields) -> u32 {
    row.choice(&field::TYPE).unwrap_or(1)
}

fn component(row: &Fields) -> Component {
    Component {
        name: text(row, &field::NAME),
        executable: text(row, &field::EXECUTABLE),
        arguments: texts(row, &field::ARGUMENTS),
        environment: row.map(&field::ENVIRONMENT).cloned().unwrap_or_default(),
        files: row.map(&field::FILES).cloned().unwrap_or_default(),
        ports: texts(row, &field::PORTS),
        limits: Limits {
            memory: number(row, &field::MEMORY_LIMIT),
            cpu: number(row, &field::CPU_LIMIT),
            files: number(row, &field::FILE_LIMIT),
            output: number(row, &field::OUTPUT_LIMIT),
        },
        health: HealthCheck {
            check: check(row),
            interval_ms: number(row, &field::HEALTH_INTERVAL),
            timeout_ms: number(row, &field::HEALTH_TIMEOUT),
            start_ms: number(row, &field::START_TIMEOUT).saturating_mul(1_000),
            stop_ms: number(row, &field::STOP_GRACE).saturating_mul(1_000),
        },
    }
}

fn check(row: &Fields) -> Option<Check> {
    match row.choice(&field::HEALTH) {
        Some(2) => Some(Check::Http(text(row, &field::HEALTH_TARGET))),
        Some(3) => Some(Check::Tcp),
        Some(4) => Some(Check::Command(text(row, &field::HEALTH_TARGET))),
        None | Some(_) => None,
    }
}

fn text(row: &Fields, field: &FieldDecl) -> Text {
    row.text(field).cloned().unwrap_or_else(|| "".into())
}

fn texts(row: &Fields, field: &FieldDecl) -> Vec<Text> {
    row.list(field).iter().filter_map(Value::as_text).cloned().collect()
}

/// A record added by a later change of the offer does not hold its defaults.
fn number(row: &Fields, field: &FieldDecl) -> u64 {
    row.uint(field).unwrap_or_else(|| match read_scalar(&field.ty, field.default) {
        Ok(Value::Uint(n)) => n,
        Ok(_) | Err(_) => 0,
    })
}

/// What a plan must know of a component to stop it: its name, and its times where an offer still describes them.
pub(crate) fn to_stop(name: Text, described: Option<&Component>) -> Component {
    let mut bare = component(&Fields::default());
    bare.name = name;
    if let Some(described) = described {
        bare.health = described.health.clone();
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_the_default() {
        let row: Fields = [(2, Value::Text("web".into())), (4, Value::Text("strowger".into()))].into_iter().collect();
        let component = component(&row);
        assert_eq!((component.limits.files, component.limits.output, component.limits.memory), (1_024, 1_048_576, 0));
        assert_eq!((component.health.start_ms, component.health.stop_ms), (30_000, 5_000));
        assert_eq!(component.health.check, None);
        let gone = to_stop("web".into(), None);
        assert_eq!((&*gone.name, gone.health.stop_ms), ("web", 5_000));
    }
}
