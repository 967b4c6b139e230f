//! Credentials: the secret becomes verifiers in the moment it is set, and the document never holds it.

use std::sync::Arc;

use bytes::Bytes;
use strowger_kinds::{credential, principal};
use strowger_primitive::{
    ActionDecl, Admitted, Change, DocKey, Document, Expect, Fault, FaultKind, Fields, Inner, Name, Op, Operation,
    Origin, Outcome, OwnKey, Patch, Path, Payload, Ref, Revision, SHARED, Scope, Secret, Value, common,
};

use super::principal::{forbidden, may_touch, runs_gateway};
use super::{TRIES, not_ours};
use crate::Security;
use crate::derive::work::Sort;
use crate::ring::{Owner, Ring, Verifier};

/// Lengths of a password, in octets.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=128;

impl Security {
    pub(super) async fn keep_credential(&self, mut work: Admitted, operation: Operation) -> Result<Outcome, Fault> {
        match operation {
            Operation::Create(document) => self.make_credential(&mut work, document).await,
            Operation::Update(target, only, patch) => self.change_credential(&mut work, target, only, patch).await,
            Operation::Delete(target, only) => {
                let (key, document) = self.shelf.target(&work, &target)?;
                let owner = self.owner_of(&work, &document)?;
                let off = |before: &Document| {
                    let mut ops = self.not_the_last_way_in(&key.tenant, before)?;
                    let (mut ring, expect) = Ring::of(&*self.store, &key.tenant, &owner)?;
                    ring.take(&key.name);
                    ops.extend([ring.keep(&key.tenant, &owner, expect), self.ends_sessions(&key.tenant, &owner)?]);
                    Ok(ops)
                };
                self.shelf.delete(&mut work, &target, only, &off).await
            }
            Operation::Invoke(target, action, _) => self.rotate(&mut work, &target, action).await,
            other @ (Operation::Read(_) | Operation::List(_) | Operation::Cancel(_) | Operation::Prove) => {
                Err(not_ours(&other))
            }
        }
    }

    async fn make_credential(&self, work: &mut Admitted, document: Document) -> Result<Outcome, Fault> {
        let said = document.fields.text(&credential::PRINCIPAL);
        let other = said.is_some_and(|said| **said != *work.principal.name.as_str());
        if work.grant.scope == Scope::Own && (other || work.tenant != work.principal.tenant) {
            // Before it is looked whether that one is there: who sees himself alone learns of nobody else.
            return Err(forbidden("policy permits to change one's own credentials only"));
        }
        let (key, mut document) = self.shelf.made(work, document)?;
        if key.tenant.as_str() == SHARED {
            return Err(Fault::new(FaultKind::NotAllowed, "nobody-here", "nobody can be in the shared tenant"));
        }
        let owner = self.owner_of(work, &document)?;
        let mut verifiers = Vec::new();
        let mut state = credential::PENDING;
        if let Some(Value::Secret(secret)) = document.fields.remove(credential::SECRET.number) {
            let owner = Owner { tenant: &key.tenant, principal: &owner, credential: &key.name };
            verifiers = self.password(&work.origin.clone(), &document, secret, owner).await?;
            state = credential::ACTIVE;
        }
        document.fields.set(&credential::STATE, Value::Enum(state));
        for _ in 0..TRIES {
            let (mut ring, expect) = Ring::of(&*self.store, &key.tenant, &owner)?;
            if expect == Expect::Absent {
                // The principal went away meanwhile.
                return Err(self.shelf.missing(&key.tenant, &principal::DECL, owner.as_str()));
            }
            if ring.len() >= Ring::MOST {
                let text = format!("principal \"{owner}\" has {} credentials; remove one first", ring.len());
                return Err(Fault::new(FaultKind::Conflict, "too-many-credentials", text));
            }
            ring.hang(key.name.clone(), verifiers.clone());
            let keep = vec![ring.keep(&key.tenant, &owner, expect)];
            match self.shelf.put_new(work, key.clone(), document.clone(), keep).await {
                // One of the two expectations did not hold: where the name is free, it was the ring's.
                Err(fault) if fault.code == "name-taken" && self.is_free(&key) => {}
                done => return done,
            }
        }
        Err(busy())
    }

