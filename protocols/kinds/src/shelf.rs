//! What all kinds of stored documents have in common: finding, showing, making, changing and removing one.
//! A keeper adds what is its own.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::check::fill_rows;
use crate::{check_create, check_patch};
use strowger_primitive::{
    Admitted, Attributes, Cursor, DocKey, Document, Expect, Fault, FaultKind, Fields, Filter, Flaw, Id, Index,
    KindDecl, Look, Name, Op, Operation, Order, Outcome, Page, Patch, Path, Place, Query, Ref, Revision, SHARED,
    Schema, Scope, Shown, Text, Type, Value, World, common, not_found, print_scalar, printed, read_scalar, slips,
};

/// Stored documents and how they are looked at.
#[derive(Clone)]
pub struct Shelf {
    /// Where they are read.
    pub look: Arc<dyn Look>,
    /// Time and chance.
    pub world: Arc<dyn World>,
    /// The kinds references may speak of.
    pub schema: Schema,
}

/// Sees a document before and after a change; refuses it, or adds to its commit.
pub type BeforeAfter<'a> = dyn Fn(&Document, &mut Document) -> Result<Vec<Op>, Fault> + Sync + 'a;

/// A name with more slips is another name.
const FAR: usize = 2;
/// How often a change is tried anew when somebody else changed the same document meanwhile.
const TRIES: u32 = 16;

impl Shelf {
    /// The document of that name in `tenant`, else among what is shared, and the tenant it is in.
    #[must_use]
    pub fn see(&self, tenant: &Name, kind: &'static KindDecl, name: &str) -> Option<(Name, Arc<Document>)> {
        if let Some(document) = self.look.get(tenant, kind, name) {
            return Some((tenant.clone(), document));
        }
        let shared = Some(Name::shared()).filter(|shared| *shared != tenant)?;
        Some((shared.clone(), self.look.get(shared, kind, name)?))
    }

    /// Finds a target and tells what policy may ask about it.
    ///
    /// # Errors
    /// `NotFound`, with the nearest name there is.
    pub fn find(&self, tenant: &Name, target: &Ref) -> Result<Attributes, Fault> {
        let Index::Name(name) = &target.index else { return Err(not_found(tenant, target)) };
        let Some((tenant, document)) = self.see(tenant, target.kind, name.as_str()) else {
            return Err(self.missing(tenant, target.kind, name.as_str()));
        };
        Ok(Attributes { tenant, owner: owner(&document) })
    }

    /// The fault of a name that is not there.
    #[must_use]
    pub fn missing(&self, tenant: &Name, kind: &'static KindDecl, name: &str) -> Fault {
        let mut nearest: Option<(usize, Name)> = None;
        let mut look = |tenant: &Name| {
            let mut left = 1_000;
            self.look.view(tenant, kind).each(None, &mut |document| {
                if let Some(other) = document.name() {
                    let near = name.len().abs_diff(other.as_str().len()) <= FAR;
                    let away = if near { slips(name.as_bytes(), other.as_str().as_bytes()) } else { usize::MAX };
                    if away <= FAR && nearest.as_ref().is_none_or(|(best, _)| away < *best) {
                        nearest = Some((away, other));
                    }
                }
                left -= 1;
                left > 0
            });
        };
        look(tenant);
        look(Name::shared());
        let hint = nearest.map_or_else(String::new, |(_, other)| format!("; did you mean \"{other}\"?"));
        let text = format!("no {} \"{name}\" in {tenant} or {SHARED}{hint}", kind.name);
        Fault::new(FaultKind::NotFound, kind.missing, text)
    }

    /// Answers a Read.
    ///
    /// # Errors
    /// `NotFound` where it vanished since it was resolved.
    pub fn read(&self, work: &Admitted, target: &Ref) -> Result<Outcome, Fault> {
        let (_, document) = self.target(work, target)?;
        Ok(Outcome::Document(Shown { document, hidden: Arc::clone(&work.grant.hidden) }))
    }

