//! Stored documents and fields of all kinds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use strowger_primitive::Schema;

static SCHEMA: LazyLock<Schema> = LazyLock::new(strowger_kinds::all);

fuzz_target!(|octets: &[u8]| strowger_forms::fuzz::cbor(&SCHEMA, octets));