    async fn change_credential(
        &self,
        work: &mut Admitted,
        target: Ref,
        only: Option<Revision>,
        patch: Patch,
    ) -> Result<Outcome, Fault> {
        let (key, document) = self.shelf.target(work, &target)?;
        let owner = self.owner_of(work, &document)?;
        let mut verifiers: Option<Vec<Verifier>> = None;
        if let Some(secret) = secret_in(&patch) {
            let owner = Owner { tenant: &key.tenant, principal: &owner, credential: &key.name };
            verifiers = Some(self.password(&work.origin.clone(), &document, secret, owner).await?);
        }
        let check = |before: &Document, after: &mut Document| {
            after.fields.remove(credential::SECRET.number);
            let mut ops = if lasts(after) { Vec::new() } else { self.not_the_last_way_in(&key.tenant, before)? };
            let Some(verifiers) = &verifiers else {
                // Who is in already came in until the end there was, and by the state there was.
                let moved = before.fields.time(&credential::EXPIRES_AT) != after.fields.time(&credential::EXPIRES_AT)
                    || before.fields.choice(&credential::STATE) != after.fields.choice(&credential::STATE);
                if moved {
                    ops.push(self.ends_sessions(&key.tenant, &owner)?);
                }
                return Ok(ops);
            };
            after.fields.set(&credential::STATE, Value::Enum(credential::ACTIVE));
            ops.extend(self.rehang(&key, &owner, verifiers)?);
            Ok(ops)
        };
        self.shelf.update(work, &target, only, patch, &check).await
    }

