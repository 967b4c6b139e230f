//! The command line: every generated command, and what its exit codes say.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use strowger_conformance::{Ended, Gateway, PASSWORD, Place, SECRET, Tool, built, hello};
use strowger_kinds::all;
use strowger_primitive::{KindDecl, Type, Value as Field, Verb, common, print_scalar};

use crate::isolation::scene::{document, home};
use crate::orders::{furnished, house};

/// One command, asked of a gateway as somebody.
fn cli(gateway: &Gateway, user: &str, secret: &str, args: &[&str]) -> Result<Ended> {
    Tool::new(built("strowger", "strowger")?)
        .args(args)
        .env("STROWGER_URL", format!("http://{}", gateway.address("http")?))
        .env("STROWGER_USER", user)
        .env("STROWGER_PASSWORD", secret)
        .env("HOME", gateway.place().path())
        .run()
}

fn code(ended: &Ended) -> i32 {
    ended.status.code().unwrap_or(-1)
}

/// What is typed to make a document: a flag for each field but the name.
fn flags(kind: &'static KindDecl, name: &str) -> Vec<String> {
    let document = document(kind, name, "user");
    let mut flags = Vec::new();
    for field in kind.fields().filter(|field| field.number != common::NAME.number) {
        let Some(value) = document.fields.get(field) else { continue };
        let text = match (&field.ty, value) {
            (Type::List { .. } | Type::Rows { .. } | Type::Map { .. } | Type::Any { .. }, _) => continue,
            (_, Field::Secret(secret)) => secret.expose().to_owned(),
            (ty, value) => print_scalar(ty, value),
        };
        flags.extend([format!("--{}", field.name), text]);
    }
    flags
}

#[test]
fn every_generated_command_works() -> Result<()> {
    let gateway = house()?;
    gateway.operator()?.make("/v1/offers?tenant=acme", &json!({ "name": "plain" }))?;
    gateway.operator()?.make("/v1/services?tenant=acme", &json!({ "name": "runs", "offer": "hello" }))?;
    for kind in all().kinds().filter(|kind| kind.name != "record") {
        let tenant = home(kind).unwrap_or("acme");
        let run = |args: &[&str], codes: &[i32]| -> Result<String> {
            let all = [&[kind.name], args, &["--tenant", tenant]].concat();
            let ended = cli(&gateway, "operator", SECRET, &all)?;
            assert!(codes.contains(&code(&ended)), "{all:?}: {}\n{}\n{}", ended.status, ended.out, ended.complaint);
            Ok(ended.out)
        };
        let name = match kind.name {
            "resource" | "provider" => {
                let list: Value = serde_json::from_str(&run(&["list", "--json"], &[0])?)?;
                list["items"][0]["name"].as_str().context("none there")?.to_owned()
            }
            _ => format!("{}-typed", kind.name),
        };
        if kind.has(Verb::Create) {
            let flags = flags(kind, &name);
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            run(&[&["create", &name], &flags[..]].concat(), &[0])?;
        }
        assert!(run(&["show", &name], &[0])?.contains(&name));
        let shown: Value = serde_json::from_str(&run(&["show", &name, "--json"], &[0])?)?;
        assert_eq!(shown["name"], name.as_str());
        assert!(run(&["list", "--where", &format!("name={name}")], &[0])?.contains(&name));
        if kind.has(Verb::Update) {
            assert!(run(&["set", &name, "--label", "for Bob"], &[0])?.contains("for Bob"));
        }
        for action in kind.actions {
            // An order that has ended cannot be cancelled.
            let said = run(&[action.name, &name, "--json"], if action.name == "cancel" { &[5] } else { &[0] })?;
            assert!(said.is_empty() || serde_json::from_str::<Value>(&said).is_ok(), "{said}");
        }
        if kind.has(Verb::Delete) {
            assert_eq!(run(&["delete", &name, "--wait", "--json"], &[0])?, "", "who wants JSON is told no words");
        }
    }
    let all: Value =
        serde_json::from_str(&cli(&gateway, "operator", SECRET, &["offer", "list", "--all", "--json"])?.out)?;
    assert!(all["items"].is_array(), "{all}");
    let list: Value = serde_json::from_str(&cli(&gateway, "operator", SECRET, &["records", "list", "--json"])?.out)?;
    let first = list["items"][0]["sequence"].to_string();
    let first = first.trim_matches('"');
    assert_eq!(code(&cli(&gateway, "operator", SECRET, &["records", "show", first])?), 0);
    assert_eq!(code(&cli(&gateway, "operator", SECRET, &["records", "prove", first])?), 0);
    Ok(())
}

