//! Typed text: parsed, masked, completed, explained; and a whole session that gets it in pieces.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use strowger_primitive::{Name, Principal, Revision, Schema, Session};

static SCHEMA: LazyLock<Schema> = LazyLock::new(strowger_kinds::all);
static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static ALICE: LazyLock<Session> = LazyLock::new(|| {
    let name = |name: &str| Name::new(name).expect("a name");
    let (tenant, name, roles) = (name("acme"), name("alice"), [].into());
    let alice = Principal { tenant, name, roles, revision: Revision(1), method: "password", until: None };
    let security = strowger_primitive::authorities().security;
    security.session(&security.known(Arc::new(alice)))
});

fuzz_target!(|octets: &[u8]| {
    strowger_speech::fuzz::text(&SCHEMA, octets.get(1..).unwrap_or_default());
    strowger_mml::fuzz::session(&SCHEMA, octets, *START, &ALICE);
});
