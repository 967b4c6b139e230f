use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::{order, policy, principal::ROLE_NAMES, service};
use strowger_primitive::{
    ActionDecl, Attributes, Class, FaultKind, KindDecl, Known, Operation, Principal, Relation, Revision, Scope, Stop,
    Transport, Verb,
};

use super::ask::Asked;
use super::check::check_policy;
use super::language::RELATIONS;
use crate::scene::{Scene, code, delete, document, from, name, near, update};

type Granted = Result<(Scope, Vec<String>, Vec<u16>), String>;

/// Asks in the name of a principal that needs no document.
fn ask(scene: &Scene, roles: &[u32], asked: &Asked<'_>) -> Granted {
    let who = Principal {
        tenant: name("acme"),
        name: name("alice"),
        roles: roles.into(),
        revision: Revision(roles.iter().fold(0, |n, role| n * 10 + u64::from(*role))),
        method: "password",
        until: None,
    };
    let known: Known = scene.security.authority.known(Arc::new(who));
    match scene.security.authorise(known, asked) {
        Ok(allowed) => {
            let grant = allowed.grant();
            let policies = grant.policies.iter().map(ToString::to_string).collect();
            Ok((grant.scope, policies, grant.hidden.to_vec()))
        }
        Err(fault) => {
            assert_eq!((fault.kind, fault.code), (FaultKind::Forbidden, "forbidden"));
            Err(fault.public.to_string())
        }
    }
}

fn on<'a>(kind: &'static KindDecl, verb: Verb, relation: Relation, target: Option<&'a Attributes>) -> Asked<'a> {
    static NEAR: std::sync::LazyLock<strowger_primitive::Origin> = std::sync::LazyLock::new(near);
    Asked { verb, kind, action: None, relation, target, origin: &NEAR, class: Class::New }
}

fn thing() -> Attributes {
    Attributes { tenant: name("acme"), owner: Some("alice".into()) }
}

async fn put(scene: &Scene, name: &str, cedar: &str) -> Result<strowger_primitive::Outcome, strowger_primitive::Fault> {
    let made = document(&policy::DECL, &[("name", name), ("cedar", cedar)]);
    scene.ask(scene.operator().await, "operator", Operation::Create(made)).await
}

/// What the default policies allow, said a second time in other words.
fn expected(role: &str, kind: &str, verb: Verb, relation: Relation) -> bool {
    let reads = matches!(verb, Verb::Read | Verb::List);
    let inside = matches!(relation, Relation::Own | Relation::Tenant);
    match role {
        "operator" => true,
        "administrator" => match kind {
            "principal" | "credential" | "order" | "service" => inside,
            "offer" => inside || (reads && relation == Relation::Shared),
            "resource" | "record" => inside && reads,
            _ => false,
        },
        "user" => match kind {
            "order" | "service" | "credential" => relation == Relation::Own,
            "resource" | "record" | "principal" => relation == Relation::Own && reads,
            "offer" => reads && relation != Relation::Foreign,
            _ => false,
        },
        "reader" => match kind {
            "order" | "service" | "resource" => inside && reads,
            "offer" => reads && relation != Relation::Foreign,
            _ => false,
        },
        _ => false,
    }
}

