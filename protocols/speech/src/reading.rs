//! Reading the parameters of a command: each by its role, all flaws at once.

use std::time::Duration;

use strowger_primitive::{
    BadName, Change, Cursor, Document, FieldDecl, Fields, Filter, Flaw, Index, Indexed, Key, KeyScope, KindDecl, Name,
    Operation, Order, Patch, Path, Place, Query, Ref, Revision, Schema, Secret, Text, Value, Verb, upper,
};

use crate::fingerprint::fingerprint;
use crate::form::{Form, Parameter, Role};
use crate::mask::is_secret;
use crate::near::{cut, near};
use crate::syntax::{Named, Said};
use crate::{Act, Bad, Command, LogIn, value};

/// Flaws told at once: more than any command has fields, few beside what 64 KiB can hold.
pub(crate) const MOST_FLAWS: usize = 64;

/// What the parameters said.
#[derive(Default)]
pub(crate) struct Reading {
    flaws: Vec<Flaw>,
    target: Option<Index>,
    /// Fields in the order said; `None` is null.
    values: Vec<(&'static FieldDecl, Option<Value>)>,
    wait: Duration,
    key: Option<Text>,
    tenant: Option<Name>,
    if_revision: Option<Revision>,
    unlike: Option<Revision>,
    sort: Vec<Order>,
    limit: Option<u32>,
    cursor: Option<Cursor>,
    fields: Vec<&'static FieldDecl>,
    operator: Option<Text>,
    password: Option<Secret>,
}

impl Reading {
    /// Takes all parameters of a command.
    ///
    /// # Errors
    /// Every offending one.
    pub(crate) fn all(mut self, schema: &Schema, form: Form, named: &[Named<'_>]) -> Result<Self, Bad> {
        let parameters = form.parameters();
        let mut seen = vec![false; parameters.len()];
        for (i, Named { name, said }) in named.iter().enumerate() {
            if self.flaws.len() >= MOST_FLAWS {
                break;
            }
            let known = Form::parameter(&parameters, name).and_then(|i| Some((parameters.get(i)?, seen.get_mut(i)?)));
            match known {
                None => {
                    let after_secret = named.iter().take(i).any(|before| is_secret(schema, before.name));
                    self.unknown(form, &parameters, name, after_secret);
                }
                Some((parameter, seen)) if *seen => self.flaw(parameter, "is said twice"),
                Some((parameter, seen)) => {
                    *seen = true;
                    self.one(form, parameter, said);
                }
            }
        }
        for (parameter, seen) in parameters.iter().zip(seen) {
            if parameter.required && !seen {
                self.flaw(parameter, "is required");
            }
        }
        self.flaws.truncate(MOST_FLAWS);
        if self.flaws.is_empty() { Ok(self) } else { Err(Bad::Fields { declared: form.declared(), flaws: self.flaws }) }
    }

    fn unknown(&mut self, form: Form, parameters: &[Parameter], name: &str, after_secret: bool) {
        if after_secret {
            // Behind a password without quotes this may be the rest of it.
            let why = format!("{} has no such parameter; is a value without its quotes before it?", form.title());
            self.flaws.push(Flaw { place: Place::Unknown("*****".to_owned()), why });
            return;
        }
        let words: Vec<String> = parameters.iter().map(|p| upper(p.decl.name)).collect();
        let declared = form.kind().and_then(|k| k.field_named(name));
        let why = match near(name, words.iter().map(String::as_str)) {
            _ if declared.is_some() && matches!(form, Form::Verb(Verb::Create, _)) => {
                "only the gateway sets this".to_owned()
            }
            _ if declared.is_some() => format!("{} does not take this", form.title()),
            Some(word) => format!("no such parameter; did you mean {word}?"),
            None if words.is_empty() => format!("{} takes no parameters", form.title()),
            None => format!("no such parameter; HLP {}; lists them", form.title()),
        };
        let place = match (form, declared) {
            (Form::Verb(..), Some(field)) => Place::Field(Path::whole(field.number)),
            _ => Place::Unknown(cut(name)),
        };
        self.flaws.push(Flaw { place, why });
    }

    fn flaw(&mut self, parameter: &Parameter, why: impl Into<String>) {
        let place = match parameter.role {
            Role::Field | Role::Filter => Place::Field(Path::whole(parameter.decl.number)),
            Role::Target | Role::Wait | Role::Key | Role::Tenant | Role::IfRevision | Role::Unlike => {
                reserved(parameter)
            }
            Role::Sort | Role::Limit | Role::Cursor | Role::Fields | Role::Operator | Role::Password => {
                reserved(parameter)
            }
        };
        self.flaws.push(Flaw { place, why: why.into() });
    }

    fn one(&mut self, form: Form, parameter: &Parameter, said: &Said<'_>) {
        match parameter.role {
            Role::Field => {
                let value = value::read(parameter.decl, said, &mut self.flaws);
                self.values.push((parameter.decl, value));
            }
            Role::Filter => {
                let value = value::element(parameter.decl, said, &mut self.flaws);
                self.values.push((parameter.decl, value));
            }
            Role::Target => self.target = self.index(form, parameter, said),
            Role::Wait => self.wait = Duration::from_secs(self.uint(parameter, said).unwrap_or(0)),
            Role::Key => self.key = self.text(parameter, said),
            Role::Tenant => self.tenant = self.text(parameter, said).and_then(|t| Name::new(&t).ok()),
            Role::IfRevision => self.if_revision = self.uint(parameter, said).map(Revision),
            Role::Unlike => self.unlike = self.uint(parameter, said).map(Revision),
            Role::Limit => self.limit = self.uint(parameter, said).and_then(|n| u32::try_from(n).ok()),
            Role::Cursor => self.cursor = self.text(parameter, said).map(Cursor),
            Role::Operator => self.operator = self.text(parameter, said),
            Role::Password => {
                if let Some(Value::Secret(secret)) = self.scalar(parameter, said) {
                    self.password = Some(secret);
                } else {
                    self.flaw(parameter, "must not be empty");
                }
            }
            Role::Sort => self.sort(form, parameter, said),
            Role::Fields => self.shown(form, parameter, said),
        }
    }

    fn index(&mut self, form: Form, parameter: &Parameter, said: &Said<'_>) -> Option<Index> {
        let sequenced = form.kind().is_some_and(|k| k.indexed == Indexed::Sequence);
        let text = value::plain(said);
        let index = if sequenced {
            text.and_then(|t| t.parse().ok()).map(Index::Sequence)
        } else {
            text.and_then(|t| Name::new(t).ok()).map(Index::Name)
        };
        if index.is_none() && !(form.kind().is_none() && matches!(said, Said::Null)) {
            let expected = if sequenced { value::expected(&parameter.decl.ty) } else { BadName.to_string() };
            self.flaw(parameter, format!("must be one: {expected}"));
        }
        index
    }

    /// A reserved parameter's value; its flaws are told under its name.
    fn scalar(&mut self, parameter: &Parameter, said: &Said<'_>) -> Option<Value> {
        let mut flaws = Vec::new();
        let value = value::read(parameter.decl, said, &mut flaws);
        for flaw in flaws {
            self.flaw(parameter, flaw.why);
        }
        value
    }

    fn text(&mut self, parameter: &Parameter, said: &Said<'_>) -> Option<Text> {
        self.scalar(parameter, said).and_then(|v| v.as_text().cloned())
    }

    fn uint(&mut self, parameter: &Parameter, said: &Said<'_>) -> Option<u64> {
        match self.scalar(parameter, said) {
            Some(Value::Uint(n)) => Some(n),
            Some(_) | None => None,
        }
    }

    /// The texts of a list of names.
    fn names(&mut self, parameter: &Parameter, said: &Said<'_>) -> Vec<Text> {
        match self.scalar(parameter, said) {
            Some(Value::List(list)) => list.iter().filter_map(Value::as_text).cloned().collect(),
            Some(_) | None => Vec::new(),
        }
    }

    fn sort(&mut self, form: Form, parameter: &Parameter, said: &Said<'_>) {
        for name in self.names(parameter, said) {
            let (plain, descending) = name.strip_prefix('-').map_or((&*name, false), |rest| (rest, true));
            let sorts = |f: &FieldDecl| form.kind().is_some_and(|k| k.sorts_by(f));
            match form.kind().and_then(|k| k.field_named(plain)).filter(|f| sorts(f)) {
                Some(field) => self.sort.push(Order { field, descending }),
                None => self.no_field(form.kind(), parameter, plain, sorts),
            }
        }
    }

    fn shown(&mut self, form: Form, parameter: &Parameter, said: &Said<'_>) {
        for name in self.names(parameter, said) {
            match form.kind().and_then(|k| k.field_named(&name)).filter(|f| f.readable()) {
                Some(field) if self.fields.iter().any(|f| f.number == field.number) => {}
                Some(field) => self.fields.push(field),
                None => self.no_field(form.kind(), parameter, &name, |_| true),
            }
        }
    }

    fn no_field(
        &mut self,
        kind: Option<&'static KindDecl>,
        parameter: &Parameter,
        said: &str,
        fits: impl Fn(&FieldDecl) -> bool,
    ) {
        let fields = kind.into_iter().flat_map(KindDecl::fields).filter(|f| f.readable() && fits(f));
        let words: Vec<String> = fields.map(|f| upper(f.name)).collect();
        let why = near(said, words.iter().map(String::as_str)).map_or_else(
            || format!("{} is none of {}", cut(said), words.join(", ")),
            |word| format!("no such field {}; did you mean {word}?", cut(said)),
        );
        self.flaw(parameter, why);
    }

    /// The command they make.
    ///
    /// # Errors
    /// Never behind [`all`](Self::all), which asks for what is required.
    pub(crate) fn command(self, form: Form) -> Result<Command, Bad> {
        let declared = form.declared();
        let missing = || Bad::UnknownCommand(format!("{} is not complete", form.title()));
        let act = match form {
            Form::LogIn => Act::LogIn(LogIn {
                principal: self.operator.ok_or_else(missing)?,
                secret: self.password.ok_or_else(missing)?,
            }),
            Form::LogOut => Act::LogOut,
            Form::StopCommand => Act::Stop,
            Form::UseTenant => Act::UseTenant(match self.target {
                Some(Index::Name(name)) => Some(name),
                Some(Index::Sequence(_)) | None => None,
            }),
            Form::Verb(Verb::Create, kind) => Act::Ask(Operation::Create(Document { kind, fields: set(self.values) })),
            Form::Verb(Verb::List, kind) => Act::Ask(Operation::List(Query {
                kind,
                filters: self.values.into_iter().map(|(field, value)| Filter { field, value }).collect(),
                sort: self.sort,
                limit: self.limit.unwrap_or(Query::LIMIT),
                cursor: self.cursor,
            })),
            Form::Verb(verb @ (Verb::Read | Verb::Update | Verb::Delete | Verb::Invoke), kind) => {
                let target = Ref { kind, index: self.target.ok_or_else(missing)? };
                Act::Ask(match verb {
                    Verb::Update => Operation::Update(target, self.if_revision, patch(self.values)),
                    Verb::Delete => Operation::Delete(target, self.if_revision),
                    Verb::Read | Verb::Create | Verb::List | Verb::Invoke => Operation::Read(target),
                })
            }
            Form::Action(kind, action) => {
                let target = Ref { kind, index: self.target.ok_or_else(missing)? };
                Act::Ask(Operation::Invoke(target, action, set(self.values)))
            }
        };
        let key = match (&self.key, &act) {
            (Some(key), Act::Ask(operation)) => Some(Key {
                scope: KeyScope::Principal,
                bytes: key.as_bytes().into(),
                fingerprint: fingerprint(operation),
            }),
            _ => None,
        };
        Ok(Command {
            act,
            tenant: self.tenant,
            wait: self.wait,
            key,
            unlike: self.unlike,
            fields: self.fields,
            whole: self.limit.is_none(),
            declared,
        })
    }
}

fn reserved(parameter: &Parameter) -> Place {
    Place::Unknown(upper(parameter.decl.name))
}

fn set(values: Vec<(&'static FieldDecl, Option<Value>)>) -> Fields {
    values.into_iter().filter_map(|(field, value)| Some((field.number, value?))).collect()
}

fn patch(values: Vec<(&'static FieldDecl, Option<Value>)>) -> Patch {
    let change = |value: Option<Value>| value.map_or(Change::Unset, Change::Set);
    Patch(values.into_iter().map(|(field, value)| (Path::whole(field.number), change(value))).collect())
}
