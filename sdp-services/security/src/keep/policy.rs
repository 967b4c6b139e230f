//! Policies: checked before they are stored, in force when the change is answered.

use std::sync::Arc;

use strowger_kinds::policy;
use strowger_primitive::{
    Admitted, Attributes, Class, Document, Fault, FaultKind, Flaw, Operation, Origin, Outcome, Path, Place, Principal,
    Relation, Value, Verb,
};

use super::not_ours;
use super::tenant::operators_only;
use crate::Security;
use crate::rule::ask::Asked;
use crate::rule::check::check;
use crate::rule::decide::Verdict;
use crate::rule::load::{Rules, Written, written};

/// Decisions kept while a change is tried: it is asked one question.
const TRIAL: usize = 16;

impl Security {
    pub(super) async fn keep_policy(&self, mut work: Admitted, operation: Operation) -> Result<Outcome, Fault> {
        operators_only(&work, "policies")?;
        let (who, origin) = (Arc::clone(&work.principal), work.origin.clone());
        let tried =
            |before: Option<&Document>, after: Option<&Document>| self.can_be_undone(&who, &origin, before, after);
        let done = match operation {
            Operation::Create(document) => {
                let (key, mut document) = self.shelf.made(&work, document)?;
                self.judge(&mut document)?;
                tried(None, Some(&document))?;
                self.shelf.put_new(&mut work, key, document, Vec::new()).await
            }
            Operation::Update(target, only, patch) => {
                let check = |before: &Document, after: &mut Document| {
                    self.judge(after)?;
                    tried(Some(before), Some(after)).map(|()| Vec::new())
                };
                self.shelf.update(&mut work, &target, only, patch, &check).await
            }
            Operation::Delete(target, only) => {
                let check = |before: &Document| tried(Some(before), None).map(|()| Vec::new());
                self.shelf.delete(&mut work, &target, only, &check).await
            }
            other @ (Operation::Read(_)
            | Operation::List(_)
            | Operation::Invoke(..)
            | Operation::Cancel(_)
            | Operation::Prove) => return Err(not_ours(&other)),
        };
        self.reload().map_err(Fault::internal)?;
        done
    }

    /// Checks the text, and notes whether it is live.
    fn judge(&self, document: &mut Document) -> Result<(), Fault> {
        let text = document.fields.text(&policy::CEDAR).map_or("", |text| text);
        let facts = check(text, &self.language).map_err(|wrong| {
            let place = || Place::Field(Path::whole(policy::CEDAR.number));
            Fault::flaws(wrong.into_iter().map(|why| Flaw { place: place(), why }).collect())
        })?;
        document.fields.set(&policy::LIVE, Value::Bool(!facts.live.is_empty()));
        Ok(())
    }

    /// Refuses a change after which its own maker could change no policy any more: nobody may be left who can.
    fn can_be_undone(
        &self,
        who: &Arc<Principal>,
        origin: &Origin,
        before: Option<&Document>,
        after: Option<&Document>,
    ) -> Result<(), Fault> {
        let mut all = written(&*self.shelf.look);
        // One that is to be made under a name that is taken is refused by the store: here, too, there is one of a name.
        let name = before.or(after).and_then(Document::name);
        all.retain(|one| Some(&one.name) != name.as_ref());
        all.extend(after.and_then(Written::of));
        let rules = Rules::load(&all, &self.language, TRIAL).map_err(Fault::internal)?;
        let target = Attributes { tenant: who.tenant.clone(), owner: None };
        let asked = Asked {
            verb: Verb::Update,
            kind: &policy::DECL,
            action: None,
            relation: Relation::Tenant,
            target: Some(&target),
            origin,
            class: Class::New,
        };
        match rules.decide(who, &asked, Relation::Tenant).map_err(Fault::internal)? {
            Verdict::Permitted { .. } => Ok(()),
            Verdict::Forbidden { .. } | Verdict::Nothing => {
                let text = "after this change you could change no policy any more, not even back";
                Err(Fault::new(FaultKind::Conflict, "locks-you-out", text))
            }
        }
    }
}
