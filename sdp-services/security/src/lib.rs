//! Who asks, and may he? Security proves claims, decides by policy, and keeps tenants, principals, credentials and
//! policies.
//!
//! In: a [`Claim`](strowger_primitive::Claim) as a door was shown it, and then what is [`Asked`]. Out: a
//! [`Known`](strowger_primitive::Known) principal, and what policy [`Allowed`](strowger_primitive::Allowed) with its
//! scope and hidden fields. It never stores a secret, never tells a stranger which names exist, and never lets what
//! no policy permits.
//!
//! ```text
//! claim ─► prove ─► memory? (at most 60 s) ─► lock-out? ─► verify on a core of its own ─► Known
//! asked ─► authorise ─► table? ─► Cedar, with exactly what the table is keyed by ─► Allowed
//! ```
//!
//! - `prove/`: the memory of proven claims, lock-out, turns (one claim is proven once at a time), verifying.
//! - `derive/`: the verifiers of a secret, one file a scheme; `ring`: how they are kept, all of a principal as one
//!   value; `seal`: how they are sealed.
//! - `rule/`: the language of policies generated from the schema, checking, loading, deciding.
//! - `keep/`: one file a kind. `start`: what the first start makes. `policies/`: the policies of the first start.
//!
//! **Secrets** become verifiers in the moment they are set. A password's argon2id string is kept as it is, everything
//! else sealed for its place. What others could read on the way is neither taken nor given.
//!
//! **Policies** decide on who asks, the verb or action, the kind, the relation, confidentiality and class; what they
//! say is kept by exactly these. A policy that asks anything else (`context.protocol`, `resource.owner`,
//! `resource.tenant`) is *live* and runs each time. `@hide("service.endpoint")` on a permit hides fields, unless
//! another permit shows them.
//!
//! Libraries: `cedar-policy` for policies that can be validated and explained; `argon2` for passwords; `aws-lc-rs`,
//! which TLS brings already, for everything else but MD5 (`md-5`), which it rightly lacks; `stringprep` for SCRAM's
//! passwords; `subtle` for comparisons; `dashmap` and `arc-swap` for what every request reads; `miette` only to tell
//! the line of a policy's mistake. Left: `scram` crates, which bring a whole exchange where only keys are wanted.

mod authorise;
mod derive;
mod hex;
mod keep;
mod options;
mod prove;
mod recent;
mod ring;
mod rule;
#[cfg(test)]
mod scene;
mod seal;
mod security;
mod start;

pub use options::{Cost, LockOut, Options};
pub use rule::ask::Asked;
pub use rule::check::{PolicyFacts, check_policy};
pub use rule::language::Error as LanguageError;
pub use rule::load::PolicyError;
pub use seal::{Blind, KeyError};
pub use security::{Error, Security};
pub use start::{OneTimeSecret, StartError};
