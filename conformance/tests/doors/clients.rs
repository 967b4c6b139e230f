//! Clients that strangers' generators make of our contracts order a service and read it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use strowger_conformance::{PASSWORD, Tool, target, workspace};

use crate::orders::{called, house};
use crate::python;

/// What a client printed: `order {..}`, `service {..}`, `fault {..}`.
fn printed(out: &str, word: &str) -> Result<Value> {
    let line = out.lines().find_map(|line| line.strip_prefix(word)).with_context(|| format!("no {word} in {out}"))?;
    Ok(serde_json::from_str(line)?)
}

fn assert_done(out: &str, name: &str, greeting: &str) -> Result<()> {
    let (order, service, fault) = (printed(out, "order ")?, printed(out, "service ")?, printed(out, "fault ")?);
    assert_eq!((&order["name"], &order["state"]), (&name.into(), &"completed".into()));
    assert_eq!(
        (&service["name"], &service["state"], &service["health"]),
        (&name.into(), &"active".into(), &"up".into())
    );
    assert!(called(&service)?.contains(greeting));
    assert_eq!(fault["code"], "offer-not-found");
    Ok(())
}

/// openapi-python-client, from the OpenAPI 3.1 that the gateway serves.
#[test]
fn a_generated_python_client() -> Result<()> {
    let Some(programs) = python::programs()? else { return Ok(()) };
    let gateway = house()?;
    let (folder, url) = (gateway.place().path(), format!("http://{}", gateway.address("http")?));
    std::fs::write(
        folder.join("generator.yml"),
        "post_hooks: []\nproject_name_override: generated\npackage_name_override: generated\n",
    )?;
    Tool::new(programs.join("openapi-python-client"))
        .args(["generate", "--url", &format!("{url}/openapi.json"), "--config", "generator.yml", "--fail-on-warning"])
        .inside(folder)
        .out()?;
    let script = workspace().join("conformance/clients/python/order.py");
    let out = Tool::new(programs.join("python"))
        .args([script.as_os_str(), url.as_ref(), "user@acme".as_ref(), PASSWORD.as_ref()])
        .env("PYTHONPATH", folder.join("generated"))
        .out()?;
    assert_done(&out, "by-python", "from Python")
}

/// progenitor, from the OpenAPI 3.0.3 in the tree, which is the one that the gateway serves.
#[test]
fn a_generated_rust_client() -> Result<()> {
    let folder = workspace().join("conformance/clients/rust");
    let built = target()?.join("clients");
    Tool::new("cargo")
        .args(["build", "--quiet", "--locked"])
        .env("CARGO_TARGET_DIR", &built)
        .inside(&folder)
        .within(Duration::from_secs(900))
        .out()?;
    let gateway = house()?;
    let url = format!("http://{}", gateway.address("http")?);
    let client = Tool::new(built.join("debug/strowger-client-of-a-stranger"));
    assert_done(&client.args([&url, "user@acme", PASSWORD]).out()?, "by-rust", "from Rust")
}