#[test]
fn every_command_has_help() -> Result<()> {
    let help = |args: &[&str]| Tool::new(built("strowger", "strowger")?).args(args).args(["--help"]).out();
    assert!(help(&[])?.contains("Exit codes:"));
    for kind in all().kinds().filter(|kind| kind.name != "record") {
        for (verb, _) in kind.verbs {
            let word = match verb {
                Verb::Create => "create",
                Verb::Read => "show",
                Verb::List => "list",
                Verb::Update => "set",
                Verb::Delete => "delete",
                Verb::Invoke => continue,
            };
            let text = help(&[kind.name, word])?;
            assert!(text.contains("Examples:") && text.contains("--tenant"), "{} {word}: {text}", kind.name);
        }
        for action in kind.actions {
            assert!(help(&[kind.name, action.name])?.contains("Examples:"));
        }
    }
    Ok(())
}

#[test]
fn an_order_is_watched_to_its_end() -> Result<()> {
    let gateway = house()?;
    let order = ["order", "create", "demo", "--offer", "hello", "--set", "greeting=hi", "--wait"];
    let ended = cli(&gateway, "user@acme", PASSWORD, &order)?;
    assert_eq!(code(&ended), 0, "{}{}", ended.out, ended.complaint);
    assert!(ended.out.contains("completed"), "{}", ended.out);
    let service = cli(&gateway, "user@acme", PASSWORD, &["service", "show", "demo"])?;
    assert!(service.out.contains("active") && service.out.contains("http://127.0.0.1:"), "{}", service.out);
    Ok(())
}

#[test]
fn exit_codes_say_what_came_of_it() -> Result<()> {
    let gateway = furnished(Place::new()?.faults())?;
    let mut failing = hello();
    failing["name"] = json!("failing");
    failing["components"][0]["healthTarget"] = json!("/never");
    failing["components"][0]["startTimeout"] = json!(1);
    gateway.operator()?.make("/v1/offers?tenant=acme", &failing)?;
    let user = |args: &[&str]| cli(&gateway, "user@acme", PASSWORD, args);
    let wrong = |ended: Result<Ended>, wanted: i32| -> Result<()> {
        let ended = ended?;
        assert_eq!(code(&ended), wanted, "{}\n{}", ended.out, ended.complaint);
        assert!(!ended.complaint.is_empty() && !ended.complaint.contains("panicked"), "{}", ended.complaint);
        Ok(())
    };
    assert_eq!(code(&user(&["order", "list"])?), 0);
    wrong(user(&["order", "creat"]), 2)?;
    wrong(user(&["order", "create", "--offer", "hello", "--parameters", "no-such=1"]), 2)?;
    wrong(user(&["order", "show", "none"]), 3)?;
    wrong(user(&["order", "create", "--offer", "helo"]), 3)?;
    wrong(cli(&gateway, "user@acme", "wrong", &["order", "list"]), 4)?;
    wrong(user(&["tenant", "list"]), 4)?;
    assert_eq!(code(&user(&["order", "create", "taken", "--offer", "hello", "--wait"])?), 0);
    wrong(user(&["order", "create", "taken", "--offer", "hello"]), 5)?;
    wrong(user(&["service", "set", "taken", "--label", "x", "--if-revision", "1"]), 5)?;
    wrong(user(&["order", "create", "--offer", "failing", "--wait"]), 7)?;
    let nobody = ["order", "list", "--url", "http://127.0.0.1:9", "--retry", "0"];
    wrong(user(&nobody), 8)?;
    gateway.place().disk("full")?;
    wrong(user(&["order", "create", "--offer", "hello", "--retry", "0"]), 6)?;
    gateway.place().disk("")?;
    Ok(())
}

