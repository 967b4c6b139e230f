//! Checks of documents and patches against their declaration: all offending fields at once.

use std::collections::BTreeSet;

use strowger_primitive::{Any, Document, FieldDecl, Fields, Flaw, Inner, KindDecl, Patch, Path, Place, Type, Value};

/// Checks a document that somebody wants made, and fills in the defaults.
///
/// # Errors
/// Every field that is missing, not the maker's to set, or outside its type.
pub fn check_create(document: &mut Document) -> Result<(), Vec<Flaw>> {
    let mut flaws = Vec::new();
    for (number, value) in document.fields.iter() {
        let path = Path::whole(number);
        match document.kind.field(number) {
            None => flaw(&mut flaws, path, "this release does not know that field"),
            Some(field) if !field.creatable() => flaw(&mut flaws, path, "only the gateway sets this"),
            Some(field) => check_value(&field.ty, value, &path, &mut flaws),
        }
    }
    complete(document.kind.fields(), &mut document.fields, &mut flaws, Path::whole);
    for field in document.kind.fields() {
        complete_rows(field, &mut document.fields, &mut flaws);
    }
    if flaws.is_empty() { Ok(()) } else { Err(flaws) }
}

/// Checks the input of an action or the fields of a record, and fills in the defaults.
///
/// # Errors
/// Every field that is missing, not declared or outside its type.
pub fn check_fields(declared: &'static [FieldDecl], fields: &mut Fields) -> Result<(), Vec<Flaw>> {
    let mut flaws = Vec::new();
    for (number, value) in fields.iter() {
        let path = Path::whole(number);
        match declared.iter().find(|f| f.number == number) {
            None => flaw(&mut flaws, path, "this release does not know that field"),
            Some(field) => check_value(&field.ty, value, &path, &mut flaws),
        }
    }
    complete(declared.iter(), fields, &mut flaws, Path::whole);
    if flaws.is_empty() { Ok(()) } else { Err(flaws) }
}

/// Checks a patch of `before`. Setting what is there already is allowed anywhere: it is no change.
///
/// # Errors
/// Every place that cannot be changed or would leave its type.
pub fn check_patch(kind: &'static KindDecl, before: &Fields, patch: &Patch) -> Result<(), Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut seen = BTreeSet::new();
    let mut touched = BTreeSet::new();
    let mut after = before.clone();
    for (path, change) in &patch.0 {
        if !seen.insert(path) {
            flaw(&mut flaws, path.clone(), "named twice, or both set and unset");
            continue;
        }
        let Some(field) = kind.field(path.field) else {
            flaw(&mut flaws, path.clone(), "this release does not know that field");
            continue;
        };
        let changes = Patch(vec![(path.clone(), change.clone())]).apply(kind, &mut after);
        if changes && !field.patchable() {
            let why = if field.creatable() { "is set once, by its maker" } else { "only the gateway sets this" };
            flaw(&mut flaws, path.clone(), why);
        } else if changes && field.required && after.at(path.field).is_none() {
            flaw(&mut flaws, path.clone(), "is required");
        }
        if changes {
            touched.insert(path.field);
        }
    }
    for field in kind.fields().filter(|f| touched.contains(&f.number)) {
        if let Some(value) = after.get(field) {
            check_value(&field.ty, value, &Path::whole(field.number), &mut flaws);
        }
        complete_rows(field, &mut after, &mut flaws);
    }
    if flaws.is_empty() { Ok(()) } else { Err(flaws) }
}

/// Fills in the defaults of records that a checked patch brought.
pub(crate) fn fill_rows(document: &mut Document) {
    for field in document.kind.fields() {
        complete_rows(field, &mut document.fields, &mut Vec::new());
    }
}

fn flaw(flaws: &mut Vec<Flaw>, path: Path, why: impl Into<String>) {
    flaws.push(Flaw { place: Place::Field(path), why: why.into() });
}

/// Fills in defaults and tells what is required and missing.
fn complete<'a>(
    declared: impl Iterator<Item = &'a FieldDecl>,
    fields: &mut Fields,
    flaws: &mut Vec<Flaw>,
    path: impl Fn(u16) -> Path,
) {
    for field in declared.filter(|f| f.creatable() && (f.required || !f.default.is_empty())) {
        if fields.get(field).is_some_and(|v| !v.is_null()) {
            continue;
        }
        match field.default_value() {
            Some(value) => fields.set(field, value),
            None if field.required => flaw(flaws, path(field.number), "is required"),
            None => {}
        }
    }
}