#[tokio::test]
async fn the_default_policies_say_what_they_should_of_every_kind_verb_role_and_relation() {
    let scene = Scene::open().await;
    let thing = thing();
    let mut wrong = Vec::new();
    for role in ROLE_NAMES.values {
        for kind in strowger_kinds::all().kinds() {
            let verbs = Verb::ALL.into_iter().filter(|verb| *verb != Verb::Invoke && kind.has(*verb));
            let actions: Vec<Option<&'static ActionDecl>> = kind.actions.iter().map(Some).collect();
            let all = verbs.map(|verb| (verb, None)).chain(actions.into_iter().map(|action| (Verb::Invoke, action)));
            for (verb, action) in all {
                for relation in RELATIONS {
                    let asked = Asked { action, ..on(kind, verb, relation, Some(&thing)) };
                    let is = ask(&scene, &[role.number], &asked).is_ok();
                    if is != expected(role.name, kind.name, verb, relation) {
                        wrong.push(format!("{} {} {} {relation:?}: {is}", role.name, kind.name, verb.word()));
                    }
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(ask(&scene, &[], &on(&order::DECL, Verb::Read, Relation::Own, Some(&thing))).is_err(), "no role, nothing");
}

#[tokio::test]
async fn lists_and_creates_are_narrowed_to_ones_own() {
    let scene = Scene::open().await;
    let scope =
        |roles: &[u32], verb, relation| ask(&scene, roles, &on(&service::DECL, verb, relation, None)).map(|g| g.0);
    assert_eq!(scope(&[2], Verb::List, Relation::Tenant), Ok(Scope::All));
    assert_eq!(scope(&[3], Verb::List, Relation::Tenant), Ok(Scope::Own));
    assert_eq!(scope(&[3], Verb::Create, Relation::Tenant), Ok(Scope::Own));
    assert_eq!(scope(&[3, 4], Verb::List, Relation::Tenant), Ok(Scope::All), "a reader sees all");
    assert!(scope(&[4], Verb::Create, Relation::Tenant).is_err());
    assert!(scope(&[3], Verb::List, Relation::Foreign).is_err(), "another tenant is not narrowed");
    assert_eq!(scope(&[1], Verb::List, Relation::Foreign), Ok(Scope::All));
    let granted = ask(&scene, &[3, 4], &on(&service::DECL, Verb::Read, Relation::Own, Some(&thing()))).unwrap();
    assert_eq!(granted.1, ["reader/tenant", "user/own"]);
    assert_eq!(granted.0, Scope::Own);
}

#[tokio::test]
async fn a_policy_is_in_force_when_its_change_is_answered() {
    let scene = Scene::open().await;
    let thing = thing();
    let cancel = Asked {
        action: order::DECL.action_named("cancel"),
        ..on(&order::DECL, Verb::Invoke, Relation::Own, Some(&thing))
    };
    ask(&scene, &[3], &cancel).unwrap();
    put(&scene, "frozen", r#"@id("cancel") forbid(principal, action == Action::"order.cancel", resource);"#)
        .await
        .unwrap();
    let told = ask(&scene, &[3], &cancel).unwrap_err();
    assert_eq!(told, "policy frozen/cancel forbids order.cancel");
    ask(&scene, &[3], &on(&order::DECL, Verb::Read, Relation::Own, Some(&thing))).unwrap();
    let off = update(&policy::DECL, "frozen", &[("enabled", "false")]);
    scene.ask(scene.operator().await, "operator", off).await.unwrap();
    ask(&scene, &[3], &cancel).unwrap();
    let on = update(&policy::DECL, "frozen", &[("enabled", "true")]);
    scene.ask(scene.operator().await, "operator", on).await.unwrap();
    ask(&scene, &[3], &cancel).unwrap_err();
    scene.ask(scene.operator().await, "operator", delete(&policy::DECL, "frozen")).await.unwrap();
    ask(&scene, &[3], &cancel).unwrap();
}

#[tokio::test]
async fn a_policy_changed_by_another_is_taken_up() {
    let scene = Scene::open().await;
    let other = scene.again();
    let who = Arc::clone(scene.operator().await.principal());
    let known = || scene.security.authority.known(Arc::clone(&who));
    let asked = on(&order::DECL, Verb::Read, Relation::Tenant, None);
    other.authorise(known(), &asked).unwrap();
    let (stopper, stop) = Stop::new();
    let running = tokio::runtime::Handle::current().spawn(Arc::clone(&other).run(stop));
    put(&scene, "frozen", "forbid(principal, action == Action::\"order.read\", resource);").await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while other.authorise(known(), &asked).is_ok() {
            scene.world.pass(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    stopper.pull();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn fields_are_hidden_unless_another_permit_shows_them() {
    let scene = Scene::open().await;
    let thing = thing();
    let see = || ask(&scene, &[], &on(&service::DECL, Verb::Read, Relation::Tenant, Some(&thing))).map(|g| g.2);
    see().unwrap_err();
    let some = r#"@hide("service.endpoint, service.message, order.state")
        permit(principal, action == Action::"service.read", resource);"#;
    put(&scene, "some", some).await.unwrap();
    assert_eq!(see(), Ok(vec![15, 18]));
    let more = r#"@hide("service.endpoint") permit(principal, action == Action::"service.read", resource);"#;
    put(&scene, "more", more).await.unwrap();
    assert_eq!(see(), Ok(vec![15]));
    let live = r#"permit(principal, action == Action::"service.read", resource) when { context.protocol == "http" };"#;
    put(&scene, "live", live).await.unwrap();
    assert_eq!(see(), Ok(vec![]), "also a live one shows");
}

#[tokio::test]
async fn a_live_policy_runs_each_time() {
    let scene = Scene::open().await;
    let live = r#"forbid(principal, action in Action::"read", resource)
        when { resource has owner && resource.owner == "bob" };"#;
    put(&scene, "bobs", live).await.unwrap();
    let stored = scene.stored("operator", &policy::DECL, "bobs").unwrap();
    assert_eq!(stored.fields.bool(&policy::LIVE), Some(true));
    assert_eq!(scene.stored("operator", &policy::DECL, "user").unwrap().fields.bool(&policy::LIVE), Some(false));
    for (owner, open) in [("alice", true), ("bob", false), ("alice", true), ("bob", false)] {
        let thing = Attributes { tenant: name("acme"), owner: Some(owner.into()) };
        let asked = on(&service::DECL, Verb::Read, Relation::Tenant, Some(&thing));
        assert_eq!(ask(&scene, &[2], &asked).is_ok(), open, "{owner}");
    }
}

#[tokio::test]
async fn the_table_is_keyed_by_all_that_plain_policies_may_ask() {
    let scene = Scene::open().await;
    let plain = r#"forbid(principal, action, resource is Order) when { !context.confidential };
        forbid(principal, action, resource is Service) when { context.class == Class::"list" };
        forbid(principal == Caller::"acme/alice", action, resource is Offer);"#;
    put(&scene, "plain", plain).await.unwrap();
    assert_eq!(scene.stored("operator", &policy::DECL, "plain").unwrap().fields.bool(&policy::LIVE), Some(false));
    let far = from([192, 0, 2, 1], Transport::Tcp);
    let thing = thing();
    for _ in 0..2 {
        let asked = on(&order::DECL, Verb::Read, Relation::Own, Some(&thing));
        ask(&scene, &[3], &asked).unwrap();
        assert_eq!(
            ask(&scene, &[3], &Asked { origin: &far, ..asked }),
            Err("policy plain/1 forbids order.read".into())
        );
        let asked = on(&service::DECL, Verb::Read, Relation::Own, Some(&thing));
        ask(&scene, &[3], &asked).unwrap();
        let asked = Asked { class: Class::List, ..asked };
        assert_eq!(ask(&scene, &[3], &asked), Err("policy plain/2 forbids service.read".into()));
        let asked = on(&strowger_kinds::offer::DECL, Verb::Read, Relation::Tenant, Some(&thing));
        assert_eq!(ask(&scene, &[3], &asked), Err("policy plain/3 forbids offer.read".into()));
    }
}

#[tokio::test]
async fn a_policy_that_would_lock_its_maker_out_is_refused() {
    let scene = Scene::open().await;
    let all = "forbid(principal, action, resource);";
    assert_eq!(code(put(&scene, "all", all).await), "locks-you-out");
    let operator = async |operation| scene.ask(scene.operator().await, "operator", operation).await;
    assert_eq!(code(operator(delete(&policy::DECL, "operator")).await), "locks-you-out");
    let off = update(&policy::DECL, "operator", &[("enabled", "false")]);
    assert_eq!(code(operator(off).await), "locks-you-out");
    operator(delete(&policy::DECL, "reader")).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_told() {
    let scene = Scene::open().await;
    let fault = put(&scene, "bad", "permit(principal, action, resource").await.unwrap_err();
    assert_eq!((fault.kind, fault.code, fault.at.len()), (FaultKind::Malformed, "invalid-fields", 1));

    let schema = strowger_kinds::all();
    let facts = check_policy("permit(principal, action, resource);", &schema).unwrap();
    assert_eq!((facts.policies, facts.live), (1, vec![]));
    let facts = check_policy(
        r#"@id("a") permit(principal, action, resource is Order) when { resource has tenant };
           permit(principal, action, resource) when { context.protocol == "mml" };"#,
        &schema,
    )
    .unwrap();
    assert_eq!(facts.live, ["a asks resource.tenant", "policy1 asks context.protocol"]);
    for (text, why) in [
        ("", "it holds no policy"),
        ("permit(principal,\n action,\n resource) when { ; };", "line 3"),
        (r#"permit(principal, action == Action::"order.creat", resource);"#, "order.creat"),
        (r#"permit(principal in Role::"opperator", action, resource);"#, "opperator"),
        (r#"permit(principal, action, resource) when { context.relation == Relation::"mine" };"#, "mine"),
        (r#"permit(principal, action, resource is Ordr);"#, "Ordr"),
        (r#"permit(principal, action, resource == Order::"demo-1");"#, "not of single things"),
        (r#"permit(principal, action, resource) when { context.weather == "fine" };"#, "weather"),
        (r#"permit(principal == ?principal, action, resource);"#, "templates"),
        (r#"@hide("service.nothing") permit(principal, action, resource);"#, "service.nothing"),
        (r#"@hide("service.endpoint") forbid(principal, action, resource);"#, "permits only"),
    ] {
        let wrong = check_policy(text, &schema).unwrap_err().join("\n");
        assert!(wrong.contains(why), "{text}: {wrong}");
    }
}

#[test]
fn every_kind_has_its_words() {
    let schema = strowger_kinds::all();
    let text = super::language::text(&schema);
    let lines: BTreeSet<&str> = text.lines().collect();
    assert!(lines.contains("entity Order { owner?: String, tenant?: String };"));
    assert!(lines.contains(
        "action \"order.cancel\" in [\"invoke\"] appliesTo { principal: [Caller], resource: [Order], context: Question };"
    ));
    assert!(!text.contains("record.create"), "a kind has its own verbs only");
}

#[test]
fn a_policy_about_a_group_that_is_asked_as_an_action_is_refused() {
    let said = |action: &str| {
        let text = format!("forbid (principal, action {action}, resource);");
        crate::check_policy(&text, &strowger_kinds::all()).map(|facts| facts.policies)
    };
    assert_eq!(said("in Action::\"delete\""), Ok(1));
    assert_eq!(said("== Action::\"service.delete\""), Ok(1));
    let wrong = said("== Action::\"delete\"").unwrap_err();
    assert!(wrong[0].contains("write action in Action::\"delete\""), "{wrong:?}");
}
