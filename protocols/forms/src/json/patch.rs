//! A body that says what is to change: a merge patch (RFC 7396), or the same with `unset` beside it for clients that
//! cannot send null.

use strowger_primitive::{Change, Fault, FieldDecl, Flaw, Inner, KindDecl, Patch, Path, Place, Shape, Type, Value};

use super::place::{is_camel, shown};
use super::read::{Flaws, entries, object, value};
use super::token::{Bad, Reader, Sort};

/// In what form changes are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchForm {
    /// `application/merge-patch+json`: null unsets; a map is merged by key, everything else is replaced whole.
    Merge,
    /// `application/json`: the same, and `unset` lists what is to be null, as `field`, `field.key`, `field.no` or
    /// `field.no.subfield`.
    Json,
}

/// The list of what is to be null, in [`PatchForm::Json`].
const UNSET: FieldDecl = FieldDecl::new(0, "unset", Type::List { of: &Type::Text { max: 512 }, max: 256 }, "");

/// Reads changes.
///
/// # Errors
/// `Malformed`: `not-json`, `too-deep`, or every field that is unknown, named twice, both set and unset, or of
/// another type.
pub fn read_patch(kind: &'static KindDecl, body: &[u8], form: PatchForm) -> Result<Patch, Fault> {
    let (patch, flaws) = scan_patch(kind, body, form)?;
    if flaws.is_empty() { Ok(patch) } else { Err(Fault::flaws(flaws)) }
}

/// As [`read_patch`], with the flaws beside what could be read, for a caller that finds more of them.
///
/// # Errors
/// `Malformed`: `not-json`, `too-deep`.
pub fn scan_patch(kind: &'static KindDecl, body: &[u8], form: PatchForm) -> Result<(Patch, Vec<Flaw>), Fault> {
    scan(kind, body, form).map_err(|bad| bad.fault(body))
}

fn scan(kind: &'static KindDecl, body: &[u8], form: PatchForm) -> Result<(Patch, Vec<Flaw>), Bad> {
    let mut reader = Reader::new(body)?;
    let mut flaws = Flaws::default();
    let mut changes = Vec::new();
    let mut unset = Vec::new();
    let declared = kind.fields().chain((form == PatchForm::Json).then_some(&UNSET));
    object(&mut reader, &mut flaws, declared, &mut |reader, flaws, field| {
        if field.number == UNSET.number {
            unset = names(reader, flaws)?;
            return Ok(());
        }
        change(reader, flaws, field, &mut changes)
    })?;
    reader.end()?;
    for name in unset {
        match path_of(kind, &name) {
            None => flaws.add(Place::Unknown(shown(&name)), "unset names no field, entry or record of it"),
            Some(path) if changes.iter().any(|(other, _)| overlap(other, &path)) => {
                flaws.field(short(path), "is both set and unset, or unset twice");
            }
            Some(path) => changes.push((path, Change::Unset)),
        }
    }
    Ok((Patch(changes), flaws.found))
}

fn change(
    reader: &mut Reader<'_>,
    flaws: &mut Flaws,
    field: &FieldDecl,
    changes: &mut Vec<(Path, Change)>,
) -> Result<(), Bad> {
    let number = field.number;
    if reader.peek()? == Sort::Null {
        reader.null()?;
        changes.push((Path::whole(number), Change::Unset));
        return Ok(());
    }
    if let Type::Map { max, .. } = field.ty {
        let mut whys = Vec::new();
        entries(reader, &field.ty, max.saturating_mul(2), &mut whys, &mut |key, text| {
            let change = text.map_or(Change::Unset, |text| Change::Set(Value::Text(text)));
            changes.push((Path { field: number, inner: Inner::Key(key) }, change));
            None
        })?;
        for (inner, why) in whys {
            flaws.field(Path { field: number, inner }, why);
        }
        return Ok(());
    }
    if let Some(value) = value(reader, flaws, field)? {
        let change = if value.is_null() { Change::Unset } else { Change::Set(value) };
        changes.push((Path::whole(number), change));
    }
    Ok(())
}

fn names(reader: &mut Reader<'_>, flaws: &mut Flaws) -> Result<Vec<String>, Bad> {
    let mut wrong = Flaws::default();
    let list = value(reader, &mut wrong, &UNSET)?;
    for flaw in wrong.found {
        flaws.add(Place::Unknown(UNSET.name.to_owned()), flaw.why);
    }
    let Some(Value::List(list)) = list else { return Ok(Vec::new()) };
    Ok(list.iter().filter_map(|v| v.as_text().map(|t| t.to_string())).collect())
}

/// The place that a name in camel case speaks of.
fn path_of(kind: &'static KindDecl, name: &str) -> Option<Path> {
    let (field, rest) = name.split_once('.').map_or((name, None), |(field, rest)| (field, Some(rest)));
    let field = kind.fields().find(|f| is_camel(field, f.name))?;
    let Some(rest) = rest else { return Some(Path::whole(field.number)) };
    let inner = match field.ty.shape() {
        Shape::Map if !rest.is_empty() => Inner::Key(rest.into()),
        Shape::Rows(of) => {
            let (no, sub) = rest.split_once('.').map_or((rest, None), |(no, sub)| (no, Some(sub)));
            let no = no.parse().ok()?;
            match sub {
                None => Inner::Row(no),
                Some(sub) => Inner::Cell(no, of.iter().find(|f| is_camel(sub, f.name))?.number),
            }
        }
        Shape::Map | Shape::Scalar | Shape::List(_) | Shape::Any => return None,
    };
    Some(Path { field: field.number, inner })
}

/// A place fit to be told back: a key may be as long as the body.
fn short(path: Path) -> Path {
    match path.inner {
        Inner::Key(key) => Path { field: path.field, inner: Inner::Key(shown(&key).into()) },
        Inner::Whole | Inner::Element(_) | Inner::Row(_) | Inner::Cell(..) => path,
    }
}

/// Whether two places share something.
fn overlap(a: &Path, b: &Path) -> bool {
    let row = |inner: &Inner| match inner {
        Inner::Row(no) | Inner::Cell(no, _) => Some(*no),
        Inner::Whole | Inner::Key(_) | Inner::Element(_) => None,
    };
    a.field == b.field
        && match (&a.inner, &b.inner) {
            (Inner::Whole, _) | (_, Inner::Whole) => true,
            (Inner::Cell(..), Inner::Cell(..)) => a.inner == b.inner,
            (x, y) if row(x).is_some() => row(x) == row(y),
            (x, y) => x == y,
        }
}
