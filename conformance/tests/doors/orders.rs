//! The same order through each door: the same service, the same records, the same faults.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use strowger_conformance::{Gateway, Heard, Http, PASSWORD, Place, hello, person, tenant, until};
use strowger_primitive::upper;

/// A gateway with the tenant acme, its people, and the offer hello.
pub(crate) fn house() -> Result<Gateway> {
    furnished(Place::new()?)
}

/// The same in a place of the caller's.
pub(crate) fn furnished(place: Place) -> Result<Gateway> {
    let gateway = place.start()?;
    let mut operator = gateway.operator()?;
    tenant(&mut operator, "acme")?;
    operator.make("/v1/offers?tenant=acme", &hello())?;
    Ok(gateway)
}

/// What a service says over HTTP at its endpoint.
pub(crate) fn called(service: &Value) -> Result<String> {
    let heard = Http::new(endpoint(service)?, None).get("/")?;
    ensure!(heard.status == 200, "{heard}");
    Ok(String::from_utf8(heard.body)?)
}

/// Where a service is reached.
pub(crate) fn endpoint(service: &Value) -> Result<SocketAddr> {
    let url = service.get("endpoint").and_then(Value::as_str).context("no endpoint")?;
    let address = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
    address.parse().with_context(|| url.to_owned())
}

#[test]
fn it_gives_the_same_service() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let order = json!({ "name": "demo-http", "offer": "hello", "parameters": { "greeting": "hi" } });
    let heard = http.send("POST", "/v1/orders", &[("Prefer", "wait=60")], &order)?;
    assert_eq!((heard.status, heard.text("state").as_str()), (201, "completed"), "{heard}");
    let report = mml.say("ADD ORDER: NAME=\"demo-mml\", OFFER=\"hello\", PARAMETERS=\"greeting=hi\", WAIT=60;")?;
    assert_eq!((report.code, report.field("STATE")), (0, Some("COMPLETED")), "{}", report.text);

    let services = ["demo-http", "demo-mml"].map(|name| http.get(&format!("/v1/services/{name}")));
    let [first, second] = services.map(|service| service.and_then(|heard| heard.json()));
    let (first, second) = (first?, second?);
    for (service, name) in [(&first, "demo-http"), (&second, "demo-mml")] {
        assert_eq!(service["state"], "active", "{service}");
        assert_eq!(service["health"], "up");
        assert_eq!(service["order"], name);
        assert!(called(service)?.contains("hi"));
    }
    assert_eq!(alike(first.clone()), alike(second));

    let shown = mml.say("DSP SERVICE: NAME=\"demo-http\";")?;
    for (name, value) in first.as_object().context("no object")? {
        let (label, text) = match value.as_object() {
            Some(parameters) => (format!("{}.greeting", upper(&kebab(name))), parameters["greeting"].clone()),
            None => (upper(&kebab(name)), value.clone()),
        };
        let said = shown.field(&label).with_context(|| format!("no {label} in {}", shown.text))?;
        let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        assert!(said.eq_ignore_ascii_case(&text) || said == text, "{label}: {said} and {text}");
    }
    Ok(())
}

#[test]
fn it_leaves_the_same_records() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    http.make("/v1/orders", &json!({ "name": "demo-http", "offer": "hello" }))?;
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    assert_eq!(mml.say("ADD ORDER: NAME=\"demo-mml\", OFFER=\"hello\", WAIT=60;")?.code, 0);
    assert_eq!(http.post("/v1/orders", &json!({ "name": "demo-http", "offer": "helo" }))?.status, 404);
    assert_eq!(mml.say("ADD ORDER: NAME=\"demo-mml\", OFFER=\"helo\";")?.code, 3404);

    let mut administrator = gateway.http("administrator@acme", PASSWORD)?;
    let mut of = |name: &str| -> Result<(Vec<Value>, Vec<String>)> {
        let all = administrator.get("/v1/records?limit=1000")?.json()?;
        let items = all["items"].as_array().context("no items")?.clone();
        let about = items.into_iter().filter(|record| record["object"] == name);
        let (mut rows, mut doors) = (Vec::new(), Vec::new());
        for record in about {
            let class = &record["recordClass"];
            doors.extend(record["protocol"].as_str().filter(|_| class == "each").map(str::to_owned));
            rows.push(json!([
                class,
                record["operation"],
                record["kind"],
                record["outcome"],
                record["principal"],
                record["fault"],
                record["tenantName"],
                record["aboutTenant"],
                record["policies"],
            ]));
        }
        Ok((rows, doors))
    };
    // A refusal is written down behind its answer.
    let both = until(Duration::from_secs(10), "all records are written", || {
        let (first, second) = (of("demo-http")?, of("demo-mml")?);
        Ok((first.0.len() >= 5 && first.0.len() == second.0.len()).then_some((first, second)))
    });
    let ((first, by_http), (second, by_mml)) = both?;
    assert_eq!(first, second, "the same records but for the door");
    assert!(by_http.iter().all(|door| door == "http") && by_mml.iter().all(|door| door == "mml"));
    Ok(())
}