fn complete_rows(field: &FieldDecl, fields: &mut Fields, flaws: &mut Vec<Flaw>) {
    if let (Type::Rows { of, .. }, Some(Value::Rows(rows))) = (field.ty, fields.get_mut(field.number)) {
        for (no, row) in rows {
            let no = *no;
            complete(of.iter(), row, flaws, |sub| Path { field: field.number, inner: Inner::Cell(no, sub) });
        }
    }
}

/// Checks one value against its type.
fn check_value(ty: &Type, value: &Value, path: &Path, flaws: &mut Vec<Flaw>) {
    let mut bad = |why: String| flaw(flaws, path.clone(), why);
    let outside = |min: &dyn std::fmt::Display, max: &dyn std::fmt::Display| format!("must be from {min} to {max}");
    match (ty, value) {
        (Type::Bool, Value::Bool(_))
        | (Type::U64 { .. }, Value::Uint(_))
        | (Type::Decimal { .. }, Value::Decimal(_)) => {}
        (Type::Time, Value::Time(time)) => {
            if strowger_primitive::Time::parse(&time.to_string()) != Ok(*time) {
                bad("must be from year 0 to 9999".to_owned());
            }
        }
        (Type::Enum(decl), Value::Enum(n)) => {
            if decl.name_of(*n).is_none() {
                let names: Vec<_> = decl.values.iter().map(|v| v.name).collect();
                bad(format!("must be one of {}", names.join(", ")));
            }
        }
        (Type::I32 { min, max }, Value::Int(n)) => {
            if !(min..=max).contains(&n) {
                bad(outside(min, max));
            }
        }
        (Type::U32 { min, max, .. }, Value::Uint(n)) => {
            if !(u64::from(*min)..=u64::from(*max)).contains(n) {
                bad(outside(min, max));
            }
        }
        (Type::Duration { max }, Value::Uint(n)) => {
            if *n > u64::from(*max) {
                bad(outside(&0, max));
            }
        }
        (Type::Text { max }, Value::Text(text)) => {
            if path.field == strowger_primitive::common::NAME.number && path.inner == Inner::Whole && *max == 64 {
                if let Err(error) = strowger_primitive::Name::check(text) {
                    bad(error.to_string());
                }
            } else if let Some(why) = text_flaw(text, *max) {
                bad(why);
            }
        }
        (Type::Ref(_), Value::Text(text)) => {
            if let Err(error) = strowger_primitive::Name::check(text) {
                bad(error.to_string());
            }
        }
        (Type::Secret { max }, Value::Secret(secret)) => {
            if let Some(why) = text_flaw(secret.expose(), *max) {
                bad(why);
            }
        }
        (Type::Bytes { max }, Value::Bytes(bytes)) => {
            if bytes.len() > *max as usize {
                bad(format!("must be at most {max} octets"));
            }
        }
        (Type::List { of, max }, Value::List(list)) => {
            if list.len() > *max as usize {
                bad(format!("must have at most {max} elements"));
            }
            for (i, element) in (0u32..).zip(list) {
                let path = Path { field: path.field, inner: Inner::Element(i) };
                check_value(of, element, &path, flaws);
            }
        }
        (Type::Map { max, each }, Value::Map(map)) => {
            if map.len() > *max as usize {
                bad(format!("must have at most {max} entries"));
            }
            for (key, text) in map {
                let path = Path { field: path.field, inner: Inner::Key(key.clone()) };
                if key.is_empty() || key.len() > 255 || key.contains(['=', '\n']) || text_flaw(key, 255).is_some() {
                    flaw(flaws, path, "a key is 1 to 255 octets without '=' and line ends");
                } else if let Some(why) = text_flaw(text, *each) {
                    flaw(flaws, path, why);
                }
            }
        }
        (Type::Rows { of, max }, Value::Rows(rows)) => {
            if rows.len() > *max as usize {
                bad(format!("must have at most {max} records"));
            }
            for (no, row) in rows {
                for (number, value) in row.iter() {
                    let path = Path { field: path.field, inner: Inner::Cell(*no, number) };
                    match of.iter().find(|f| f.number == number) {
                        None => flaw(flaws, path, "this release does not know that subfield"),
                        Some(sub) if !sub.creatable() => flaw(flaws, path, "only the gateway sets this"),
                        Some(sub) => check_value(&sub.ty, value, &path, flaws),
                    }
                }
            }
        }
        (Type::Any { max }, Value::Any(any)) => {
            if any.depth() > Any::DEEPEST {
                bad(format!("must not be deeper than {}", Any::DEEPEST));
            }
            if any.size() > *max as usize {
                bad(format!("must be at most {max} octets"));
            }
        }
        (
            Type::Bool
            | Type::Enum(_)
            | Type::I32 { .. }
            | Type::U32 { .. }
            | Type::U64 { .. }
            | Type::Decimal { .. }
            | Type::Text { .. }
            | Type::Bytes { .. }
            | Type::Time
            | Type::Duration { .. }
            | Type::Ref(_)
            | Type::Secret { .. }
            | Type::List { .. }
            | Type::Rows { .. }
            | Type::Map { .. }
            | Type::Any { .. },
            _,
        ) => bad("is of another type".to_owned()),
    }
}

