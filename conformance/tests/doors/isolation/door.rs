//! One question, asked in either door, and what both answers have in common.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::Value;
use strowger_conformance::{Gateway, Http, Mml};
use strowger_forms::json;
use strowger_primitive::{ActionDecl, Document, Indexed, KindDecl, Verb, upper};

/// A door, with somebody logged in.
pub(super) enum Door {
    Http(Http),
    Mml(Mml),
    /// MML that says first whose things it speaks of.
    Using(Mml),
}

/// The words of the doors, and of each way to name a tenant in them.
pub(super) const DOORS: [&str; 3] = ["http", "mml", "mml-use"];

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Act<'a> {
    Create(&'a Document),
    Read(&'a str),
    List(&'a str),
    Label(&'a str),
    Delete(&'a str),
    Invoke(&'a str, &'static ActionDecl),
}

/// What came of it, in words that all doors share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It was done, or refused for what it is, not for who asked.
    Done,
    Nobody,
    Forbidden,
    NotFound,
    NotAllowed,
    Broken,
}

/// An answer: what came, and all that was said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) came: Came,
    pub(super) text: String,
}

impl Act<'_> {
    pub(super) fn verb(&self) -> Verb {
        match self {
            Self::Create(_) => Verb::Create,
            Self::Read(_) => Verb::Read,
            Self::List(_) => Verb::List,
            Self::Label(_) => Verb::Update,
            Self::Delete(_) => Verb::Delete,
            Self::Invoke(..) => Verb::Invoke,
        }
    }
}

/// Everything that can be asked of one thing: each verb but create, each action.
pub(super) fn acts<'a>(kind: &'static KindDecl, name: &'a str) -> Vec<Act<'a>> {
    let mut acts = vec![Act::Read(name), Act::List(""), Act::Label(name)];
    acts.extend(kind.actions.iter().map(|action| Act::Invoke(name, action)));
    acts.push(Act::Delete(name));
    acts
}

impl Door {
    pub(super) fn open(gateway: &Gateway, door: &str, user: &str, secret: &str) -> Result<Self> {
        Ok(match door {
            "http" => {
                let mut http = gateway.http(user, secret)?;
                http.keep()?;
                Self::Http(http)
            }
            "mml" => Self::Mml(gateway.mml(user, secret)?),
            _ => Self::Using(gateway.mml(user, secret)?),
        })
    }

    /// Asks about `tenant`, or about the asker's own.
    pub(super) fn ask(&mut self, kind: &'static KindDecl, act: &Act<'_>, tenant: Option<&str>) -> Result<Said> {
        match self {
            Self::Http(http) => by_http(http, kind, act, tenant),
            Self::Mml(mml) => by_mml(mml, kind, act, tenant),
            Self::Using(mml) => {
                let name = tenant.map(|tenant| format!(" NAME={tenant}")).unwrap_or_default();
                let report = mml.say(&format!("USE TENANT:{name};"))?;
                ensure!(report.code == 0, "{}", report.text);
                by_mml(mml, kind, act, None)
            }
        }
    }
}

fn by_http(http: &mut Http, kind: &'static KindDecl, act: &Act<'_>, tenant: Option<&str>) -> Result<Said> {
    let all = format!("/v1/{}", kind.plural);
    let json = [("Content-Type", "application/json"), ("Prefer", "wait=60")];
    let (method, mut path, body) = match act {
        Act::Create(document) => {
            let mut body = Vec::new();
            json::write_document(document, &Arc::from([]), None, &mut body);
            ("POST", all, Some(body))
        }
        Act::Read(name) => ("GET", format!("{all}/{name}"), None),
        Act::List(filter) => ("GET", format!("{all}?{filter}"), None),
        Act::Label(name) => ("PATCH", format!("{all}/{name}"), Some(b"{\"label\":\"x\"}".to_vec())),
        Act::Delete(name) => ("DELETE", format!("{all}/{name}"), None),
        Act::Invoke(name, action) => ("POST", format!("{all}/{name}/{}", action.name), None),
    };
    if let Some(tenant) = tenant {
        path.push_str(if path.contains('?') { "&" } else { "?" });
        path.push_str(&format!("tenant={tenant}"));
    }
    let headers: &[_] = if body.is_some() { &json } else { &json[1..] };
    let heard = http.ask(method, &path, headers, body.as_deref())?;
    let came = match heard.status {
        401 => Came::Nobody,
        403 => Came::Forbidden,
        404 => Came::NotFound,
        405 => Came::NotAllowed,
        // Nothing that is asked here is malformed or too often.
        400 | 429 | 500.. => Came::Broken,
        _ => Came::Done,
    };
    let mut said: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    if let Some(problem) = said.as_object_mut() {
        problem.remove("requestId");
    }
    Ok(Said { came, text: format!("{} {said}", heard.status) })
}

fn by_mml(mml: &mut Mml, kind: &'static KindDecl, act: &Act<'_>, tenant: Option<&str>) -> Result<Said> {
    let noun = upper(kind.name);
    let index = match kind.indexed {
        Indexed::Name => "NAME",
        Indexed::Sequence => "SEQUENCE",
    };
    let mut command = match act {
        Act::Create(document) => {
            let command = strowger_speech::print_create(document);
            let comma = if command.ends_with(":;") { "" } else { "," };
            format!("{}{comma} WAIT=60", command.trim_end_matches(';'))
        }
        Act::Read(name) => format!("DSP {noun}: {index}={name}"),
        Act::List(filter) => format!("LST {noun}: {filter}"),
        Act::Label(name) => format!("MOD {noun}: {index}={name}, LABEL=\"x\""),
        Act::Delete(name) => format!("RMV {noun}: {index}={name}, WAIT=60"),
        Act::Invoke(name, action) => format!("{} {noun}: {index}={name}", upper(action.name)),
    };
    if let Some(tenant) = tenant {
        command.push_str(if command.ends_with(' ') { "" } else { ", " });
        command.push_str(&format!("TENANT={tenant}"));
    }
    command.push(';');
    let report = mml.say(&command)?;
    let came = match report.code {
        2401 => Came::Nobody,
        2403 => Came::Forbidden,
        3404 => Came::NotFound,
        2405 => Came::NotAllowed,
        1400 | 1429 | 1500..=1599 => Came::Broken,
        _ => Came::Done,
    };
    // The heading says the command back, which is no answer.
    let own = |line: &&str| !["+++", "O&M", "%%", "REQUEST"].iter().any(|start| line.starts_with(start));
    Ok(Said { came, text: report.text.lines().filter(own).collect::<Vec<_>>().join("\n") })
}
