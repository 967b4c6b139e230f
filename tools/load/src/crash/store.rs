//! A dead gateway's store, read in a copy: what is recorded, and whether it verifies.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use strowger_kinds::record;
use strowger_primitive::{FieldDecl, Log, Store as _};
use strowger_records::{Head, Key, Origin, Verifier, read_record, verify};
use strowger_stores::Embedded;

use super::found::Recorded;
use super::loss::{Loss, Sort};
use crate::gateway::Place;
use crate::store::{NODE, open};

/// Records read at once.
const AT_ONCE: usize = 4_096;

/// What a dead gateway's records say, and what is wrong with them. `head` was given by the gateway when it lived.
pub(crate) fn read(place: &Place, head: Option<&str>) -> Result<(Vec<Recorded>, Vec<Loss>)> {
    let copy = place.folder.join("copy");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let store = place.data().join("store");
    if !store.exists() {
        return Ok((Vec::new(), vec![Loss::new(Sort::Unopened, "there is no store any more")]));
    }
    copy_folder(&store, &copy)?;
    let key = Arc::new(Key::load(&place.data().join("keys/records.key")).context("the key of the records")?);
    let verifier = key.verifier(&Origin::new(NODE, Log::AUDIT)?);
    let read = match open(&copy, key) {
        Ok(store) => look(&store, &verifier, head)?,
        Err(error) => (Vec::new(), vec![Loss::new(Sort::Unopened, format!("the store does not open: {error:#}"))]),
    };
    fs::remove_dir_all(&copy)?;
    Ok(read)
}

fn look(store: &Embedded, verifier: &Verifier, head: Option<&str>) -> Result<(Vec<Recorded>, Vec<Loss>)> {
    let mut losses = Vec::new();
    let head = head.map(|note| Head::open(note, verifier)).transpose();
    match head {
        Err(error) => losses.push(Loss::new(Sort::Records, format!("the head it gave is none of its own: {error}"))),
        Ok(head) => {
            if let Err(offence) = verify(store, Log::AUDIT, verifier, head.as_ref(), &mut |_, _| {}) {
                losses.push(Loss::new(Sort::Records, format!("{:#}", anyhow::Error::from(offence))));
            }
        }
    }
    let (mut records, mut next) = (Vec::new(), 0);
    loop {
        let some = store.read_log(Log::AUDIT, next, AT_ONCE)?;
        if some.is_empty() {
            break;
        }
        for (sequence, stored) in some {
            if sequence != next {
                losses.push(Loss::new(Sort::Records, format!("record {next} is missing")));
            }
            next = sequence + 1;
            records.extend(done(&stored)?);
        }
    }
    store.close();
    Ok((records, losses))
}

/// A record of a change that was done; others are passed over.
fn done(stored: &[u8]) -> Result<Option<Recorded>> {
    let record = read_record(stored).context("a record cannot be read")?;
    let text = |field: &FieldDecl| record.fields.text(field).map(ToString::to_string).unwrap_or_default();
    let outcome = text(&record::OUTCOME);
    let each = record.fields.choice(&record::RECORD_CLASS) == Some(record::EACH);
    if !each || !matches!(outcome.as_str(), "done" | "accepted") {
        return Ok(None);
    }
    Ok(Some(Recorded {
        request: text(&record::REQUEST),
        peer: text(&record::PEER),
        operation: text(&record::OPERATION),
        kind: text(&record::KIND),
        object: text(&record::OBJECT),
    }))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
