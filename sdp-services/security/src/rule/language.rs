//! The language of policies: the Cedar schema generated from ours. Who asks is a `Caller` in its `Role`s; each kind is
//! a type of resource; each verb and action of a kind is an action `order.create` in the group of its verb, `create`.

use std::fmt::Write as _;

use cedar_policy::{CedarSchemaError, Schema as CedarSchema};
use strowger_kinds::principal;
use strowger_primitive::{Class, KindDecl, Relation, Schema, Verb};

/// The relations, in the order of their words.
pub(crate) const RELATIONS: [Relation; 4] = [Relation::Own, Relation::Tenant, Relation::Shared, Relation::Foreign];

/// What the context holds that the decision table is keyed by; a policy that asks anything else is live.
pub(crate) const KEYED: [&str; 3] = ["relation", "confidential", "class"];

/// The word of a class.
pub(crate) fn class_word(class: Class) -> &'static str {
    match class {
        Class::New => "new",
        Class::List => "list",
        Class::InDialog => "in-dialog",
    }
}

/// The name of an action: `order.create`, `order.cancel`.
pub(crate) fn action_id(kind: &KindDecl, word: &str) -> String {
    format!("{}.{word}", kind.name)
}

/// A compiled Cedar schema.
pub(crate) struct Language {
    /// Ours.
    pub(crate) schema: Schema,
    /// Cedar's.
    pub(crate) cedar: CedarSchema,
}

impl Language {
    /// The language of these kinds.
    pub(crate) fn new(schema: Schema) -> Result<Self, Error> {
        let text = text(&schema);
        let (cedar, _) = CedarSchema::from_cedarschema_str(&text).map_err(|e| Error(Box::new(e)))?;
        Ok(Self { schema, cedar })
    }

    /// The kind that a Cedar type of resource stands for.
    pub(crate) fn kind_of(&self, ty: &str) -> Option<&'static KindDecl> {
        self.schema.kinds().find(|kind| kind.type_name() == ty)
    }
}

/// Why kinds make no language: one is called like a word of it.
#[derive(Debug, thiserror::Error)]
#[error("the kinds make no Cedar schema")]
pub struct Error(#[source] Box<CedarSchemaError>);

/// The schema in Cedar's own words.
pub(crate) fn text(schema: &Schema) -> String {
    let mut text = String::new();
    let quoted = |words: &mut dyn Iterator<Item = &'static str>| {
        words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
    };
    let roles = quoted(&mut principal::ROLE_NAMES.values.iter().map(|role| role.name));
    let relations = quoted(&mut RELATIONS.into_iter().map(Relation::word));
    let classes = quoted(&mut Class::ALL.into_iter().map(class_word));
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "entity Role enum [{roles}];
entity Relation enum [{relations}];
entity Class enum [{classes}];
entity Caller in [Role] {{ name: String, tenant: String }};
type Question = {{ relation: Relation, confidential: Bool, class: Class, protocol: String }};
"
    );
    for verb in Verb::ALL {
        let _ = writeln!(text, "action {:?};", verb.word());
    }
    for kind in schema.kinds() {
        let ty = kind.type_name();
        let _ = writeln!(text, "entity {ty} {{ owner?: String, tenant?: String }};");
        let verbs = Verb::ALL.into_iter().filter(|verb| *verb != Verb::Invoke && kind.has(*verb));
        let verbs = verbs.map(|verb| (verb.word(), verb));
        let actions = kind.actions.iter().map(|action| (action.name, Verb::Invoke));
        for (word, group) in verbs.chain(actions) {
            let id = action_id(kind, word);
            let _ = writeln!(
                text,
                "action {id:?} in [{:?}] appliesTo {{ principal: [Caller], resource: [{ty}], context: Question }};",
                group.word()
            );
        }
    }
    text
}
