//! `strowger KIND VERB`: one request, and its answer shown.

use std::fmt::Display;

use clap::ArgMatches;
use serde_json::{Map, Value, json};
use strowger_primitive::{ActionDecl, FieldDecl, KindDecl, camel};

use crate::args;
use crate::client::{Asked, Client};
use crate::exit::{self, Failure};
use crate::say::{complain, say};
use crate::{connection, show, value, watch};

/// Performs one of a kind's commands.
pub(crate) fn run(kind: &'static KindDecl, verb: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let desk = Desk { kind, client: Client::new(connection::of(matches)?)?, json: matches.get_flag("json") };
    match verb {
        "create" => desk.create(matches),
        "show" => desk.read(matches),
        "list" => desk.list(matches),
        "set" => desk.update(matches),
        "delete" => desk.delete(matches),
        other => match kind.action_named(other) {
            Some(action) => desk.invoke(action, matches),
            None => Err(Failure::usage(format!("{} has no {other}", kind.name))),
        },
    }
}

struct Desk {
    kind: &'static KindDecl,
    client: Client,
    json: bool,
}

impl Desk {
    fn create(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let mut body = fields(self.kind.fields().filter(|f| f.creatable() && f.name != "name"), matches)?;
        if let Some(name) = matches.get_one::<String>("name") {
            body.insert("name".to_owned(), Value::String(name.clone()));
        }
        let headers = vec![("idempotency-key", key()), ("prefer", "respond-async".to_owned())];
        let asked = Asked { method: "POST", path: self.many(), headers, body: Some(body.into()), ..Asked::default() };
        let answer = self.client.ask(&asked)?;
        let wait = matches.get_one::<u64>("wait").copied();
        match (answer.status, wait) {
            (202, Some(seconds)) => {
                let order = self.order_of(&answer.body)?;
                let ended = watch::order(&self.client, &order, seconds)?;
                let shown = if self.kind.name == "order" { ended.clone() } else { self.now(&answer.body)? };
                self.show(&shown.raw, &shown.body)?;
                failed(&ended.body)
            }
            _ => {
                self.show(&answer.raw, &answer.body)?;
                failed(&answer.body)
            }
        }
    }

    fn read(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let query = selected(matches);
        let answer = self.client.ask(&Asked { method: "GET", path: self.one(matches), query, ..Asked::default() })?;
        self.show(&answer.raw, &answer.body)
    }

    fn list(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let mut query = selected(matches);
        for said in matches.get_many::<String>("where").into_iter().flatten() {
            let Some((field, value)) = said.split_once('=') else {
                return Err(Failure::usage(format!("--where: expected FIELD=VALUE, not {said:?}")));
            };
            query.push((self.name_of(field), value.to_owned()));
        }
        if let Some(sort) = matches.get_one::<String>("sort") {
            let name = |key: &str| match key.strip_prefix('-') {
                Some(rest) => format!("-{}", self.name_of(rest)),
                None => self.name_of(key),
            };
            query.push(("sort".to_owned(), sort.split(',').map(name).collect::<Vec<_>>().join(",")));
        }
        for word in ["limit", "cursor"] {
            query.extend(matches.get_one::<String>(word).map(|value| (word.to_owned(), value.clone())));
        }
        let all = matches.get_flag("all");
        let mut items = Vec::new();
        loop {
            let asked = Asked { method: "GET", path: self.many(), query: query.clone(), ..Asked::default() };
            let answer = self.client.ask(&asked)?;
            let next = answer.body.get("next").and_then(Value::as_str).map(str::to_owned);
            if self.json && !all {
                return show::raw(&answer.raw);
            }
            items.extend(answer.body.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
            match next {
                Some(next) if all => {
                    query.retain(|(name, _)| name != "cursor");
                    query.push(("cursor".to_owned(), next));
                }
                Some(next) => {
                    show::table(self.kind, &items)?;
                    return say(format_args!("there are more: --cursor {next}, or --all"));
                }
                None => break,
            }
        }
        if self.json { say(json!({ "items": items })) } else { show::table(self.kind, &items) }
    }

    fn update(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let mut body = fields(self.kind.fields().filter(|f| f.patchable()), matches)?;
        let unset: Vec<Value> = matches
            .get_many::<String>("unset")
            .into_iter()
            .flatten()
            .map(|path| Value::String(path.split('.').map(|part| self.part(part)).collect::<Vec<_>>().join(".")))
            .collect();
        if !unset.is_empty() {
            body.insert("unset".to_owned(), Value::Array(unset));
        }
        let headers = only(matches);
        let (path, body) = (self.one(matches), Some(body.into()));
        let answer = self.client.ask(&Asked { method: "PATCH", path, headers, body, ..Asked::default() })?;
        self.show(&answer.raw, &answer.body)
    }

    fn delete(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let mut headers = only(matches);
        headers.push(("prefer", "respond-async".to_owned()));
        let path = self.one(matches);
        let answer = self.client.ask(&Asked { method: "DELETE", path, headers, ..Asked::default() })?;
        match (answer.status, matches.get_one::<u64>("wait").copied()) {
            (204, _) => {}
            (202, Some(seconds)) => watch::removal(&self.client, &self.one(matches), &answer.body, seconds)?,
            _ => return self.show(&answer.raw, &answer.body),
        }
        self.tell(format_args!("{} {} is gone", self.kind.name, name(matches)))
    }

    fn invoke(&self, action: &'static ActionDecl, matches: &ArgMatches) -> Result<(), Failure> {
        let body = fields(action.input.iter(), matches)?;
        let path = format!("{}/{}", self.one(matches), action.name);
        let headers = vec![("idempotency-key", key())];
        let asked = Asked { method: "POST", path, headers, body: Some(body.into()), ..Asked::default() };
        let answer = self.client.ask(&asked)?;
        if answer.raw.is_empty() {
            return self.tell("done");
        }
        self.show(&answer.raw, &answer.body)
    }

    /// The order that a service going on is made by, or the order itself.
    fn order_of(&self, body: &Value) -> Result<String, Failure> {
        let field = if self.kind.name == "order" { "name" } else { "order" };
        let name = body.get(field).and_then(Value::as_str).map(str::to_owned);
        name.ok_or_else(|| Failure::new(exit::GENERAL, "the gateway names no order to wait for"))
    }

    fn now(&self, body: &Value) -> Result<crate::client::Answer, Failure> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        self.client.ask(&Asked { method: "GET", path: format!("{}/{name}", self.many()), ..Asked::default() })
    }

