//! Of another tenant nothing is ever seen: each answer is, to the letter, the one about what exists nowhere.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use strowger_conformance::{Gateway, Http, PASSWORD, ROLES, Role};
use strowger_kinds::all;
use strowger_primitive::{Indexed, KindDecl, OPERATOR, Type, Value as Field, Verb};

use super::door::{Act, Came, DOORS, Door, Said, acts};
use super::scene::{HIDDEN, OTHER, OWN, document, furnished, home, only_in, written};

/// A tenant that is nowhere, and what no tenant has.
const NO_TENANT: &str = "elsewhere";

fn nothing(kind: &'static KindDecl) -> String {
    match kind.indexed {
        Indexed::Name => format!("{}-nowhere", kind.name),
        Indexed::Sequence => "999999999".to_owned(),
    }
}

/// Each role but operator, in each door, logged in to acme.
fn askers(gateway: &Gateway) -> Result<Vec<(String, Door)>> {
    let mut askers = Vec::new();
    for role in ROLES.into_iter().filter(|role| *role != Role::Operator) {
        for door in DOORS {
            let opened = Door::open(gateway, door, &format!("{}@{OWN}", role.word()), PASSWORD)?;
            askers.push((format!("{} by {door}", role.word()), opened));
        }
    }
    Ok(askers)
}

/// All that stands in a tenant: each thing of each kind that has a name, and its revision.
fn stands(operator: &mut Http, tenant: &str) -> Result<Vec<Value>> {
    let kinds = all().kinds().filter(|kind| kind.indexed == Indexed::Name).collect::<Vec<_>>();
    let mut all = Vec::new();
    for kind in kinds {
        let path = format!("/v1/{}?tenant={tenant}&limit=1000&fields=name,revision", kind.plural);
        let page = operator.get(&path)?.json()?;
        ensure!(page.get("next").is_none(), "{tenant} has more {} than a page", kind.plural);
        all.push(page["items"].clone());
    }
    Ok(all)
}

