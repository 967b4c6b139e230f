//! Forms: every command there is, and the parameters each takes. Parsing, help, examples and completion read the same
//! list, so none of them can know a command that the others do not.

use strowger_primitive::{ActionDecl, FieldDecl, Indexed, KindDecl, Schema, Verb, common, same_word, upper};

use crate::Bad;
use crate::near::{unknown_kind, unknown_verb};
use crate::reserved::declaration;

/// One command: what is done to what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// `ADD ORDER`
    Verb(Verb, &'static KindDecl),
    /// `CANCEL ORDER`
    Action(&'static KindDecl, &'static ActionDecl),
    /// `LGI`
    LogIn,
    /// `LGO`
    LogOut,
    /// `USE TENANT`
    UseTenant,
    /// `STP COMMAND`
    StopCommand,
}

/// A parameter of a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) decl: &'static FieldDecl,
    pub(crate) role: Role,
    /// The command is nothing without it.
    pub(crate) required: bool,
}

/// What a parameter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Says which one.
    Target,
    /// Sets a field, or is input of an action.
    Field,
    /// Chooses from a list.
    Filter,
    /// `WAIT`: patience for the work itself.
    Wait,
    /// `KEY`: the same key again is the same command.
    Key,
    /// `TENANT`: of another tenant.
    Tenant,
    /// `IF_REVISION`: only if it still has that revision.
    IfRevision,
    /// `UNLIKE`: answer when it has another revision.
    Unlike,
    /// `SORT`
    Sort,
    /// `LIMIT`
    Limit,
    /// `CURSOR`
    Cursor,
    /// `FIELDS`: what is shown.
    Fields,
    /// `OP`
    Operator,
    /// `PWD`
    Password,
}

/// The MML words of the verbs that every kind may have.
const WORDS: [(&str, Verb, &str); 5] = [
    ("ADD", Verb::Create, "Makes a new one."),
    ("DSP", Verb::Read, "Shows one."),
    ("LST", Verb::List, "Shows many."),
    ("MOD", Verb::Update, "Changes one."),
    ("RMV", Verb::Delete, "Removes one."),
];

impl Form {
    /// The form somebody named.
    ///
    /// # Errors
    /// [`Bad`] that says what there is instead.
    pub(crate) fn find(schema: &Schema, verb: &str, object: Option<&str>) -> Result<Self, Bad> {
        let is = |word: &str| same_word(verb, word);
        for (word, form) in [("lgi", Self::LogIn), ("lgo", Self::LogOut)] {
            if is(word) && object.is_some() {
                let title = form.title();
                return Err(Bad::UnknownCommand(format!("{title} speaks of nothing else; HLP {title}; explains it")));
            }
            if is(word) {
                return Ok(form);
            }
        }
        for (word, thing, form) in [("use", "tenant", Self::UseTenant), ("stp", "command", Self::StopCommand)] {
            if is(word) && object.is_none_or(|o| same_word(o, thing)) {
                return Ok(form);
            }
        }
        let common = WORDS.iter().find(|(word, ..)| verb.eq_ignore_ascii_case(word)).map(|(_, verb, _)| *verb);
        if common.is_none() && !schema.kinds().any(|k| k.action_named(verb).is_some()) {
            return Err(unknown_verb(schema, verb));
        }
        let Some(object) = object else {
            return Err(Bad::UnknownKind(format!("{} what? {}", upper(verb), Self::listed(schema, verb))));
        };
        let Some(kind) = kind_named(schema, object) else { return Err(unknown_kind(schema, object)) };
        let form = match common {
            Some(common) => kind.has(common).then_some(Self::Verb(common, kind)),
            None => kind.action_named(verb).map(|action| Self::Action(kind, action)),
        };
        form.ok_or_else(|| {
            let words: Vec<_> = Self::of_kind(kind).map(|f| f.verb()).collect();
            Bad::NotAllowed(format!(
                "{} is never said of {}; it has {}",
                upper(verb),
                upper(kind.name),
                words.join(", ")
            ))
        })
    }

