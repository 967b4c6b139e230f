//! The first start: the tenants there must be, the operator, the policies, and one secret that is told once.

use bytes::Bytes;
use strowger_kinds::{check_create, credential, policy, principal, tenant};
use strowger_primitive::{
    CommitError, Document, Expect, Fault, Id, KindDecl, Name, OPERATOR, Op, OwnKey, SHARED, Secret, Value, common,
};

use crate::Security;
use crate::derive::work::Sort;
use crate::ring::{Owner, Ring};
use crate::rule::check::check;
use crate::security::Error;

/// The policies of the first start: documents from then on, which operators may change.
const POLICIES: [(&str, &str); 4] = [
    ("operator", include_str!("../policies/operator.cedar")),
    ("administrator", include_str!("../policies/administrator.cedar")),
    ("user", include_str!("../policies/user.cedar")),
    ("reader", include_str!("../policies/reader.cedar")),
];

/// What was generated at the first start. It is told once and kept nowhere; where it was never told, the next start
/// generates another.
#[derive(Debug)]
pub struct OneTimeSecret {
    /// Who logs in with it: `operator`.
    pub principal: String,
    /// The secret.
    pub secret: Secret,
}

/// Why the first start failed. The next one does what this one did not.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file with the operator's secret.
    #[error("operator_secret_file {path}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// The secret in it.
    #[error("operator_secret_file {0}: a secret is 8 to 128 octets in one line")]
    Secret(std::path::PathBuf),
    /// A document of ours.
    #[error("the first documents")]
    Document(#[source] Fault),
    /// The store.
    #[error("the first documents cannot be stored")]
    Store(#[from] CommitError),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self::Document(fault)
    }
}

impl Security {
    /// Makes the tenants, the operator and the policies where there are none yet. Gives the operator's secret where
    /// one was generated; the caller prints it once, then says [`told`](Self::told). On later starts, and where the
    /// options name a file with the secret, there is nothing to print.
    ///
    /// # Errors
    /// A secret's file that cannot be used, or the store's.
    pub async fn first_start(&self) -> Result<Option<OneTimeSecret>, Error> {
        let operator = Name::operator();
        let begun = self.shelf.look.get(operator, &tenant::DECL, OPERATOR).is_some();
        // One that ended before it told the secret left nobody who could log in.
        let untold = self.store.kept(&untold()).map_err(StartError::from)?.is_some();
        if begun && !untold {
            return Ok(None);
        }
        let (secret, given) = self.first_secret()?;
        let owner = Owner { tenant: operator, principal: operator, credential: operator };
        let verifiers = self.derive(Sort::Password, secret.clone(), owner).await.map_err(StartError::from)?;
        let (mut ring, expect) = Ring::of(&*self.store, operator, operator).map_err(StartError::from)?;
        ring.hang(operator.clone(), verifiers);
        let mark = if given { forget_untold() } else { keep_untold() };
        let mut ops = vec![ring.keep(operator, operator, expect), mark];
        for document in if begun { Vec::new() } else { self.first_documents()? } {
            let (key, document) = self.shelf.stamp(operator, operator.text(), document).map_err(StartError::from)?;
            ops.push(Op::Put { key, expect: Expect::Absent, document });
        }
        self.store.commit(ops).await.map_err(StartError::from)?;
        self.reload()?;
        Ok((!given).then(|| OneTimeSecret { principal: OPERATOR.to_owned(), secret }))
    }

    /// The secret was told: no later start makes another.
    ///
    /// # Errors
    /// The store's.
    pub async fn told(&self) -> Result<(), Error> {
        self.store.commit(vec![forget_untold()]).await.map_err(StartError::from)?;
        Ok(())
    }

    fn first_documents(&self) -> Result<Vec<Document>, StartError> {
        let mut all = Vec::new();
        for name in [OPERATOR, SHARED] {
            all.push(first(&tenant::DECL, name, |_| {})?);
        }
        all.push(first(&principal::DECL, OPERATOR, |document| {
            document.fields.set(&principal::ROLES, Value::List(vec![Value::Enum(principal::OPERATOR)]));
        })?);
        let mut credential = first(&credential::DECL, OPERATOR, |document| {
            document.fields.set_text(&credential::PRINCIPAL, OPERATOR);
        })?;
        credential.fields.set(&credential::STATE, Value::Enum(credential::ACTIVE));
        all.push(credential);
        for (name, cedar) in POLICIES {
            let facts = check(cedar, &self.language).map_err(|wrong| Fault::internal(wrong.join("; ")))?;
            let mut document = first(&policy::DECL, name, |document| document.fields.set_text(&policy::CEDAR, cedar))?;
            document.fields.set(&policy::LIVE, Value::Bool(!facts.live.is_empty()));
            all.push(document);
        }
        Ok(all)
    }

    /// The operator's secret, and whether it was given.
    fn first_secret(&self) -> Result<(Secret, bool), StartError> {
        let Some(path) = &self.options.operator_secret_file else { return Ok((self.generate(), false)) };
        let text = std::fs::read_to_string(path).map_err(|why| StartError::File { path: path.clone(), why })?;
        let text = zeroize::Zeroizing::new(text);
        let line = text.trim_end_matches(['\r', '\n']);
        if !(8..=128).contains(&line.len()) || line.contains(char::is_control) {
            return Err(StartError::Secret(path.clone()));
        }
        Ok((Secret::new(line), true))
    }

    /// A secret of 128 random bits, as people can read it out: the letters and digits of an identifier.
    pub(crate) fn generate(&self) -> Secret {
        let mut octets = zeroize::Zeroizing::new([0; 16]);
        self.shelf.world.random(&mut *octets);
        Secret::new(Id(u128::from_be_bytes(*octets)).to_string())
    }
}

/// Kept from the first commit until the secret was told.
fn untold() -> OwnKey {
    OwnKey::new("security.untold", &[])
}

fn keep_untold() -> Op {
    Op::Keep { key: untold(), expect: Expect::Any, value: Bytes::new(), expires: None }
}

fn forget_untold() -> Op {
    Op::Forget { key: untold(), expect: Expect::Any }
}

/// A document of the first start, with its defaults.
fn first(kind: &'static KindDecl, name: &str, fill: impl FnOnce(&mut Document)) -> Result<Document, StartError> {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::NAME, name);
    fill(&mut document);
    check_create(&mut document).map_err(|flaws| StartError::Document(Fault::flaws(flaws)))?;
    Ok(document)
}

#[cfg(test)]
mod tests;
