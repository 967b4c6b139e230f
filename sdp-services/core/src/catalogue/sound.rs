//! What must hold of an offer beyond its declaration.

use std::collections::BTreeSet;

use strowger_kinds::offer::{self, component, parameter};
use strowger_primitive::{Document, Fault, FieldDecl, Fields, Flaw, Inner, Path, Place, Text, Value};

use super::Parameter;

/// Names the gateway itself gives a value.
const OURS: [&str; 3] = ["service", "tenant", "workspace"];

/// Whether an offer can mean what it says.
///
/// # Errors
/// Every offending field.
pub(super) fn sound(offer: &Document) -> Result<(), Fault> {
    let mut flaws = Vec::new();
    let rows = |field| offer.fields.rows(field).into_iter().flatten().map(|(no, row)| (*no, row));
    let mut keys = BTreeSet::new();
    for (no, row) in rows(&offer::PARAMETERS) {
        let mut wrong = |field: u16, why: String| flaws.push(flaw(&offer::PARAMETERS, no, field, why));
        let read = Parameter::of(row);
        if let Some(why) = key_flaw(read.key) {
            wrong(parameter::NAME.number, why);
        } else if OURS.contains(&read.key) || read.key.starts_with("port.") {
            wrong(parameter::NAME.number, "is a name the gateway gives a value itself".to_owned());
        } else if !keys.insert(read.key) {
            wrong(parameter::NAME.number, "is the key of another parameter".to_owned());
        }
        for (field, why) in read.flaws() {
            wrong(field, why);
        }
    }
    let mut names = BTreeSet::new();
    for (no, row) in rows(&offer::COMPONENTS) {
        let name = row.text(&component::NAME).map_or("", |t| &**t);
        let mut wrong = |field: &FieldDecl, why: String| flaws.push(flaw(&offer::COMPONENTS, no, field.number, why));
        if let Some(why) = key_flaw(name) {
            wrong(&component::NAME, why);
        } else if !names.insert(name) {
            wrong(&component::NAME, "is the key of another component".to_owned());
        }
        component_flaws(row, &keys, &mut wrong);
    }
    if flaws.is_empty() { Ok(()) } else { Err(Fault::flaws(flaws)) }
}

fn flaw(rows: &FieldDecl, no: u32, field: u16, why: String) -> Flaw {
    Flaw { place: Place::Field(Path { field: rows.number, inner: Inner::Cell(no, field) }), why }
}

fn key_flaw(key: &str) -> Option<String> {
    let formed = key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
    match key {
        "" => Some("is required".to_owned()),
        _ if !formed => Some("holds a-z 0-9 . _ - alone".to_owned()),
        _ => None,
    }
}

fn component_flaws(row: &Fields, parameters: &BTreeSet<&str>, wrong: &mut dyn FnMut(&FieldDecl, String)) {
    let executable = row.text(&component::EXECUTABLE).map_or("", |t| &**t);
    if executable.is_empty() {
        wrong(&component::EXECUTABLE, "is required".to_owned());
    } else if executable != "strowger" && !plain_path(executable.strip_prefix('/')) {
        wrong(&component::EXECUTABLE, "must be an absolute path without . and .., or strowger".to_owned());
    }
    let ports: Vec<&str> = row.list(&component::PORTS).iter().filter_map(Value::as_text).map(|t| &**t).collect();
    if let Some(why) = ports.iter().find_map(|port| key_flaw(port)) {
        wrong(&component::PORTS, format!("a port's name {why}"));
    }
    if ports.iter().collect::<BTreeSet<_>>().len() != ports.len() {
        wrong(&component::PORTS, "two ports have one name".to_owned());
    }
    if let Some(path) = keys(row, &component::FILES).find(|path| !plain_path(Some(path))) {
        wrong(&component::FILES, format!("{path:?} is no relative path that stays in the workspace"));
    }
    health_flaws(row, ports.is_empty(), wrong);
    let known = |name: &str| {
        parameters.contains(name)
            || OURS.contains(&name)
            || name.strip_prefix("port.").is_some_and(|port| ports.contains(&port))
    };
    for field in [&component::ARGUMENTS, &component::ENVIRONMENT, &component::FILES, &component::HEALTH_TARGET] {
        if let Some(why) = texts(row, field).iter().find_map(|text| unfilled(text, &known)) {
            wrong(field, why);
        }
    }
}

fn health_flaws(row: &Fields, no_port: bool, wrong: &mut dyn FnMut(&FieldDecl, String)) {
    let target = row.text(&component::HEALTH_TARGET).map_or("", |t| t.trim());
    let (http, tcp, command) = match row.choice(&component::HEALTH) {
        Some(2) => (true, false, false),
        Some(3) => (false, true, false),
        Some(4) => (false, false, true),
        None | Some(_) => (false, false, false),
    };
    if (http || tcp) && no_port {
        wrong(&component::HEALTH, "looks at the first port, and there is none".to_owned());
    }
    if http && !target.starts_with('/') {
        wrong(&component::HEALTH_TARGET, "an http check needs a path, as /health".to_owned());
    }
    if command && target.is_empty() {
        wrong(&component::HEALTH_TARGET, "a command check needs a command".to_owned());
    }
}