    async fn rotate(&self, work: &mut Admitted, target: &Ref, action: &'static ActionDecl) -> Result<Outcome, Fault> {
        self.confidential(&work.origin)?;
        let (key, document) = self.shelf.target(work, target)?;
        let owner = self.owner_of(work, &document)?;
        if !is_device(&document) {
            let text = "only a device credential is rotated; set the secret of a password";
            return Err(Fault::new(FaultKind::NotAllowed, "not-a-device", text));
        }
        let secret = self.generate();
        let place = Owner { tenant: &key.tenant, principal: &owner, credential: &key.name };
        let verifiers = self.derive(Sort::Device, secret.clone(), place).await?;
        for _ in 0..TRIES {
            let (_, before) = self.shelf.target(work, target)?;
            let mut after = Document::clone(&before);
            after.fields.set(&credential::STATE, Value::Enum(credential::ACTIVE));
            after.fields.set(&common::UPDATED_AT, Value::Time(self.shelf.world.now().wall));
            let expect = Expect::Revision(before.revision());
            let put = Op::Put { key: key.clone(), expect, document: after };
            let [rehung, ended] = self.rehang(&key, &owner, &verifiers)?;
            match work.settle(vec![put, rehung, ended], Some(key.clone())).await {
                Ok(_) => {
                    let generated = Value::Text(secret.expose().into());
                    let fields = Fields::from_iter(credential::ROTATED.iter().map(|f| (f.number, generated.clone())));
                    return Ok(Outcome::Reply(Payload { action, fields }));
                }
                Err(fault) if fault.code == "stale" => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(busy())
    }

    /// The verifiers of a password that somebody sets.
    async fn password(
        &self,
        origin: &Origin,
        document: &Document,
        secret: Secret,
        owner: Owner<'_>,
    ) -> Result<Vec<Verifier>, Fault> {
        self.confidential(origin)?;
        let place = || Path::whole(credential::SECRET.number);
        if is_device(document) {
            return Err(Fault::flaw(place(), "a device's secret is generated: rotate it"));
        }
        if !LENGTHS.contains(&secret.expose().len()) || secret.expose().contains(char::is_control) {
            return Err(Fault::flaw(place(), "a password is 8 to 128 octets without control characters"));
        }
        self.derive(Sort::Password, secret, owner).await
    }

    /// The operations that put a credential's new verifiers in place of the old ones.
    fn rehang(&self, key: &DocKey, owner: &Name, verifiers: &[Verifier]) -> Result<[Op; 2], Fault> {
        let (mut ring, expect) = Ring::of(&*self.store, &key.tenant, owner)?;
        ring.hang(key.name.clone(), verifiers.to_vec());
        Ok([ring.keep(&key.tenant, owner, expect), self.ends_sessions(&key.tenant, owner)?])
    }

    /// A session lasts as long as its principal's revision: whoever came in by a secret that opens no more is out. What
    /// the principal holds stays.
    fn ends_sessions(&self, tenant: &Name, owner: &Name) -> Result<Op, Fault> {
        let document = self.shelf.look.get(tenant, &principal::DECL, owner.as_str());
        let document = document.ok_or_else(|| self.shelf.missing(tenant, &principal::DECL, owner.as_str()))?;
        let key = DocKey { tenant: tenant.clone(), kind: principal::DECL.number, name: owner.clone() };
        Ok(Op::Put { key, expect: Expect::Revision(document.revision()), document: Document::clone(&document) })
    }

    /// Whose a credential is, if the asker may touch him.
    fn owner_of(&self, work: &Admitted, credential: &Document) -> Result<Name, Fault> {
        let said = credential.fields.text(&credential::PRINCIPAL).map_or("", |text| text);
        let missing = || self.shelf.missing(&work.tenant, &principal::DECL, said);
        let owner = Name::new(said).map_err(|_| missing())?;
        let document: Arc<Document> = self.shelf.look.get(&work.tenant, &principal::DECL, said).ok_or_else(missing)?;
        may_touch(&work.principal, &work.tenant, &document)?;
        Ok(owner)
    }

    /// Refuses to take away the last credential by which an active operator comes in for good; what belongs to taking
    /// one of several.
    fn not_the_last_way_in(&self, tenant: &Name, before: &Document) -> Result<Vec<Op>, Fault> {
        if !lasts(before) || !self.owner(tenant, before).is_some_and(|owner| runs_gateway(tenant, &owner)) {
            return Ok(Vec::new());
        }
        let others = |credential: &Document, _: &Document| credential.name() != before.name();
        let text = "this is the last credential of an active operator that does not end; make another first";
        self.leaves_a_way_in(tenant, &others, text)
    }

    /// Refuses where no operator could come in for good by what `stays`, a credential and its owner. What it gives is
    /// part of the change: two that each count on what the other takes away expect the same revision of one key, and
    /// the second looks again.
    pub(super) fn leaves_a_way_in(
        &self,
        tenant: &Name,
        stays: &dyn Fn(&Document, &Document) -> bool,
        text: &'static str,
    ) -> Result<Vec<Op>, Fault> {
        let mut found = false;
        self.shelf.look.view(tenant, &credential::DECL).each(None, &mut |credential| {
            let counts = |owner: Arc<Document>| runs_gateway(tenant, &owner) && stays(credential, &owner);
            found = lasts(credential) && self.owner(tenant, credential).is_some_and(counts);
            !found
        });
        if !found {
            return Err(Fault::new(FaultKind::Conflict, "last-operator", text));
        }
        let key = OwnKey::new("operators", &[]);
        let expect = self.store.kept(&key)?.map_or(Expect::Absent, |(revision, _)| Expect::Revision(revision));
        Ok(vec![Op::Keep { key, expect, value: Bytes::new(), expires: None }])
    }

    fn owner(&self, tenant: &Name, credential: &Document) -> Option<Arc<Document>> {
        self.shelf.look.get(tenant, &principal::DECL, credential.fields.text(&credential::PRINCIPAL)?)
    }

    fn is_free(&self, key: &DocKey) -> bool {
        self.shelf.look.get(&key.tenant, &credential::DECL, key.name.as_str()).is_none()
    }
}

/// Whether one comes in by it, without an end.
fn lasts(credential: &Document) -> bool {
    credential.fields.choice(&credential::STATE) == Some(credential::ACTIVE)
        && credential.fields.time(&credential::EXPIRES_AT).is_none()
}

fn is_device(document: &Document) -> bool {
    document.fields.choice(&credential::TYPE) == Some(credential::DEVICE)
}

fn secret_in(patch: &Patch) -> Option<Secret> {
    patch.0.iter().find_map(|(path, change)| match (path.field, &path.inner, change) {
        (field, Inner::Whole, Change::Set(Value::Secret(secret))) if field == credential::SECRET.number => {
            Some(secret.clone())
        }
        _ => None,
    })
}

fn busy() -> Fault {
    Fault::new(FaultKind::Busy, "too-many-changes", "this principal's credentials are changed too often just now")
        .after(std::time::Duration::from_secs(1))
}