/// XML 1.0 must be able to carry every text: no control characters but TAB and LF, no U+FFFE, U+FFFF.
fn text_flaw(text: &str, max: u32) -> Option<String> {
    if text.len() > max as usize {
        return Some(format!("must be at most {max} octets, not {}", text.len()));
    }
    let refused = |c: char| (c < ' ' && c != '\t' && c != '\n') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars().find(|c| refused(*c)).map(|c| format!("must not hold the character U+{:04X}", u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::Change;

    mod trunk {
        use strowger_primitive::{FieldDecl, Meter, RecordClass, Type, Verb, kind};
        const ROUTE: &[FieldDecl] = &[
            FieldDecl::new(2, "prefix", Type::Text { max: 4 }, "").write().required(),
            FieldDecl::new(3, "cost", Type::U64 { meter: Meter::Gauge }, "").write().default("1"),
        ];
        kind! {
            /// A line to another exchange.
            trunk "trunks" = 40, named;
            verbs: [(Verb::Create, RecordClass::Each)];
            fields:
                /// Most calls at once.
                11 MAX_CALLS: Type::U32 { min: 1, max: 100, meter: Meter::Gauge }, write(), default("30");
                /// Where to.
                12 PEER: Type::Text { max: 8 }, create_only(), required();
                /// How it is.
                13 STATE: Type::Bool;
                /// Prefixes.
                14 ROUTES: Type::Rows { of: ROUTE, max: 2 }, write();
                /// Notes.
                15 NOTES: Type::Map { max: 2, each: 4 }, write();
            actions: [];
        }
    }

    fn places(result: Result<(), Vec<Flaw>>) -> Vec<String> {
        result
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|f| match f.place {
                Place::Field(path) => path.print(trunk::DECL.fields, strowger_primitive::camel),
                Place::Unknown(name) => name,
            })
            .collect()
    }

    #[test]
    fn every_offending_field_is_named_at_once() {
        let mut d = Document::new(&trunk::DECL);
        d.fields.set_text(&strowger_primitive::common::NAME, "No Name");
        d.fields.set(&trunk::MAX_CALLS, Value::Uint(0));
        d.fields.set(&trunk::STATE, Value::Bool(true));
        d.fields.set(&trunk::NOTES, Value::Map([("a=b".into(), "".into()), ("k".into(), "12345".into())].into()));
        let row = |p: &str| Fields::from_iter([(2, Value::Text(p.into()))]);
        d.fields.set(&trunk::ROUTES, Value::Rows([(1, row("44")), (7, Fields::default()), (9, row("12345"))].into()));
        assert_eq!(
            places(check_create(&mut d)),
            [
                "name",
                "maxCalls",
                "state",
                "routes",
                "routes.9.prefix",
                "notes.a=b",
                "notes.k",
                "peer",
                "routes.7.prefix"
            ]
        );
    }

    #[test]
    fn defaults_are_filled_in_also_in_records() {
        let mut d = Document::new(&trunk::DECL);
        d.fields.set_text(&trunk::PEER, "x");
        d.fields.set(&trunk::ROUTES, Value::Rows([(1, Fields::from_iter([(2, Value::Text("44".into()))]))].into()));
        assert_eq!(check_create(&mut d), Ok(()));
        assert_eq!(d.fields.uint(&trunk::MAX_CALLS), Some(30));
        assert_eq!(d.fields.rows(&trunk::ROUTES).and_then(|r| r.get(&1)).and_then(|r| r.at(3)), Some(&Value::Uint(1)));
    }

    #[test]
    fn records_that_a_patch_brings_are_whole_too() {
        let row = |no, sub, value| {
            let path = Path { field: trunk::ROUTES.number, inner: Inner::Cell(no, sub) };
            Patch(vec![(path, Change::Set(value))])
        };
        let before = Fields::default();
        assert_eq!(places(check_patch(&trunk::DECL, &before, &row(4, 3, Value::Uint(2)))), ["routes.4.prefix"]);
        let mut d = Document::new(&trunk::DECL);
        row(4, 2, Value::Text("49".into())).apply(&trunk::DECL, &mut d.fields);
        fill_rows(&mut d);
        assert_eq!(d.fields.rows(&trunk::ROUTES).and_then(|r| r.get(&4)).and_then(|r| r.at(3)), Some(&Value::Uint(1)));
    }

    #[test]
    fn a_value_equal_to_the_one_shown_is_no_change() {
        let mut before = Fields::default();
        before.set_text(&trunk::PEER, "x");
        before.set(&trunk::STATE, Value::Bool(true));
        let set = |f: &FieldDecl, v: Value| (Path::whole(f.number), Change::Set(v));
        let same = Patch(vec![set(&trunk::PEER, Value::Text("x".into())), set(&trunk::STATE, Value::Bool(true))]);
        assert_eq!(check_patch(&trunk::DECL, &before, &same), Ok(()));
        assert!(!same.apply(&trunk::DECL, &mut before.clone()));
        let other = Patch(vec![
            set(&trunk::PEER, Value::Text("y".into())),
            set(&trunk::STATE, Value::Bool(false)),
            set(&trunk::MAX_CALLS, Value::Uint(101)),
            set(&trunk::MAX_CALLS, Value::Uint(7)),
        ]);
        assert_eq!(places(check_patch(&trunk::DECL, &before, &other)), ["peer", "state", "maxCalls", "maxCalls"]);
    }

    #[test]
    fn what_is_unset_has_its_default_again() {
        let mut fields = Fields::default();
        fields.set(&trunk::MAX_CALLS, Value::Uint(7));
        let unset = Patch(vec![(Path::whole(trunk::MAX_CALLS.number), Change::Unset)]);
        assert_eq!(check_patch(&trunk::DECL, &fields, &unset), Ok(()));
        assert!(unset.clone().apply(&trunk::DECL, &mut fields));
        assert_eq!(fields.uint(&trunk::MAX_CALLS), Some(30));
        assert!(!unset.apply(&trunk::DECL, &mut fields), "it is no change");
    }

    #[test]
    fn entries_and_records_change_alone() {
        let mut fields = Fields::default();
        fields.set(&trunk::NOTES, Value::Map([("a".into(), "1".into()), ("b".into(), "2".into())].into()));
        let notes = trunk::NOTES.number;
        let patch = Patch(vec![
            (Path { field: notes, inner: Inner::Key("a".into()) }, Change::Unset),
            (Path { field: notes, inner: Inner::Key("c".into()) }, Change::Set(Value::Text("3".into()))),
            (Path { field: trunk::ROUTES.number, inner: Inner::Cell(4, 2) }, Change::Set(Value::Text("49".into()))),
        ]);
        assert_eq!(check_patch(&trunk::DECL, &fields, &patch), Ok(()));
        assert!(patch.apply(&trunk::DECL, &mut fields));
        let keys: Vec<_> =
            fields.map(&trunk::NOTES).map(|m| m.keys().map(ToString::to_string).collect()).unwrap_or_default();
        assert_eq!(keys, ["b", "c"]);
        assert!(fields.rows(&trunk::ROUTES).is_some_and(|r| r.contains_key(&4)));
    }

    #[test]
    fn unsetting_makes_no_record() {
        let mut fields = Fields::default();
        let patch = Patch(vec![(Path { field: trunk::ROUTES.number, inner: Inner::Cell(4, 2) }, Change::Unset)]);
        assert!(!patch.apply(&trunk::DECL, &mut fields));
        assert_eq!(fields, Fields::default());
    }

    #[test]
    fn text_must_fit_xml() {
        for (text, ok) in
            [("a\tb\nc", true), ("\u{1}", false), ("\r", false), ("\u{FFFE}", false), ("123456789", false)]
        {
            assert_eq!(text_flaw(text, 8).is_none(), ok, "{text:?}");
        }
    }
}