#[test]
fn why_it_failed_is_for_operators() -> Result<()> {
    let gateway = house()?;
    let (mut operator, mut user) = (gateway.operator()?, gateway.http("user@acme", PASSWORD)?);
    let app = json!({ "no": 1, "key": "app", "executable": "strowger", "arguments": ["sample-app", "--no-such"] });
    operator.make("/v1/offers?tenant=acme", &json!({ "name": "broken", "components": [app] }))?;
    let order = json!({ "name": "lost", "offer": "broken" });
    let heard = user.send("POST", "/v1/orders", &[("Prefer", "wait=60")], &order)?;
    assert_eq!(heard.text("state"), "failed", "{heard}");
    let causes = |who: &mut Http| -> Result<Vec<Value>> {
        let records = who.get("/v1/records?limit=1000&object=lost&outcome=upstream")?.json()?;
        let items = records["items"].as_array().context("no items")?;
        assert!(!items.is_empty(), "{records}");
        Ok(items.iter().filter_map(|record| record.get("cause").cloned()).collect())
    };
    assert!(!causes(&mut operator)?.is_empty());
    for mut tenants in [user, gateway.http("administrator@acme", PASSWORD)?] {
        assert_eq!(causes(&mut tenants)?, [""; 0]);
        let filtered = tenants.get("/v1/records?cause=x")?;
        assert_eq!((filtered.status, filtered.code().as_str()), (403, "hidden-field"), "{filtered}");
    }
    Ok(())
}

#[test]
fn who_orders_for_another_tenant_is_nobody_there() -> Result<()> {
    let gateway = house()?;
    let mut operator = gateway.operator()?;
    person(&mut operator, "acme", "operator", &["user"])?;
    let order = json!({ "name": "far", "offer": "hello" });
    let heard = operator.send("POST", "/v1/orders?tenant=acme", &[("Prefer", "wait=60")], &order)?;
    assert_eq!((heard.status, heard.text("state").as_str()), (201, "completed"), "{heard}");
    assert_eq!(heard.text("createdBy"), "operator@operator");
    let place = heard.header("location").context("no Location")?.to_owned();
    assert_eq!(place, "/v1/orders/far?tenant=acme");
    assert_eq!(operator.get(&place)?.text("name"), "far");

    let mut namesake = gateway.http("operator@acme", PASSWORD)?;
    assert_ne!(namesake.get("/v1/orders/far")?.status, 200);
    assert!(namesake.get("/v1/services")?.names().is_empty(), "it is not his");
    let steps = operator.get("/v1/records?limit=1000&object=far&recordClass=step")?.json()?;
    let steps = steps["items"].as_array().filter(|steps| !steps.is_empty()).context("no steps")?;
    for step in steps {
        let who = ["principal", "tenantName", "aboutTenant"].map(|name| step[name].as_str().unwrap_or_default());
        assert_eq!(who, ["operator", "operator", "acme"], "{step}");
    }
    Ok(())
}

#[test]
fn its_states_are_seen_on_the_way() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let heard = http.post("/v1/orders", &json!({ "name": "demo", "offer": "hello" }))?;
    assert_eq!(heard.status, 202, "{heard}");
    assert_eq!(heard.header("location"), Some("/v1/orders/demo"));
    assert_eq!(heard.text("state"), "acknowledged");
    let service = http.get("/v1/services/demo")?;
    assert!(["reserved", "inactive", "active"].contains(&service.text("state").as_str()), "{service}");

    let orders = seen(&mut http, "/v1/orders/demo", heard, "completed")?;
    assert!(is_within(&orders, &["acknowledged", "inProgress", "completed"]), "{orders:?}");
    let services = seen(&mut http, "/v1/services/demo", service, "active")?;
    assert!(is_within(&services, &["reserved", "inactive", "active"]), "{services:?}");

    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let report = mml.say("ADD ORDER: NAME=\"demo-2\", OFFER=\"hello\", WAIT=60;")?;
    assert_eq!(report.code, 0, "{}", report.text);
    assert!(!report.progress.is_empty(), "progress is told: {}", report.text);
    Ok(())
}

