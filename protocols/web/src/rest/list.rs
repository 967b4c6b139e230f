//! What the query of a request asks for: which ones, in what order, which of their fields, in whose tenant.

use strowger_forms::json::read_filter;
use strowger_primitive::{Cursor, FieldDecl, KindDecl, Name, Order, Query};

use super::call::Call;
use super::params::Params;
use crate::problem::Problem;

/// Keys of one order, at most: what a cursor has room for.
const KEYS: usize = 7;

/// What a query asks for.
pub(super) struct Asked {
    /// Of a list: which ones.
    pub(super) query: Query,
    /// The numbers of the fields to be shown; `None`: all.
    pub(super) select: Option<Vec<u16>>,
    /// The tenant spoken of.
    pub(super) tenant: Option<Name>,
}

impl Asked {
    /// Reads what the call knows; anything else is a mistake of the caller's.
    pub(super) fn read(call: &Call, query: Option<&str>) -> Result<Self, Problem> {
        let kind = call.kind();
        let mut asked = Self { query: Query::all(kind), select: None, tenant: None };
        let (shows, lists) = match call {
            Call::List(_) => (true, true),
            Call::Read(_) => (true, false),
            Call::Create(_) | Call::Update(_) | Call::Delete(_) | Call::Invoke(..) => (false, false),
        };
        Params::read(query)?.each(|name, value| match name {
            "tenant" => {
                asked.tenant = Some(Name::new(value).map_err(|error| error.to_string())?);
                Ok(())
            }
            "fields" if shows => {
                asked.select = Some(value.split(',').map(|name| field(kind, name)).collect::<Result<_, _>>()?);
                Ok(())
            }
            _ if lists => asked.list(kind, name, value),
            _ => Err("is no parameter here".to_owned()),
        })?;
        Ok(asked)
    }

    fn list(&mut self, kind: &'static KindDecl, name: &str, value: &str) -> Result<(), String> {
        match name {
            "limit" => {
                let whole = value.parse().ok().filter(|limit| (1..=Query::MOST).contains(limit));
                self.query.limit = whole.ok_or_else(|| format!("must be from 1 to {}", Query::MOST))?;
            }
            "cursor" if value.is_empty() || value.len() > 4_096 => return Err("is no cursor".to_owned()),
            "cursor" => self.query.cursor = Some(Cursor(value.into())),
            "sort" => self.query.sort = sort(kind, value)?,
            _ => {
                let field = named(kind, name).ok_or("is no parameter here")?;
                self.query.filters.push(read_filter(field, value)?);
            }
        }
        Ok(())
    }
}

/// `-createdAt,name`: the hyphen asks for the largest first.
fn sort(kind: &'static KindDecl, value: &str) -> Result<Vec<Order>, String> {
    let keys: Vec<_> = value.split(',').take(KEYS + 1).collect();
    if keys.len() > KEYS {
        return Err(format!("has at most {KEYS} keys"));
    }
    keys.into_iter()
        .map(|key| {
            let (name, descending) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
            let field = named(kind, name).filter(|field| kind.sorts_by(field));
            field.map(|field| Order { field, descending }).ok_or_else(|| unknown(name, "to sort by"))
        })
        .collect()
}

fn field(kind: &'static KindDecl, name: &str) -> Result<u16, String> {
    named(kind, name).filter(|f| f.readable()).map(|f| f.number).ok_or_else(|| unknown(name, "to show"))
}

fn unknown(name: &str, what: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("{name:?} is no field {what}")
}

/// The field of that name in JSON, to the letter.
fn named(kind: &'static KindDecl, said: &str) -> Option<&'static FieldDecl> {
    kind.field_named(said).filter(|field| field.camel() == said)
}
