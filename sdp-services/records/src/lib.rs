//! The journal: who asked what, what was decided, what came of it, kept so that no change of it goes unseen.
//!
//! In: drafts of the pipeline ([`Draft`]), which [`Recorder`] makes records of; each stored record, which the store's
//! writer hands to [`Seal`]. Out: operations for the commit of a change; tiles and one signed head a batch, kept in
//! the records' own batch; pages, proofs and exports. It never writes to a log but through the store, never changes or
//! removes a record, and never sends what a fault's cause says to a peer.
//!
//! Each log is a Merkle tree (RFC 9162 §2.1): leaf SHA-256(0x00 ‖ record as stored), node SHA-256(0x01 ‖ left ‖ right).
//! Its head, size and root, is signed with Ed25519 as a C2SP tlog-checkpoint whose origin is `node/log`. Tiles hold
//! sixteen consecutive hashes of every fourth level, so that a proof among ten million records reads a dozen of them,
//! a batch writes the unfinished ones again at half a kilobyte each, and the writer goes on from them after a crash.
//! Who changes, removes or moves a record must change the root, and cannot sign it. Who has the key, or puts an older
//! state of the whole store back, is found out by a head saved elsewhere: [`verify`] compares with it.
//!
//! | file | what |
//! |---|---|
//! | `draft`, `fit` | what a record will say; making texts fit their declaration |
//! | `recorder`, `counted`, `refused` | making records; counts by the minute; refusals by their source |
//! | `seal`, `tree`, `hash` | the writer's side: hashing, tiles, heads |
//! | `head`, `note`, `key` | checkpoints, signed notes, the node's key |
//! | `tiles`, `proof` | the tree read back; inclusion and growth |
//! | `verify`, `replay` | from the first record to the head |
//! | `export` | JSON lines, which can be verified; CSV |
//! | `keeper`, `list` | the kind `record` |
//! | `fuzz` | what fuzzers call |
//!
//! Libraries: `aws-lc-rs` for SHA-256 and Ed25519, as TLS has it. Not `ct-merkle`: its tree holds all leaves in memory
//! and cannot take a batch back; it is the oracle of the tests. Not `tlog_tiles` and `signed_note`: they bring a second
//! implementation of SHA-256 and of Ed25519 for what is two pages here, and read whole tiles 256 wide, which a small
//! batch would write again each time.

mod counted;
mod draft;
mod export;
mod fit;
pub mod fuzz;
mod hash;
mod head;
mod keeper;
mod key;
mod list;
mod note;
mod proof;
mod recorder;
mod refused;
mod replay;
mod seal;
mod stored;
mod tiles;
mod tree;
mod verify;

#[cfg(test)]
mod tests;

pub use draft::{Draft, End};
pub use export::{BadLine, ExportError, Line, csv, json_lines, verify_export};
pub use hash::Hash;
pub use head::{BadHead, BadOrigin, Head, HeadError, Origin};
pub use keeper::Records;
pub use key::{Key, KeyError};
pub use note::{BadNote, BadVerifier, Unsigned, Verifier};
pub use proof::{BadProof, Proof, ProveError, grew, prove, prove_growth};
pub use recorder::Recorder;
pub use replay::{Offence, Report};
pub use seal::{ResumeError, Seal};
pub use stored::read_record;
pub use tiles::NodeError;
pub use verify::{Told, verify};