    fn show(&self, raw: &[u8], body: &Value) -> Result<(), Failure> {
        if self.json { show::raw(raw) } else { show::one(body) }
    }

    /// What the gateway said no JSON of.
    fn tell(&self, text: impl Display) -> Result<(), Failure> {
        if self.json {
            complain(text);
            return Ok(());
        }
        say(text)
    }

    fn many(&self) -> String {
        format!("/v1/{}", self.kind.plural)
    }

    fn one(&self, matches: &ArgMatches) -> String {
        format!("/v1/{}/{}", self.kind.plural, crate::client::encoded(name(matches)))
    }

    /// A field as the door names it; one that no declaration has goes as it was said, and is refused there.
    fn name_of(&self, said: &str) -> String {
        self.kind.field_named(said).map_or_else(|| said.to_owned(), FieldDecl::camel)
    }

    fn part(&self, said: &str) -> String {
        if said.contains('-') { camel(said) } else { self.name_of(said) }
    }
}

fn name(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("name").map(String::as_str).unwrap_or_default()
}

fn fields(
    declared: impl Iterator<Item = &'static FieldDecl>,
    matches: &ArgMatches,
) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    for field in declared {
        if let Some(said) = matches.get_many::<String>(field.name) {
            let said: Vec<String> = said.cloned().collect();
            let value = value::field(field, &said).map_err(|f| rename(f, field))?;
            body.insert(field.camel(), value);
        }
    }
    Ok(body)
}

/// The flag as it was typed.
fn rename(failure: Failure, field: &FieldDecl) -> Failure {
    let text = failure.text.replacen(&format!("--{}", field.name), &format!("--{}", args::flag(field)), 1);
    Failure { text, ..failure }
}

fn selected(matches: &ArgMatches) -> Vec<(String, String)> {
    let fields: Vec<String> = matches.get_many::<String>("field").into_iter().flatten().map(|f| camel(f)).collect();
    if fields.is_empty() { Vec::new() } else { vec![("fields".to_owned(), fields.join(","))] }
}

fn only(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    let revision = matches.get_one::<u64>("if-revision");
    revision.map(|revision| ("if-match", format!("\"{revision}\""))).into_iter().collect()
}

/// A key of this request alone, so that it may be sent twice: a new RNG is seeded by the system for each.
fn key() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!("\"cli-{:016x}{:016x}\"", RandomState::new().hash_one(1), RandomState::new().hash_one(std::process::id()))
}

/// An order that ended and is not completed has failed.
fn failed(body: &Value) -> Result<(), Failure> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("state") {
        "failed" | "partial" | "cancelled" | "rejected" if body.get("items").is_some() => {
            let why = format!("order {} is {}: {}", text("name"), text("state"), text("message"));
            Err(Failure::new(exit::ORDER_FAILED, why))
        }
        _ => Ok(()),
    }
}
