//! Disks that fail while the gateway runs: changes are refused in each door's own terms, reads go on, and work resumes
//! when the disk does. Each ends in a power cut, and nothing promised may be lost.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Total;
use super::client::PLAIN;
use super::ledger::OURS;
use super::life::{Death, Life};
use super::loss::{Loss, Sort};
use crate::chance::Chance;
use crate::clock;
use crate::gateway::{SECRET, USER};
use crate::http::{Client, Reply};
use crate::mml::Terminal;

/// Each sort of disk, in the control file's words, and the code that changes are refused with; none: they go on.
const DISKS: [(&str, Option<&str>); 5] = [
    ("full", Some("disk-full")),
    ("eio", Some("store-failed")),
    ("eio-sync", Some("store-failed")),
    ("torn", Some("store-failed")),
    ("slow 150", None),
];
/// The load before, under and after it.
const LOAD: Duration = Duration::from_millis(400);
/// A read under any disk takes no longer.
const READ: Duration = Duration::from_secs(2);
/// Work resumes by then.
const RESUMES: Duration = Duration::from_secs(30);

/// One round with each.
pub(crate) fn rounds(chance: &mut Chance, total: &mut Total) -> Result<()> {
    for (no, (words, code)) in (1..).zip(DISKS) {
        let mut life = Life::begin(true)?;
        life.failing = true;
        let word = words.split(' ').next().unwrap_or_default();
        let load = life.load(word, chance)?;
        clock::pass(LOAD);
        life.place.control(words)?;
        clock::pass(LOAD);
        let mut losses = probes(&life, word, code)?;
        life.place.control("")?;
        losses.extend(resumes(&life, word)?);
        clock::pass(LOAD);
        life.last.load = LOAD * 3;
        losses.extend(life.kill(Death::Power, load, chance)?);
        losses.extend(life.again(Death::Power, chance)?);
        total.tell(word, no, &mut life, &losses);
        if losses.is_empty() {
            losses = life.end()?;
            total.losses += losses.len();
            for loss in losses {
                crate::say::say(format!("            at the end: {loss}"));
            }
        }
    }
    Ok(())
}

fn probes(life: &Life, word: &str, code: Option<&str>) -> Result<Vec<Loss>> {
    let gateway = life.gateway.as_ref().context("no gateway")?;
    let mut losses = Vec::new();
    let mut wrong = |what: String| losses.push(Loss::new(Sort::Refusal, format!("{word}: {what}")));
    let mut client = Client::new(gateway.http, USER, SECRET);
    let begun = clock::now();
    let read = client.call("GET", "/v1/services?limit=5", &[], b"")?;
    if !read.is_success() || clock::now().duration_since(begun) > READ {
        wrong(format!("a read is answered with {} after {:?}", read.status, clock::now().duration_since(begun)));
    }
    let reply = make(&mut client, &format!("probe-{word}"))?;
    let said = super::door::text(&reply.json(), "code");
    match code {
        None if reply.is_success() => {}
        Some(code) if reply.status == 503 && said.as_deref() == Some(code) && reply.header("retry-after").is_some() => {
        }
        None | Some(_) => {
            let retry = reply.header("retry-after");
            wrong(format!("HTTP answers {} {said:?} with Retry-After {retry:?}, not {code:?}", reply.status));
        }
    }
    let mut terminal = Terminal::open(gateway.mml, USER, SECRET)?;
    let report = terminal.say(&format!("ADD ORDER: NAME=\"typed-{word}\", OFFER=\"{PLAIN}\";"))?;
    let right = match code {
        None => report.code == 0,
        Some(code) => report.code != 0 && report.field("FAULT") == Some(code),
    };
    if !right {
        wrong(format!("MML answers {}", report.text));
    }
    if terminal.say("LST SERVICE: LIMIT=5;")?.code != 0 {
        wrong("a list over MML is refused".to_owned());
    }
    Ok(losses)
}

/// Changes are taken again, without a restart.
fn resumes(life: &Life, word: &str) -> Result<Vec<Loss>> {
    let gateway = life.gateway.as_ref().context("no gateway")?;
    let mut client = Client::new(gateway.http, USER, SECRET);
    let mut no = 0;
    let resumed = clock::until(RESUMES, "changes are taken again", || {
        no += 1;
        Ok(make(&mut client, &format!("again-{word}-{no}"))?.is_success().then_some(()))
    });
    Ok(resumed.err().map(|error| Loss::new(Sort::Refusal, format!("{word}: {error:#}"))).into_iter().collect())
}

fn make(client: &mut Client, name: &str) -> Result<Reply> {
    debug_assert!(!name.starts_with(OURS), "the audit would ask where it comes from");
    let body = serde_json::json!({ "name": name, "offer": PLAIN }).to_string();
    Ok(client.call("POST", "/v1/orders", &[], body.as_bytes())?)
}
