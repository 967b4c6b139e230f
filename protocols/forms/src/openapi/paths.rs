//! The paths of a kind.

use strowger_primitive::{ActionDecl, FieldDecl, Indexed, KindDecl, Type, Verb, pascal};

use super::Dialect;
use super::answers::{answer, refuse, silent};
use super::tree::{Leaf, Node, component};
use super::types::{DIGITS, NAME, Role, Site};
use crate::json::filterable;

const ETAG: (&str, &str) = ("ETag", "ETag");
const LOCATION: (&str, &str) = ("Location", "Location");

/// Adds the kind's paths.
pub(super) fn add(kind: &'static KindDecl, dialect: Dialect, paths: &mut Node) {
    let desk = Desk { kind, dialect, of: kind.type_name() };
    let many = Node::new()
        .maybe("get", kind.has(Verb::List).then(|| desk.list()))
        .maybe("post", kind.has(Verb::Create).then(|| desk.create()));
    if !many.is_empty() {
        paths.set(format!("/v1/{}", kind.plural), many);
    }
    let index = desk.index();
    let one = Node::new()
        .maybe("get", kind.has(Verb::Read).then(|| desk.read()))
        .maybe("patch", kind.has(Verb::Update).then(|| desk.update()))
        .maybe("delete", kind.has(Verb::Delete).then(|| desk.delete()));
    if !one.is_empty() {
        let one = one.with("parameters", vec![index.clone()]);
        paths.set(format!("/v1/{}/{{{}}}", kind.plural, desk.index_name()), one);
    }
    for action in kind.actions {
        let path = format!("/v1/{}/{{{}}}/{}", kind.plural, desk.index_name(), action.name);
        let invoke = Node::new().with("post", desk.invoke(action));
        paths.set(path, invoke.with("parameters", vec![index.clone()]));
    }
}

/// The path of health.
pub(super) fn health(dialect: Dialect) -> Node {
    let answer = |meaning: &str| {
        let schema = Node::new().with("schema", component("schemas", "Health"));
        let content = Node::new().with("application/json", schema);
        Node::new().with("description", meaning).with("content", content)
    };
    let responses = Node::new().with("200", answer("It serves."));
    // One error type for the generators of the 3.0 form.
    let responses = match dialect {
        Dialect::V31 => responses.with("503", answer("It does not serve everything.")),
        Dialect::V30 => refuse(responses, dialect, false),
    };
    let get = Node::new()
        .with("operationId", "readHealth")
        .with("summary", "Tells whether the gateway serves.")
        .with("tags", vec!["health"])
        .with("security", Vec::<Node>::new())
        .with("responses", responses);
    Node::new().with("get", get)
}

struct Desk {
    kind: &'static KindDecl,
    dialect: Dialect,
    of: String,
}

