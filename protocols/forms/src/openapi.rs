//! The contract of the HTTP door: OpenAPI, generated from the schema, the same octets every time.
//!
//! 3.1 is the exact one: nullable bodies, both forms of PATCH, each status. 3.0.3 is for generators of typed clients
//! that know neither null nor merge patches: one media type a body, one type of success and of failure an operation.

mod answers;
mod kinds;
mod paths;
mod tree;
mod types;

#[cfg(test)]
mod tests;

use strowger_primitive::Schema;

use tree::Node;

/// What a contract says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Info<'a> {
    /// Its title.
    pub title: &'a str,
    /// The version of the release.
    pub version: &'a str,
    /// Where it is served, as a URL; empty: where the contract came from.
    pub server: &'a str,
}

/// The contract as OpenAPI 3.1.0.
#[must_use]
pub fn v31(schema: &Schema, info: &Info<'_>) -> String {
    contract(schema, info, Dialect::V31)
}

/// The contract as OpenAPI 3.0.3.
#[must_use]
pub fn v30(schema: &Schema, info: &Info<'_>) -> String {
    contract(schema, info, Dialect::V30)
}

/// Which OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V30,
    V31,
}

fn contract(schema: &Schema, info: &Info<'_>, dialect: Dialect) -> String {
    let mut paths = Node::new();
    let mut schemas = Node::new();
    let mut tags = Vec::new();
    for kind in schema.kinds() {
        paths::add(kind, dialect, &mut paths);
        kinds::add(kind, dialect, &mut schemas);
        tags.push(Node::new().with("name", kind.name).with("description", kind.doc));
    }
    paths.set("/health", paths::health(dialect));
    schemas.set("Problem", answers::problem_schema());
    schemas.set("Health", health());
    let about = Node::new()
        .with("title", info.title)
        .with("version", info.version)
        .with("description", "Generated from the schema. x-no: the stable number of a field; x-max-octets: its length.")
        .with("license", Node::new().with("name", "Apache-2.0 OR MIT").with("url", "https://spdx.org/licenses/"))
        .with("x-schema-version", u32::from(schema.version()));
    let basic = Node::new().with("type", "http").with("scheme", "basic");
    let basic = basic.with("description", "A principal, as alice or alice@acme, and its password (RFC 7617).");
    let components = Node::new()
        .with("schemas", schemas)
        .with("responses", answers::refusals(dialect))
        .with("parameters", answers::parameters(dialect))
        .with("headers", answers::headers())
        .with("securitySchemes", Node::new().with("basic", basic));
    let server = if info.server.is_empty() { "/" } else { info.server };
    Node::new()
        .with("openapi", if dialect == Dialect::V31 { "3.1.0" } else { "3.0.3" })
        .with("info", about)
        .with("servers", vec![Node::new().with("url", server)])
        .with("security", vec![Node::new().with("basic", Vec::<&str>::new())])
        .with("tags", tags)
        .with("paths", paths)
        .with("components", components)
        .print()
}

fn health() -> Node {
    let word = |doc: &str| Node::new().with("type", "string").with("description", doc);
    let part = Node::new()
        .with("type", "object")
        .with(
            "properties",
            Node::new()
                .with("name", word("Which part."))
                .with("status", word("up or down."))
                .with("detail", word("What is wrong.")),
        )
        .with("required", vec!["name", "status"]);
    let parts = Node::new().with("type", "array").with("items", part);
    Node::new()
        .with("type", "object")
        .with("properties", Node::new().with("status", word("up or down.")).with("parts", parts))
        .with("required", vec!["status"])
}
