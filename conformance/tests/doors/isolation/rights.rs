//! Within a tenant: what each role may do with each kind, by the policies of the first start.

use anyhow::Result;
use strowger_conformance::{Http, Mml, PASSWORD, ROLES, Role, SECRET};
use strowger_kinds::all;
use strowger_primitive::{Indexed, KindDecl, Verb};

use super::door::{Act, Came, DOORS, Door, acts};
use super::scene::{OTHER, OWN, document, furnished, home, only_in};

/// What the policies of the first start permit; a kind they do not name is the operator's alone.
fn may(role: Role, kind: &'static KindDecl, verb: Verb, own: bool) -> bool {
    let looks = matches!(verb, Verb::Read | Verb::List);
    match role {
        Role::Operator => true,
        Role::Administrator => match kind.name {
            "principal" | "credential" | "offer" | "order" | "service" => true,
            "resource" | "record" => looks,
            _ => false,
        },
        Role::User => match kind.name {
            // What is made is one's own, and so is all that is listed.
            "order" | "service" | "credential" => own || matches!(verb, Verb::Create | Verb::List),
            "resource" | "record" | "principal" => looks && (own || verb == Verb::List),
            "offer" => looks,
            _ => false,
        },
        Role::Reader => matches!(kind.name, "offer" | "order" | "service" | "resource") && looks,
        Role::Nobody => false,
    }
}

fn expected(role: Role, kind: &'static KindDecl, verb: Verb, own: bool) -> Came {
    if !kind.has(verb) {
        Came::NotAllowed
    } else if may(role, kind, verb, own) {
        Came::Done
    } else {
        Came::Forbidden
    }
}

#[test]
fn each_role_may_what_the_policies_say() -> Result<()> {
    let gateway = furnished()?;
    let mut operator = Door::open(&gateway, "http", "operator", SECRET)?;
    let mut wrong = Vec::new();
    for kind in all().kinds() {
        for role in ROLES {
            for door in DOORS {
                let (user, secret) = match role {
                    Role::Operator => ("operator".to_owned(), SECRET),
                    Role::Administrator | Role::User | Role::Reader | Role::Nobody => {
                        (format!("{}@{OWN}", role.word()), PASSWORD)
                    }
                };
                let mut asker = Door::open(&gateway, door, &user, secret)?;
                let tenant = (role == Role::Operator).then(|| home(kind).unwrap_or(OWN));
                let mut check = |act: &Act<'_>, own: bool| -> Result<Came> {
                    let mut said = asker.ask(kind, act, tenant)?;
                    if said.text.contains("session-ended") {
                        // One's own credential was changed: a session must log in again.
                        asker = Door::open(&gateway, door, &user, secret)?;
                        said = asker.ask(kind, act, tenant)?;
                    }
                    let wanted = expected(role, kind, act.verb(), own);
                    if said.came != wanted {
                        let what = format!("{door} {} {act:.40?} {}", role.word(), kind.name);
                        wrong.push(format!("{what}: {wanted:?} and not {:?}: {}", said.came, said.text));
                    }
                    Ok(said.came)
                };
                let whose = if role == Role::Operator { "user" } else { role.word() };
                let mut name = format!("{}-{}-{door}", kind.name, role.word());
                let made = check(&Act::Create(&document(kind, &name, whose)), true)?;
                let own = kind.has(Verb::Create) && made == Came::Done;
                if !own && kind.has(Verb::Create) {
                    name = format!("{}-for-{}-{door}", kind.name, role.word());
                    let said = operator.ask(
                        kind,
                        &Act::Create(&document(kind, &name, "reader")),
                        Some(home(kind).unwrap_or(OWN)),
                    )?;
                    anyhow::ensure!(said.came == Came::Done, "{name}: {}", said.text);
                } else if !own {
                    let (there, not_in) = home(kind).map_or((OWN, OTHER), |home| (home, OWN));
                    name = only_in(&mut gateway.operator()?, kind, there, not_in)?;
                }
                // An administrator's credential may be for another; a user's is of the user.
                let own = own || role == Role::Operator;
                for act in acts(kind, &name) {
                    check(&act, own)?;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn who_is_not_proven_gets_nothing() -> Result<()> {
    let gateway = furnished()?;
    let doors =
        [Door::Http(Http::new(gateway.address("http")?, None)), Door::Mml(Mml::connect(gateway.address("mml")?)?)];
    for mut door in doors {
        for kind in all().kinds() {
            let name = match kind.indexed {
                Indexed::Name => format!("{}-thing", kind.name),
                Indexed::Sequence => "0".to_owned(),
            };
            let made = document(kind, "mine", "reader");
            for act in acts(kind, &name).iter().chain([&Act::Create(&made)]) {
                let said = door.ask(kind, act, None)?;
                let wanted = if kind.has(act.verb()) { Came::Nobody } else { said.came };
                assert_eq!(said.came, wanted, "{act:?}: {}", said.text);
                assert!(said.came != Came::Done && !said.text.contains("-thing"), "{act:?}: {}", said.text);
            }
        }
    }
    Ok(())
}

#[test]
fn a_user_lists_its_own_alone() -> Result<()> {
    let gateway = furnished()?;
    let mut user = gateway.http(&format!("user@{OWN}"), PASSWORD)?;
    user.make("/v1/orders", &serde_json::json!({ "name": "mine", "offer": "plain" }))?;
    assert_eq!(user.get("/v1/orders")?.names(), ["mine"]);
    assert_eq!(user.get("/v1/services")?.names(), ["mine"]);
    assert_eq!(user.get("/v1/principals")?.names(), ["user"]);
    assert_eq!(user.get("/v1/credentials")?.names(), ["user"]);
    Ok(())
}