/// What was said, with the names of what was asked about taken out.
fn plain(said: &Said, names: &[&str]) -> String {
    let text = names.iter().fold(said.text.clone(), |text, name| text.replace(name, "*"));
    // A table's rule is as long as its widest name.
    text.lines().filter(|line| !line.starts_with("--")).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn its_things_are_not_there() -> Result<()> {
    let gateway = furnished()?;
    let mut operator = gateway.operator()?;
    let mut askers = askers(&gateway)?;
    let before = [stands(&mut operator, OTHER)?, stands(&mut operator, OPERATOR)?];
    for kind in all().kinds() {
        let (there, hidden) = match home(kind) {
            Some(home) => (home, only_in(&mut operator, kind, home, OWN)?),
            None => (OTHER, only_in(&mut operator, kind, OTHER, OWN)?),
        };
        let nowhere = nothing(kind);
        for (asker, door) in &mut askers {
            for (act, same) in acts(kind, &hidden).iter().zip(acts(kind, &nowhere)) {
                let mut told = |tenants: [Option<&str>; 2], allowed: &[Came]| -> Result<()> {
                    let first = door.ask(kind, act, tenants[0])?;
                    let second = door.ask(kind, &same, tenants[1])?;
                    let names = [&hidden, &nowhere, there, NO_TENANT];
                    let (first_text, second_text) = (plain(&first, &names), plain(&second, &names));
                    if first_text != second_text || !allowed.contains(&first.came) {
                        bail!("{asker}, {act:?} in {tenants:?}:\n{first_text}\nand not\n{second_text}");
                    }
                    Ok(())
                };
                if act.verb() != Verb::List {
                    // Who has no right to the verb at all is told so, whatever the name.
                    told([None, None], &[Came::NotFound, Came::Forbidden, Came::NotAllowed])?;
                }
                told([Some(there), Some(NO_TENANT)], &[Came::NotFound, Came::NotAllowed])?;
            }
            let made = document(kind, "mine", "reader");
            for act in [Act::Create(&made), Act::List("")] {
                let [first, second] = [there, NO_TENANT].map(|tenant| door.ask(kind, &act, Some(tenant)));
                let (first, second) = (first?, second?);
                let names = [there, NO_TENANT];
                assert_eq!(plain(&first, &names), plain(&second, &names), "{asker}, {act:?}");
                assert!(matches!(first.came, Came::NotFound | Came::NotAllowed), "{asker}, {act:?}: {}", first.text);
            }
        }
    }
    assert_eq!([stands(&mut operator, OTHER)?, stands(&mut operator, OPERATOR)?], before, "and nothing was done there");
    Ok(())
}

#[test]
fn its_names_are_in_no_hint() -> Result<()> {
    let gateway = furnished()?;
    for (asker, mut door) in askers(&gateway)? {
        for kind in all().kinds().filter(|kind| kind.indexed == Indexed::Name) {
            let near = format!("{}-only-othex", kind.name);
            let said = door.ask(kind, &Act::Read(&near), None)?;
            assert!(!said.text.contains(HIDDEN), "{asker}: {}", said.text);
        }
    }
    Ok(())
}

#[test]
fn its_things_are_in_no_list() -> Result<()> {
    let gateway = furnished()?;
    let mut operator = gateway.operator()?;
    for kind in all().kinds() {
        let page = operator.get(&format!("/v1/{}?limit=1&tenant={OTHER}", kind.plural))?.json()?;
        let cursor = page["next"].as_str().map(str::to_owned);
        for (asker, mut door) in askers(&gateway)? {
            let http = asker.ends_with("http");
            let mut queries: Vec<String> = if http {
                vec!["limit=1000".to_owned(), String::new()]
            } else {
                vec!["LIMIT=1000".to_owned(), String::new()]
            };
            if kind.indexed == Indexed::Name {
                let hidden = format!("{}-{HIDDEN}", kind.name);
                queries.push(if http { format!("name={hidden}") } else { format!("NAME=\"{hidden}\"") });
            }
            if let Some(cursor) = &cursor {
                queries.push(if http { format!("cursor={cursor}") } else { format!("CURSOR=\"{cursor}\"") });
            }
            for query in &queries {
                let said = door.ask(kind, &Act::List(query), None)?;
                assert!(!said.text.contains(HIDDEN), "{asker}, {} {query}: {}", kind.plural, said.text);
                assert!(matches!(said.came, Came::Done | Came::Forbidden), "{asker}: {}", said.text);
            }
        }
    }
    Ok(())
}

#[test]
fn its_records_are_its_own() -> Result<()> {
    let gateway = furnished()?;
    for (own, other) in [(OWN, OTHER), (OTHER, OWN)] {
        let records = gateway.http(&format!("administrator@{own}"), PASSWORD)?.get("/v1/records?limit=1000")?.json()?;
        let items = records["items"].as_array().context("no items")?;
        assert!(!items.is_empty());
        for record in items {
            assert_eq!(record["aboutTenant"], own, "{record}");
            assert!(record["tenantName"] != other, "{record}");
        }
    }
    Ok(())
}

#[test]
fn no_reference_leads_there() -> Result<()> {
    let gateway = furnished()?;
    let mut door = gateway.http(&format!("administrator@{OWN}"), PASSWORD)?;
    for kind in all().kinds().filter(|kind| kind.has(Verb::Create) && home(kind).is_none()) {
        for field in kind.fields().filter(|field| field.creatable()) {
            let Type::Ref(to) = field.ty else { continue };
            let mut told = Vec::new();
            for name in [format!("{to}-{HIDDEN}"), format!("{to}-nowhere")] {
                let mut made = document(kind, "referring", "reader");
                made.fields.set(field, Field::Text(name.as_str().into()));
                let heard = door.post(&format!("/v1/{}", kind.plural), &written(&made)?)?;
                let mut problem: Value = heard.json()?;
                problem.as_object_mut().map(|problem| problem.remove("requestId"));
                told.push((heard.status, problem.to_string().replace(&name, "*")));
            }
            assert_eq!(told[0], told[1], "{}.{}", kind.name, field.name);
            assert_eq!(told[0].0, 404, "{}.{}: {}", kind.name, field.name, told[0].1);
        }
    }
    Ok(())
}

#[test]
fn its_keys_are_its_own() -> Result<()> {
    let gateway = furnished()?;
    let mut made = Vec::new();
    for tenant in [OWN, OTHER] {
        let mut user = gateway.http(&format!("user@{tenant}"), PASSWORD)?;
        let headers = [("Idempotency-Key", "the-same"), ("Prefer", "wait=60")];
        let heard = user.send("POST", "/v1/orders", &headers, &json!({ "name": "keyed", "offer": "plain" }))?;
        assert_eq!(heard.status, 201, "{heard}");
        made.push(heard.text("id"));
        let mut mml = gateway.mml(&format!("user@{tenant}"), PASSWORD)?;
        let report = mml.say("ADD ORDER: NAME=\"keyed-2\", OFFER=\"plain\", KEY=\"the-same-2\", WAIT=60;")?;
        made.push(report.field("ID").context("no ID")?.to_owned());
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4, "four orders and no answer of another tenant's");
    Ok(())
}