    /// Answers a List: one page.
    ///
    /// # Errors
    /// `Malformed` where the cursor is none of ours.
    pub fn list(&self, work: &Admitted, query: &Query) -> Result<Outcome, Fault> {
        let limit = query.limit.clamp(1, Query::MOST) as usize;
        let from = query.cursor.as_ref().map(|c| place_of(c, query)).transpose()?;
        let own = (work.grant.scope == Scope::Own).then(|| work.principal.maker(&work.tenant));
        let wanted = |document: &Arc<Document>| {
            own.as_ref().is_none_or(|own| owner(document).as_ref() == Some(own))
                && query.filters.iter().all(|f| matches(document, f))
        };
        let mut found = Vec::new();
        let shared = Some(Name::shared()).filter(|shared| **shared != work.tenant && own.is_none());
        let own_view = self.look.view(&work.tenant, query.kind);
        let shadowed = |document: &Arc<Document>| document.name().is_some_and(|n| own_view.get(n.as_str()).is_some());
        for (tenant, foreign) in [(Some(&work.tenant), false), (shared, true)] {
            let Some(tenant) = tenant else { continue };
            let view = if foreign { self.look.view(tenant, query.kind) } else { Arc::clone(&own_view) };
            gather(&*view, query, from.as_ref(), limit + 1, &mut found, &|d| wanted(d) && !(foreign && shadowed(d)));
        }
        found.sort_by(|a, b| compare(a, b, &query.sort));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(|last| cursor_behind(last, query)) } else { None };
        Ok(Outcome::Page(Page { kind: query.kind, documents: found, hidden: Arc::clone(&work.grant.hidden), next }))
    }

    /// A document about to be made: checked, with defaults, identifier, name and times; and where it will be.
    ///
    /// # Errors
    /// Every offending field.
    pub fn made(&self, work: &Admitted, mut document: Document) -> Result<(DocKey, Document), Fault> {
        check_create(&mut document).map_err(Fault::flaws)?;
        self.check_refs(&work.tenant, &document)?;
        self.stamp(&work.tenant, work.principal.maker(&work.tenant), document)
    }

    /// Gives a new document its identifier, name and times; and where it will be.
    ///
    /// # Errors
    /// `Malformed` where its name is none.
    pub fn stamp(&self, tenant: &Name, by: Text, mut document: Document) -> Result<(DocKey, Document), Fault> {
        let now = self.world.now();
        let id = Id::new(&*self.world, now);
        let name = match document.fields.text(&common::NAME) {
            Some(text) => {
                Name::of_text(text).map_err(|e| Fault::flaw(Path::whole(common::NAME.number), e.to_string()))?
            }
            None => Name::of_id(id),
        };
        document.fields.set_text(&common::ID, printed(&id));
        document.fields.set(&common::NAME, Value::Text(name.text()));
        document.fields.set(&common::CREATED_AT, Value::Time(now.wall));
        document.fields.set(&common::UPDATED_AT, Value::Time(now.wall));
        document.fields.set_text(&common::CREATED_BY, by);
        Ok((DocKey { tenant: tenant.clone(), kind: document.kind.number, name }, document))
    }

    /// Performs a plain Create: nothing but the document.
    ///
    /// # Errors
    /// Offending fields, a name that is taken, or the store's.
    pub async fn create(&self, work: &mut Admitted, document: Document, more: Vec<Op>) -> Result<Outcome, Fault> {
        let (key, document) = self.made(work, document)?;
        self.put_new(work, key, document, more).await
    }

    /// Stores a document that [`made`](Self::made) gave, with what else belongs to the change.
    ///
    /// # Errors
    /// A name that is taken, or the store's.
    pub async fn put_new(
        &self,
        work: &mut Admitted,
        key: DocKey,
        document: Document,
        more: Vec<Op>,
    ) -> Result<Outcome, Fault> {
        let kind = document.kind;
        let mut ops = vec![Op::Put { key: key.clone(), expect: Expect::Absent, document }];
        ops.extend(more);
        let done = work.settle(ops, Some(key.clone())).await.map_err(|f| name_taken(f, kind, &key.name))?;
        let document =
            done.documents.into_iter().next().ok_or_else(|| Fault::internal("the commit lost a document"))?;
        Ok(Outcome::Created(Shown { document, hidden: Arc::clone(&work.grant.hidden) }))
    }

    /// Performs an Update; `check` sees the document before and after and may add operations or refuse.
    ///
    /// # Errors
    /// Offending fields, a changed revision, or the store's.
    pub async fn update(
        &self,
        work: &mut Admitted,
        target: &Ref,
        only: Option<Revision>,
        patch: Patch,
        check: &BeforeAfter<'_>,
    ) -> Result<Outcome, Fault> {
        for _ in 0..TRIES {
            let (key, before) = self.target(work, target)?;
            expected(&before, only)?;
            check_patch(target.kind, &before.fields, &patch).map_err(Fault::flaws)?;
            let mut after = Document::clone(&before);
            let hidden = Arc::clone(&work.grant.hidden);
            patch.clone().apply(target.kind, &mut after.fields);
            fill_rows(&mut after);
            if after.fields == before.fields {
                return Ok(Outcome::Document(Shown { document: before, hidden }));
            }
            self.check_refs(&key.tenant, &after)?;
            after.fields.set(&common::UPDATED_AT, Value::Time(self.world.now().wall));
            let more = check(&before, &mut after)?;
            let expect = Expect::Revision(before.revision());
            let mut ops = vec![Op::Put { key: key.clone(), expect, document: after }];
            ops.extend(more);
            match work.settle(ops, Some(key)).await {
                Ok(done) => {
                    let document = done.documents.into_iter().next();
                    let document = document.ok_or_else(|| Fault::internal("the commit lost a document"))?;
                    return Ok(Outcome::Document(Shown { document, hidden }));
                }
                Err(fault) if fault.code == "stale" => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(busy(target))
    }

    /// Performs a Delete; `more` gives what else belongs to it, or refuses.
    ///
    /// # Errors
    /// A changed revision, or the store's.
    pub async fn delete(
        &self,
        work: &mut Admitted,
        target: &Ref,
        only: Option<Revision>,
        more: &(dyn Fn(&Document) -> Result<Vec<Op>, Fault> + Sync),
    ) -> Result<Outcome, Fault> {
        for _ in 0..TRIES {
            let (key, before) = self.target(work, target)?;
            expected(&before, only)?;
            let mut ops = vec![Op::Remove { key: key.clone(), expect: Expect::Revision(before.revision()) }];
            ops.extend(more(&before)?);
            match work.settle(ops, Some(key)).await {
                Ok(_) => return Ok(Outcome::Done),
                Err(fault) if fault.code == "stale" => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(busy(target))
    }

    /// The target of an admitted request, and where it is.
    ///
    /// # Errors
    /// `NotFound` where it vanished since it was resolved.
    pub fn target(&self, work: &Admitted, target: &Ref) -> Result<(DocKey, Arc<Document>), Fault> {
        let Index::Name(name) = &target.index else { return Err(not_found(&work.tenant, target)) };
        let document = self.look.get(&work.tenant, target.kind, name.as_str());
        let document = document.ok_or_else(|| self.missing(&work.tenant, target.kind, name.as_str()))?;
        Ok((DocKey { tenant: work.tenant.clone(), kind: target.kind.number, name: name.clone() }, document))
    }

    /// Every reference the maker set must lead somewhere.
    fn check_refs(&self, tenant: &Name, document: &Document) -> Result<(), Fault> {
        let mut first: Option<Fault> = None;
        let mut check = |fields: &Fields,
                         declared: &mut dyn Iterator<Item = &'static strowger_primitive::FieldDecl>,
                         row: Option<(u16, u32)>| {
            for field in declared.filter(|f| f.creatable()) {
                let Type::Ref(kind) = field.ty else { continue };
                let (Some(kind), Some(name)) = (self.schema.named(kind), fields.text(field)) else { continue };
                if self.see(tenant, kind, name).is_some() {
                    continue;
                }
                let path = match row {
                    None => Path::whole(field.number),
                    Some((outer, no)) => {
                        Path { field: outer, inner: strowger_primitive::Inner::Cell(no, field.number) }
                    }
                };
                let missing = self.missing(tenant, kind, name);
                let why = missing.public.to_string();
                let fault = first.get_or_insert(missing);
                fault.at.push(Flaw { place: Place::Field(path), why });
            }
        };
        check(&document.fields, &mut document.kind.fields(), None);
        for field in document.kind.fields() {
            if let (Type::Rows { of, .. }, Some(rows)) = (field.ty, document.fields.rows(field)) {
                for (no, row) in rows {
                    check(row, &mut of.iter(), Some((field.number, *no)));
                }
            }
        }
        first.map_or(Ok(()), Err)
    }
}

/// Whose it is: what the kind's declaration names as the owner.
fn owner(document: &Document) -> Option<strowger_primitive::Text> {
    document.fields.at(document.kind.owner).and_then(Value::as_text).cloned()
}

fn expected(document: &Document, only: Option<Revision>) -> Result<(), Fault> {
    match only {
        Some(only) if only != document.revision() => {
            let text = format!("it is at revision {} now; read it again", document.revision().0);
            Err(Fault::new(FaultKind::Precondition, "revision-changed", text))
        }
        Some(_) | None => Ok(()),
    }
}

fn busy(target: &Ref) -> Fault {
    Fault::new(
        FaultKind::Busy,
        "too-many-changes",
        format!("{} \"{}\" is changed too often just now", target.kind.name, target.index),
    )
    .after(std::time::Duration::from_secs(1))
}

/// A put that expected nothing there and found something means that the name is taken.
#[must_use]
fn name_taken(fault: Fault, kind: &'static KindDecl, name: &Name) -> Fault {
    if fault.code != "stale" {
        return fault;
    }
    let text = format!("there is already {} {} \"{name}\"", article(kind.name), kind.name);
    Fault::new(FaultKind::Conflict, "name-taken", text).at(Path::whole(common::NAME.number), "is taken")
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// A place in an order: the values of its keys, then the name.
struct Spot {
    keys: Vec<Option<Value>>,
    name: Name,
}

/// Gathers what is behind `from`, at most `most`, in the query's order.
fn gather(
    view: &dyn strowger_primitive::View,
    query: &Query,
    from: Option<&Spot>,
    most: usize,
    found: &mut Vec<Arc<Document>>,
    wanted: &dyn Fn(&Arc<Document>) -> bool,
) {
    let already = found.len();
    if query.sort.is_empty() {
        view.each(from.map(|p| &p.name), &mut |document| {
            if wanted(document) {
                found.push(Arc::clone(document));
            }
            found.len() - already < most
        });
        return;
    }
    let mut best: Vec<Arc<Document>> = Vec::new();
    view.each(None, &mut |document| {
        if wanted(document) && from.is_none_or(|p| behind(document, p, &query.sort)) {
            best.push(Arc::clone(document));
            if best.len() >= most * 2 {
                best.sort_by(|a, b| compare(a, b, &query.sort));
                best.truncate(most);
            }
        }
        true
    });
    best.sort_by(|a, b| compare(a, b, &query.sort));
    best.truncate(most);
    found.append(&mut best);
}

fn matches(document: &Document, filter: &Filter) -> bool {
    match (document.fields.get(filter.field), &filter.value) {
        (None, None) => true,
        (Some(Value::List(list)), Some(wanted)) => list.contains(wanted),
        (Some(value), Some(wanted)) => value == wanted,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn compare(a: &Document, b: &Document, sort: &[Order]) -> Ordering {
    for key in sort {
        let order = compare_values(a.fields.get(key.field), b.fields.get(key.field));
        let order = if key.descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.name().cmp(&b.name())
}

fn behind(document: &Document, place: &Spot, sort: &[Order]) -> bool {
    for (key, at) in sort.iter().zip(&place.keys) {
        let order = compare_values(document.fields.get(key.field), at.as_ref());
        match if key.descending { order.reverse() } else { order } {
            Ordering::Less => return false,
            Ordering::Greater => return true,
            Ordering::Equal => {}
        }
    }
    document.name().is_some_and(|n| n > place.name)
}

/// Scalars of one type compare as they are; nothing is before everything.
fn compare_values(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Enum(a)), Some(Value::Enum(b))) => a.cmp(b),
        (Some(Value::Int(a)), Some(Value::Int(b))) => a.cmp(b),
        (Some(Value::Uint(a)), Some(Value::Uint(b))) => a.cmp(b),
        (Some(Value::Decimal(a)), Some(Value::Decimal(b))) => a.cmp(b),
        (Some(Value::Time(a)), Some(Value::Time(b))) => a.cmp(b),
        (Some(Value::Text(a)), Some(Value::Text(b))) => a.cmp(b),
        (Some(Value::Bytes(a)), Some(Value::Bytes(b))) => a.cmp(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The cursor behind a document: name and printed keys, in hexadecimal so that nobody is tempted to write one.
fn cursor_behind(last: &Document, query: &Query) -> Cursor {
    let mut plain = last.name().map(|n| n.to_string()).unwrap_or_default();
    for key in &query.sort {
        plain.push('\0');
        if let Some(value) = last.fields.get(key.field) {
            plain.push('=');
            plain.push_str(&print_scalar(&key.field.ty, value));
        }
    }
    Cursor(plain.bytes().map(|b| format!("{b:02x}")).collect::<String>().into())
}

fn place_of(cursor: &Cursor, query: &Query) -> Result<Spot, Fault> {
    let none =
        || Fault::new(FaultKind::Malformed, "bad-cursor", "this cursor belongs to no list of this order; start anew");
    let Ok(Value::Bytes(octets)) = read_scalar(&Type::Bytes { max: u32::MAX }, &cursor.0) else { return Err(none()) };
    let plain = std::str::from_utf8(&octets).map_err(|_| none())?;
    let mut parts = plain.split('\0');
    let name = parts.next().and_then(|n| Name::new(n).ok()).ok_or_else(none)?;
    let mut keys = Vec::new();
    for key in &query.sort {
        let part = parts.next().ok_or_else(none)?;
        keys.push(match part.strip_prefix('=') {
            None => None,
            Some(text) => Some(read_scalar(&key.field.ty, text).map_err(|_| none())?),
        });
    }
    if parts.next().is_some() { Err(none()) } else { Ok(Spot { keys, name }) }
}

impl Shelf {
    /// The operation of an admitted request that needs nothing of a keeper's own: Read and List.
    ///
    /// # Errors
    /// What [`read`](Self::read) and [`list`](Self::list) give.
    pub fn show(&self, work: &Admitted) -> Option<Result<Outcome, Fault>> {
        match &work.operation {
            Operation::Read(target) => Some(self.read(work, target)),
            Operation::List(query) => Some(self.list(work, query)),
            Operation::Create(_)
            | Operation::Update(..)
            | Operation::Delete(..)
            | Operation::Invoke(..)
            | Operation::Cancel(_)
            | Operation::Prove => None,
        }
    }
}