#[test]
fn a_configuration_is_checked_and_printed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let strowger = || -> Result<Tool> { Ok(Tool::new(built("strowger", "strowger")?).inside(folder.path())) };
    let printed = strowger()?.args(["config"]).out()?;
    fs::write(folder.path().join("whole.toml"), &printed)?;
    assert_eq!(code(&strowger()?.args(["check", "whole.toml"]).run()?), 0);
    fs::write(folder.path().join("wrong.toml"), "nod = 1\n[gate]\nwait_ms = \"x\"\n[sipp]\n")?;
    let ended = strowger()?.args(["check", "wrong.toml"]).run()?;
    assert_eq!(code(&ended), 2);
    for path in ["nod:", "gate.wait_ms:", "sipp:"] {
        assert!(ended.complaint.contains(path), "{path} in {}", ended.complaint);
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(strowger()?.args(["completions", shell]).out()?.contains("strowger"));
    }
    Ok(())
}

#[test]
fn records_are_verified_and_exported() -> Result<()> {
    let gateway = house()?;
    gateway.http("user@acme", PASSWORD)?.make("/v1/orders", &json!({ "name": "demo", "offer": "hello" }))?;
    let place = gateway.stop()?;
    let settings = place.settings();
    let records = |word: &str| -> Result<Tool> {
        Ok(Tool::new(built("strowger", "strowger")?).args(["records", word]).args(&settings))
    };
    assert!(records("verify")?.out()?.contains("records verified"));
    let lines = records("export")?.out()?;
    assert!(lines.lines().count() > 5);
    let export = place.path().join("log.jsonl");
    fs::write(&export, &lines)?;
    assert!(records("verify")?.args(["--export".as_ref(), export.as_os_str()]).out()?.contains("records verified"));
    let head = place.path().join("saved.head");
    fs::write(&head, records("head")?.out()?)?;
    let against = || -> Result<Tool> {
        let tool = records("verify")?.args(["--export".as_ref(), export.as_os_str()]);
        Ok(tool.args(["--head".as_ref(), head.as_os_str()]))
    };
    assert!(against()?.out()?.contains("saved earlier is a part of it"));
    let cut: String = lines.lines().take(4).map(|line| format!("{line}\n")).collect();
    fs::write(&export, cut)?;
    assert_ne!(code(&against()?.run()?), 0, "a cut tail is seen against a saved head");
    fs::write(&export, lines.replacen("hello", "jello", 1).replacen("acme", "acne", 1))?;
    assert_ne!(code(&records("verify")?.args(["--export".as_ref(), export.as_os_str()]).run()?), 0);
    assert!(records("export")?.args(["--form", "csv"]).out()?.lines().count() > 5);
    Ok(())
}

#[test]
fn a_batch_is_piped_into_it() -> Result<()> {
    let gateway = house()?;
    let address = gateway.address("mml")?.to_string();
    let mml_as = |password: &str, batch: &str| {
        let tool = Tool::new(built("strowger", "strowger")?).args(["mml", &address, "--user", "user@acme"]);
        tool.env("STROWGER_PASSWORD", password).env("HOME", gateway.place().path()).input(batch).run()
    };
    let mml = |batch| mml_as(PASSWORD, batch);
    let good = mml("ADD ORDER: NAME=\"demo\", OFFER=\"hello\", WAIT=60;\nDSP SERVICE: NAME=\"demo\";\n")?;
    assert_eq!(code(&good), 0, "{}{}", good.out, good.complaint);
    assert!(good.out.contains("COMPLETED") && good.out.contains("ACTIVE"), "{}", good.out);
    let bad = mml("DSP SERVICE: NAME=\"none\";\n")?;
    assert_eq!(code(&bad), 1, "{}{}", bad.out, bad.complaint);
    assert!(bad.out.contains("RETCODE = 3404"), "{}", bad.out);
    let unknown = mml_as("wrong", "DSP SERVICE: NAME=\"demo\";\n")?;
    assert_eq!(code(&unknown), 4, "{}{}", unknown.out, unknown.complaint);
    Ok(())
}