impl Desk {
    fn index_name(&self) -> &'static str {
        match self.kind.indexed {
            Indexed::Name => "name",
            Indexed::Sequence => "sequence",
        }
    }

    fn index(&self) -> Node {
        let schema = match self.kind.indexed {
            Indexed::Name => Node::new().with("type", "string").with("pattern", NAME),
            Indexed::Sequence => Node::new().with("type", "string").with("format", "uint64").with("pattern", DIGITS),
        };
        Node::new()
            .with("name", self.index_name())
            .with("in", "path")
            .with("required", true)
            .with("description", format!("Which {}.", self.kind.name))
            .with("schema", schema)
    }

    fn operation(&self, id: String, summary: String, parameters: Vec<Node>) -> Node {
        Node::new()
            .with("operationId", id)
            .with("summary", summary)
            .with("tags", vec![self.kind.name])
            .with("parameters", parameters)
    }

    fn list(&self) -> Node {
        let mut parameters: Vec<Node> =
            self.kind.fields().filter(|f| filterable(f)).map(|field| self.filter(field)).collect();
        let doc = "In this order: fields, with - before one for the largest first.";
        parameters.push(self.words("sort", doc, "-?", |field| self.kind.sorts_by(field)));
        parameters.push(shared("Limit"));
        parameters.push(shared("Cursor"));
        parameters.push(self.fields());
        parameters.push(shared("Tenant"));
        let page = answer("One page.", &format!("{}Page", self.of), &[("Link", "Link")]);
        let id = format!("list{}", pascal(self.kind.plural));
        self.operation(id, format!("Shows {}.", self.kind.plural), parameters)
            .with("responses", refuse(Node::new().with("200", page), self.dialect, false))
    }

    fn create(&self) -> Node {
        let headers = [ETAG, LOCATION];
        let responses = Node::new()
            .with("201", answer("Made.", &self.of, &headers))
            .with("202", answer("Accepted; the work goes on.", &self.of, &headers));
        let parameters = vec![shared("IdempotencyKey"), shared("Prefer"), shared("Tenant")];
        self.operation(format!("create{}", self.of), format!("Makes a new {}.", self.kind.name), parameters)
            .with("requestBody", body(&[("application/json", &format!("{}Create", self.of))], true))
            .with("responses", refuse(responses, self.dialect, true))
    }

    fn read(&self) -> Node {
        let mut parameters = vec![self.fields()];
        let mut responses = Node::new().with("200", answer("As it is now.", &self.of, &[ETAG]));
        if self.dialect == Dialect::V31 {
            parameters.push(shared("IfNoneMatch"));
            parameters.push(shared("Prefer"));
            responses.set("304", silent("Not changed.", &[ETAG]));
        }
        parameters.push(shared("Tenant"));
        self.operation(format!("read{}", self.of), format!("Shows one {}.", self.kind.name), parameters)
            .with("responses", refuse(responses, self.dialect, false))
    }

    fn update(&self) -> Node {
        let patch = format!("{}Patch", self.of);
        let merge = format!("{}MergePatch", self.of);
        let mut responses = Node::new().with("200", answer("As it is now.", &self.of, &[ETAG]));
        let forms: &[(&str, &str)] = match self.dialect {
            Dialect::V31 => {
                responses.set("202", answer("Accepted; the work goes on.", &self.of, &[ETAG, LOCATION]));
                responses.set("204", silent("Changed; return=minimal was preferred.", &[ETAG]));
                &[("application/merge-patch+json", &merge), ("application/json", &patch)]
            }
            Dialect::V30 => &[("application/json", &patch)],
        };
        let parameters = vec![shared("IfMatch"), shared("IdempotencyKey"), shared("Prefer"), shared("Tenant")];
        self.operation(format!("update{}", self.of), format!("Changes one {}.", self.kind.name), parameters)
            .with("requestBody", body(forms, true))
            .with("responses", refuse(responses, self.dialect, true))
    }

    fn delete(&self) -> Node {
        let accepted = "Accepted; the work goes on.";
        let responses = Node::new().with("204", silent("Removed.", &[])).with(
            "202",
            match self.dialect {
                Dialect::V31 => answer(accepted, &self.of, &[LOCATION]),
                Dialect::V30 => silent(accepted, &[LOCATION]),
            },
        );
        let parameters = vec![shared("IfMatch"), shared("IdempotencyKey"), shared("Prefer"), shared("Tenant")];
        self.operation(format!("delete{}", self.of), format!("Removes one {}.", self.kind.name), parameters)
            .with("responses", refuse(responses, self.dialect, true))
    }

    fn invoke(&self, action: &ActionDecl) -> Node {
        let name = format!("{}{}", self.of, pascal(action.name));
        let output = (!action.output.is_empty()).then(|| format!("{name}Output"));
        let mut responses = Node::new();
        match (&output, self.dialect) {
            (Some(output), _) => responses.set("200", answer("Done; what it gives back.", output, &[])),
            (None, Dialect::V31) => {
                responses.set("200", answer("Done; as it is now.", &self.of, &[ETAG]));
                responses.set("201", answer("Done; what it made.", &self.of, &[ETAG, LOCATION]));
                responses.set("202", answer("Accepted; the work goes on.", &self.of, &[ETAG, LOCATION]));
                responses.set("204", silent("Done.", &[]));
            }
            (None, Dialect::V30) => {
                responses.set("200", silent("Done.", &[]));
                responses.set("202", silent("Accepted; the work goes on.", &[]));
                responses.set("204", silent("Done.", &[]));
            }
        }
        let needed = action.input.iter().any(|f| f.required && f.default.is_empty());
        let input = (!action.input.is_empty()).then(|| body(&[("application/json", &format!("{name}Input"))], needed));
        let parameters = vec![shared("IdempotencyKey"), shared("Prefer"), shared("Tenant")];
        let id = format!("{}{}", strowger_primitive::camel(action.name), self.of);
        self.operation(id, action.doc.to_owned(), parameters)
            .maybe("requestBody", input)
            .with("responses", refuse(responses, self.dialect, true))
    }

    fn filter(&self, field: &FieldDecl) -> Node {
        let site = Site { dialect: self.dialect, role: Role::Query, of: &self.of };
        let ty = if let Type::List { of, .. } = &field.ty { of } else { &field.ty };
        Node::new()
            .with("name", field.camel())
            .with("in", "query")
            .with("description", format!("Only those with exactly this value. {}", field.doc))
            .with("schema", site.schema(ty, field.name))
    }

    fn fields(&self) -> Node {
        self.words("fields", "Only these fields, and the index.", "", FieldDecl::readable)
    }

    /// A parameter that lists fields, with commas between.
    fn words(&self, name: &str, doc: &str, mark: &str, which: impl Fn(&FieldDecl) -> bool) -> Node {
        let names: Vec<String> = self.kind.fields().filter(|f| which(f)).map(FieldDecl::camel).collect();
        let most = if mark.is_empty() { "*" } else { "{0,6}" };
        let one = format!("{mark}({})", names.join("|"));
        let schema = Node::new().with("type", "string");
        let schema = match self.dialect {
            Dialect::V31 => schema.with("pattern", format!("^{one}(,{one}){most}$")),
            Dialect::V30 => schema.with("x-enum", names),
        };
        Node::new().with("name", name).with("in", "query").with("description", doc).with("schema", schema)
    }
}

fn shared(name: &str) -> Node {
    component("parameters", name)
}

fn body(forms: &[(&str, &str)], required: bool) -> Node {
    let content = forms.iter().fold(Node::new(), |node, (form, schema)| {
        node.with(*form, Node::new().with("schema", component("schemas", schema)))
    });
    Node::new().with("required", required.any()).with("content", content)
}