fn plain_path(path: Option<&str>) -> bool {
    path.is_some_and(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
}

fn keys<'a>(row: &'a Fields, field: &FieldDecl) -> impl Iterator<Item = &'a Text> {
    row.map(field).into_iter().flat_map(|map| map.keys())
}

fn texts<'a>(row: &'a Fields, field: &FieldDecl) -> Vec<&'a Text> {
    let one = row.text(field).into_iter();
    let list = row.list(field).iter().filter_map(Value::as_text);
    let map = row.map(field).into_iter().flat_map(|map| map.values());
    one.chain(list).chain(map).collect()
}

/// A `${name}` that nothing will replace; `$${` stands for `${` itself.
fn unfilled(text: &str, known: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        rest = behind;
        if before.ends_with('$') {
            continue;
        }
        let Some((name, behind)) = behind.split_once('}') else {
            return Some("${ has no } behind it; write $${ for ${ itself".to_owned());
        };
        if !known(name) {
            let name: String = name.chars().take(64).collect();
            return Some(format!("${{{name}}} is no parameter, and none of service, tenant, workspace and port.NAME"));
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use strowger_primitive::camel;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn map(pairs: &[(&str, &str)]) -> Value {
        Value::Map(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect())
    }

    fn web() -> Fields {
        [
            (component::NAME.number, text("web")),
            (component::EXECUTABLE.number, text("strowger")),
            (
                component::ARGUMENTS.number,
                Value::List(vec![text("sample-app"), text("${port.http} ${greeting} $${x}")]),
            ),
            (component::PORTS.number, Value::List(vec![text("http")])),
            (component::HEALTH.number, Value::Enum(2)),
            (component::HEALTH_TARGET.number, text("/health")),
        ]
        .into_iter()
        .collect()
    }

    fn places(change: impl FnOnce(&mut BTreeMap<u32, Fields>, &mut BTreeMap<u32, Fields>)) -> Vec<String> {
        let mut parameters = BTreeMap::from([(1, Fields::from_iter([(2, text("greeting"))]))]);
        let mut components = BTreeMap::from([(1, web())]);
        change(&mut parameters, &mut components);
        let mut offer = Document::new(&offer::DECL);
        offer.fields.set(&offer::PARAMETERS, Value::Rows(parameters));
        offer.fields.set(&offer::COMPONENTS, Value::Rows(components));
        let flaws = sound(&offer).err().map(|fault| fault.at).unwrap_or_default();
        let print = |flaw: Flaw| match flaw.place {
            Place::Field(path) => path.print(offer::DECL.fields, camel),
            Place::Unknown(name) => name,
        };
        flaws.into_iter().map(print).collect()
    }

    fn of_web(field: &FieldDecl, value: Value) -> Vec<String> {
        places(|_, c| {
            if let Some(web) = c.get_mut(&1) {
                web.set(field, value);
            }
        })
    }

    #[test]
    fn a_sound_offer_passes() {
        assert_eq!(places(|_, _| ()), [""; 0]);
    }

    #[test]
    fn keys_are_formed_and_unique() {
        let named = |key: &str| Fields::from_iter([(2, text(key))]);
        for bad in ["", "Greeting", "a b", "service", "port.http", "greeting"] {
            assert_eq!(places(|p, _| drop(p.insert(2, named(bad)))), ["parameters.2.key"], "{bad}");
        }
        assert_eq!(places(|_, c| drop(c.insert(7, web()))), ["components.7.key"]);
    }

    #[test]
    fn a_component_says_what_can_be_run() {
        for bad in ["sh", "./sh", "/bin/../sh", "/bin//sh", "/"] {
            assert_eq!(of_web(&component::EXECUTABLE, text(bad)), ["components.1.executable"], "{bad}");
        }
        assert_eq!(of_web(&component::EXECUTABLE, text("/bin/sh")), [""; 0]);
        for bad in ["/etc/x", "a/../b", "x/"] {
            assert_eq!(of_web(&component::FILES, map(&[(bad, "")])), ["components.1.files"], "{bad}");
        }
        let ports = |names: &[&str]| Value::List(names.iter().map(|n| text(n)).collect());
        assert_eq!(of_web(&component::PORTS, ports(&["http", "http"])), ["components.1.ports"]);
        assert_eq!(of_web(&component::ENVIRONMENT, map(&[("A", "${nothing}")])), ["components.1.environment"]);
        assert_eq!(of_web(&component::ENVIRONMENT, map(&[("A", "${open")])), ["components.1.environment"]);
    }

    #[test]
    fn a_health_check_has_what_it_looks_at() {
        assert_eq!(of_web(&component::HEALTH_TARGET, text("health")), ["components.1.healthTarget"]);
        assert_eq!(of_web(&component::HEALTH_TARGET, Value::Text("".into())), ["components.1.healthTarget"]);
        let bare = |check: u32| {
            places(|_, c| {
                if let Some(web) = c.get_mut(&1) {
                    web.remove(component::PORTS.number);
                    web.remove(component::ARGUMENTS.number);
                    web.remove(component::HEALTH_TARGET.number);
                    web.set(&component::HEALTH, Value::Enum(check));
                }
            })
        };
        assert_eq!(bare(1), [""; 0]);
        assert_eq!(bare(3), ["components.1.health"]);
        assert_eq!(bare(4), ["components.1.healthTarget"]);
    }
}
