//! Stored records, heads and notes, exports, proofs.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use strowger_records::fuzz::Subject;

static SUBJECT: LazyLock<Subject> = LazyLock::new(|| Subject::new().expect("a key of a fixed seed signs"));

fuzz_target!(|octets: &[u8]| SUBJECT.read(octets));