#[test]
fn an_offer_that_is_not_there_is_told_alike() -> Result<()> {
    const TEXT: &str = "no offer \"helo\" in acme or shared; did you mean \"hello\"?";
    let gateway = house()?;
    let heard = gateway.http("user@acme", PASSWORD)?.post("/v1/orders", &json!({ "offer": "helo" }))?;
    let problem = heard.json()?;
    assert_eq!(heard.status, 404);
    assert_eq!(heard.header("content-type"), Some("application/problem+json"));
    assert!(heard.text("type").ends_with("/faults/offer-not-found"), "{heard}");
    assert_eq!(heard.text("detail"), TEXT);
    assert_eq!(problem["errors"][0]["field"], "offer");

    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let report = mml.say("ADD ORDER: OFFER=\"helo\";")?;
    assert_eq!(report.code, 3404);
    assert!(report.text.contains(&format!("RETCODE = 3404  {TEXT}\n")), "{}", report.text);
    assert!(report.text.contains("\nOFFER "), "{}", report.text);
    assert_eq!(report.field("FAULT"), Some("offer-not-found"));
    Ok(())
}

#[test]
fn every_offending_field_is_told_alike() -> Result<()> {
    let gateway = house()?;
    let order = json!({ "name": "No Name", "ofer": "hello", "state": "failed" });
    let heard = gateway.http("user@acme", PASSWORD)?.post("/v1/orders", &order)?;
    let problem = heard.json()?;
    let errors = problem["errors"].as_array().context("no errors")?;
    let mut fields: Vec<_> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    fields.sort_unstable();
    assert_eq!((heard.status, fields), (400, vec!["name", "ofer", "state"]), "{heard}");
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let report = mml.say("ADD ORDER: NAME=\"No Name\", OFER=\"hello\", STATE=FAILED;")?;
    assert_eq!(report.code, 1004);
    for name in ["NAME ", "OFER ", "STATE "] {
        assert!(report.text.lines().any(|line| line.starts_with(name)), "{name} in {}", report.text);
    }
    Ok(())
}

#[test]
fn a_service_that_is_deleted_leaves_nothing() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    http.make("/v1/services", &json!({ "name": "demo", "offer": "hello" }))?;
    let service = http.get("/v1/services/demo")?.json()?;
    assert!(called(&service)?.contains("hello"));
    assert!(!gateway.place().processes()?.is_empty());
    let heard = http.ask("DELETE", "/v1/services/demo", &[("Prefer", "wait=60")], None)?;
    assert!(matches!(heard.status, 200 | 201 | 202 | 204), "{heard}");
    until(Duration::from_secs(30), "all processes end", || Ok(gateway.place().processes()?.is_empty().then_some(())))?;
    let heard = http.get("/v1/services/demo")?;
    assert!(heard.status == 404 || heard.text("state") == "terminated", "{heard}");
    assert!(TcpStream::connect(endpoint(&service)?).is_err(), "the port is free");
    Ok(())
}

/// The states something goes through until it is in the state `end`, by long poll.
fn seen(http: &mut Http, path: &str, first: Heard, end: &str) -> Result<Vec<String>> {
    /// More states than any thing has.
    const MOST: usize = 50;
    let mut states = vec![first.text("state")];
    let mut last = first;
    for _ in 0..MOST {
        if states.last().is_some_and(|state| state == end) {
            return Ok(states);
        }
        let tag = last.header("etag").context("no tag")?.to_owned();
        let heard = http.ask("GET", path, &[("If-None-Match", &tag), ("Prefer", "wait=30")], None)?;
        ensure!(heard.status == 200, "{path} stands still in {states:?}: {heard}");
        let state = heard.text("state");
        if states.last() != Some(&state) {
            states.push(state);
        }
        last = heard;
    }
    anyhow::bail!("{path}: {states:?}")
}

/// Whether `some` are of `all`, in their order, and end as they do.
fn is_within(some: &[String], all: &[&str]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|one| rest.any(|other| other == one)) && rest.next().is_none()
}

/// What two services of one order have in common.
fn alike(mut service: Value) -> Value {
    let own = ["id", "name", "order", "endpoint", "revision", "createdAt", "updatedAt", "healthSince"];
    if let Some(fields) = service.as_object_mut() {
        fields.retain(|name, _| !own.contains(&name.as_str()));
    }
    service
}

/// `healthSince` as it is declared: `health-since`.
fn kebab(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