    /// Every form, those of the session first.
    pub(crate) fn all(schema: &Schema) -> impl Iterator<Item = Self> + '_ {
        let session = [Self::LogIn, Self::LogOut, Self::UseTenant, Self::StopCommand];
        session.into_iter().chain(schema.kinds().flat_map(Self::of_kind))
    }

    /// The forms of one kind.
    pub(crate) fn of_kind(kind: &'static KindDecl) -> impl Iterator<Item = Self> {
        let common =
            WORDS.iter().filter(move |(_, verb, _)| kind.has(*verb)).map(move |(_, verb, _)| Self::Verb(*verb, kind));
        common.chain(kind.actions.iter().map(move |action| Self::Action(kind, action)))
    }

    /// Whether somebody said its verb.
    pub(crate) fn has_verb(self, said: &str) -> bool {
        same_word(said, self.verb_word())
    }

    /// Its verb, as it is typed.
    pub(crate) fn verb(self) -> String {
        upper(self.verb_word())
    }

    /// What it is about, as it is typed.
    pub(crate) fn object(self) -> Option<String> {
        self.object_word().map(upper)
    }

    /// What it is about, as it is declared.
    pub(crate) fn object_word(self) -> Option<&'static str> {
        match self {
            Self::Verb(_, kind) | Self::Action(kind, _) => Some(kind.name),
            Self::UseTenant => Some("tenant"),
            Self::StopCommand => Some("command"),
            Self::LogIn | Self::LogOut => None,
        }
    }

    fn verb_word(self) -> &'static str {
        match self {
            Self::Verb(verb, _) => WORDS.iter().find(|(_, v, _)| *v == verb).map_or(verb.word(), |(word, ..)| word),
            Self::Action(_, action) => action.name,
            Self::LogIn => "LGI",
            Self::LogOut => "LGO",
            Self::UseTenant => "USE",
            Self::StopCommand => "STP",
        }
    }

    /// `ADD ORDER`
    pub(crate) fn title(self) -> String {
        self.object().map_or_else(|| self.verb(), |object| format!("{} {object}", self.verb()))
    }

    /// What it does, in one line.
    pub(crate) fn doc(self) -> &'static str {
        match self {
            Self::Verb(verb, _) => WORDS.iter().find(|(_, v, _)| *v == verb).map_or("", |(.., doc)| doc),
            Self::Action(_, action) => action.doc,
            Self::LogIn => "Logs in.",
            Self::LogOut => "Logs out and closes the connection.",
            Self::UseTenant => "Speaks of another tenant from now on; without NAME, of your own again.",
            Self::StopCommand => "Stops the command that is being performed, as Ctrl-C does.",
        }
    }

    /// The kind it speaks of.
    pub(crate) fn kind(self) -> Option<&'static KindDecl> {
        match self {
            Self::Verb(_, kind) | Self::Action(kind, _) => Some(kind),
            Self::LogIn | Self::LogOut | Self::UseTenant | Self::StopCommand => None,
        }
    }

    /// The declarations its parameters come from.
    pub(crate) fn declared(self) -> &'static [&'static [FieldDecl]] {
        match self {
            Self::Verb(_, kind) => kind.fields,
            Self::Action(_, action) => std::slice::from_ref(&action.input),
            Self::LogIn | Self::LogOut | Self::UseTenant | Self::StopCommand => &[],
        }
    }

    /// All it takes.
    pub(crate) fn parameters(self) -> Vec<Parameter> {
        let optional = |role| Parameter { decl: declaration(role), role, required: false };
        let mut all = Vec::new();
        match self {
            Self::LogIn => {
                all.extend([Role::Operator, Role::Password].map(|r| Parameter { required: true, ..optional(r) }))
            }
            Self::LogOut | Self::StopCommand => {}
            Self::UseTenant => all.push(optional(Role::Target)),
            Self::Verb(Verb::Create, kind) => {
                all.extend(kind.fields().filter(|f| f.creatable()).map(|decl| Parameter {
                    decl,
                    role: Role::Field,
                    required: decl.required && decl.default.is_empty(),
                }));
                all.extend([Role::Wait, Role::Key, Role::Tenant, Role::Fields].map(optional));
            }
            Self::Verb(Verb::Read, kind) => {
                all.extend(target(kind));
                all.extend([Role::Unlike, Role::Wait, Role::Tenant, Role::Fields].map(optional));
            }
            Self::Verb(Verb::List, kind) => {
                let filters = kind.fields().filter(|f| f.readable() && f.ty.filterable());
                all.extend(filters.map(|decl| Parameter { decl, role: Role::Filter, required: false }));
                all.extend([Role::Sort, Role::Limit, Role::Cursor, Role::Tenant, Role::Fields].map(optional));
            }
            Self::Verb(Verb::Update, kind) => {
                all.extend(target(kind));
                let others = kind.fields().filter(|f| f.number != common::NAME.number);
                all.extend(others.map(|decl| Parameter { decl, role: Role::Field, required: false }));
                all.extend([Role::IfRevision, Role::Wait, Role::Key, Role::Tenant, Role::Fields].map(optional));
            }
            Self::Verb(Verb::Delete, kind) => {
                all.extend(target(kind));
                all.extend([Role::IfRevision, Role::Wait, Role::Key, Role::Tenant].map(optional));
            }
            Self::Verb(Verb::Invoke, kind) => all.extend(target(kind)),
            Self::Action(kind, action) => {
                all.extend(target(kind));
                all.extend(action.input.iter().map(|decl| Parameter {
                    decl,
                    role: Role::Field,
                    required: decl.required && decl.default.is_empty(),
                }));
                all.extend([Role::Wait, Role::Key, Role::Tenant].map(optional));
            }
        }
        all
    }

    /// The parameter somebody named; what is declared wins over what is reserved.
    pub(crate) fn parameter(parameters: &[Parameter], said: &str) -> Option<usize> {
        parameters.iter().position(|p| same_word(said, p.decl.name))
    }

    fn listed(schema: &Schema, verb: &str) -> String {
        let of: Vec<_> = Self::all(schema).filter(|f| f.has_verb(verb)).filter_map(Self::object).collect();
        format!("one of {}", of.join(", "))
    }
}

/// The verbs with what they do, each once, in the order of help.
pub(crate) fn verbs(schema: &Schema) -> Vec<(String, &'static str)> {
    let mut all: Vec<(String, &'static str)> = WORDS.iter().map(|(word, _, doc)| ((*word).to_owned(), *doc)).collect();
    for form in Form::all(schema) {
        if all.iter().all(|(word, _)| *word != form.verb()) {
            all.push((form.verb(), form.doc()));
        }
    }
    all.push(("HLP".to_owned(), "Explains: HLP; HLP ADD; HLP ORDER; HLP ADD ORDER; HLP ADD ORDER NAME;"));
    all
}

/// The kind somebody named, in the singular or plural.
pub(crate) fn kind_named(schema: &Schema, said: &str) -> Option<&'static KindDecl> {
    schema.named(said).or_else(|| schema.kinds().find(|k| same_word(said, k.plural)))
}

fn target(kind: &'static KindDecl) -> Option<Parameter> {
    let number = match kind.indexed {
        Indexed::Name => common::NAME.number,
        Indexed::Sequence => common::SEQUENCE.number,
    };
    kind.field(number).map(|decl| Parameter { decl, role: Role::Target, required: true })
}
