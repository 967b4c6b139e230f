//! `strowger demo`: from nothing to two services that run, in a folder that is gone afterwards.

mod gateway;
mod mml;

use std::time::Duration;

use comfy_table::Row;
use serde_json::{Value, json};

use crate::client::{Asked, Client};
use crate::exit::{self, Failure};
use crate::inside::Inside;
use crate::say::say;
use crate::{show, watch};

use gateway::Gateway;

/// An order that takes longer has failed.
const PATIENCE: u64 = 60;

pub(crate) fn run(inside: &dyn Inside, once: bool, port: u16) -> Result<(), Failure> {
    let stop = gateway::stop_signal()?;
    say("Starting a gateway on loopback, with its store in a temporary folder ...")?;
    let mut gateway = Gateway::start(port)?;
    say(format_args!("  HTTP {}   MML {}   log in as operator\n", gateway.url(), gateway.mml()))?;
    let end = show_it(inside, &gateway).and_then(|()| {
        if once {
            return Ok(());
        }
        say(format_args!(
            "It stays up until Ctrl-C. Try it from another terminal:\n  \
             export STROWGER_URL={} STROWGER_USER=alice@acme STROWGER_PASSWORD={}\n  \
             strowger service list\n  strowger order create demo-3 --offer hello --set greeting=hello --wait\n  \
             strowger mml {} --user alice@acme",
            gateway.url(),
            gateway.password(),
            gateway.mml()
        ))?;
        gateway.wait(&stop)
    });
    say("\nStopping: services are ended, the gateway drains, the folder is removed.")?;
    let stopped = gateway.stop();
    end?;
    stopped?;
    let said = inside.verify(&crate::Verify { sources: gateway.sources(), ..Default::default() }, &|_| {})?;
    say(format_args!("The store on disk: {said}"))
}

fn show_it(inside: &dyn Inside, gateway: &Gateway) -> Result<(), Failure> {
    let operator = gateway.client("operator", gateway.secret(), None)?;
    furnish(&operator, gateway)?;
    let alice = gateway.client("alice@acme", gateway.password(), None)?;

    say("Alice orders over HTTP: POST /v1/orders {\"name\":\"demo-1\",\"offer\":\"hello\"}")?;
    let order = json!({"name": "demo-1", "offer": "hello", "parameters": {"greeting": "hi"}});
    let headers = vec![("idempotency-key", "\"demo-1\"".to_owned()), ("prefer", "respond-async".to_owned())];
    alice.ask(&Asked { method: "POST", path: "/v1/orders".into(), headers, body: Some(order), ..Asked::default() })?;
    completed(&watch::order(&alice, "demo-1", PATIENCE)?.body)?;

    say("\nAnd again over MML:")?;
    mml::order(gateway.mml(), gateway.password())?;
    completed(&watch::order(&alice, "demo-2", PATIENCE)?.body)?;

    let mut table = show::plain();
    table.set_header(["DOOR", "ORDER", "SERVICE", "ENDPOINT", "HEALTH", "IT SAYS"]);
    for (door, name) in [("HTTP", "demo-1"), ("MML", "demo-2")] {
        let service = read(&alice, &format!("/v1/services/{name}"))?;
        let text = |field: &str| service.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        if (text("state").as_str(), text("health").as_str()) != ("active", "up") {
            let why = format!("service {name} is {} and {}", text("state"), text("health"));
            return Err(Failure::new(exit::ORDER_FAILED, why));
        }
        let says = gateway::call(&text("endpoint"))?;
        table.add_row(Row::from(vec![
            door.to_owned(),
            text("order"),
            name.to_owned(),
            text("endpoint"),
            format!("{} since {}", text("health"), text("healthSince")),
            says,
        ]));
    }
    say(format_args!("\n{table}\n"))?;
    records(inside, &operator, gateway)
}

/// A tenant, somebody in it, and something to order.
fn furnish(operator: &Client, gateway: &Gateway) -> Result<(), Failure> {
    let create = |path: &str, body: Value| {
        let asked = Asked { method: "POST", path: path.to_owned(), body: Some(body), ..Asked::default() };
        operator.ask(&asked).map(drop)
    };
    create("/v1/tenants", json!({"name": "acme"}))?;
    create("/v1/principals?tenant=acme", json!({"name": "alice", "roles": ["user"]}))?;
    let credential = json!({"name": "alice", "principal": "alice", "secret": gateway.password()});
    create("/v1/credentials?tenant=acme", credential)?;
    let arguments = ["sample-app", "--port", "${port.http}", "--greeting", "${greeting}", "--service", "${service}"];
    let component = json!({"no": 1, "key": "web", "executable": "strowger", "arguments": arguments,
        "ports": ["http"], "health": "http", "healthTarget": "/health", "healthInterval": 200});
    let parameter = json!({"no": 1, "key": "greeting", "default": "hello", "description": "How it greets."});
    let offer = json!({"name": "hello", "description": "A small web service that greets.",
        "parameters": [parameter], "components": [component]});
    create("/v1/offers?tenant=shared", offer)
}

/// The record log, each record proven to be under the head that the node signed.
fn records(inside: &dyn Inside, operator: &Client, gateway: &Gateway) -> Result<(), Failure> {
    let page = read(operator, "/v1/records?limit=1000")?;
    let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut table = show::plain();
    table.set_header(["RECORD", "WHO", "DOOR", "DID", "KIND", "OBJECT", "OUTCOME", "PROOF"]);
    let mut last = String::new();
    for item in &items {
        let text = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let sequence: u64 = text("sequence").parse().unwrap_or_default();
        let path = format!("/v1/records/{sequence}/prove");
        let answer = operator.ask(&Asked { method: "POST", path, body: Some(json!({})), ..Asked::default() })?;
        last = inside.check_proof(&gateway.sources(), sequence, &answer.raw)?;
        let who = if text("principal").is_empty() { "gateway".to_owned() } else { text("principal") };
        let row = vec![
            sequence.to_string(),
            who,
            text("protocol"),
            text("operation"),
            text("kind"),
            text("object"),
            text("outcome"),
            "verified".to_owned(),
        ];
        table.add_row(Row::from(row));
    }
    say(table)?;
    say(format_args!("{} records, each verified: {last}\n", items.len()))
}

fn read(client: &Client, path: &str) -> Result<Value, Failure> {
    Ok(client.ask(&Asked { method: "GET", path: path.to_owned(), ..Asked::default() })?.body)
}

fn completed(order: &Value) -> Result<(), Failure> {
    let text = |field: &str| order.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("state") == "completed" {
        return Ok(());
    }
    Err(Failure::new(exit::ORDER_FAILED, format!("order {} is {}: {}", text("name"), text("state"), text("message"))))
}

/// Between two looks at what is being waited for.
const LOOK: Duration = Duration::from_millis(20);
