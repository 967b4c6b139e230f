//! A kind declared in one file, `trunk.rs`, is in REST, OpenAPI, MML and the command line, with the right faults, rights
//! and help. `house.rs` puts the product's own doors and rooms around it.
//!
//! It has no test harness, as it is also the command line that it tests: with `STROWGER_AS=cli` its arguments are those
//! of `strowger`.

#![allow(clippy::print_stdout, reason = "this is a test")]

mod house;
mod trunk;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use strowger_cli::{ExportForm, Inside, Sources, Verify};
use strowger_conformance::{Ended, Http, Mml, PASSWORD, SECRET, Tool, tenant};
use strowger_primitive::Schema;

use house::House;

/// What is shown of the kind, at one door.
type Test = fn(&House) -> Result<()>;

/// Each of them by name, as a harness would.
const TESTS: [(&str, Test); 4] = [("openapi", openapi), ("rest", rest), ("mml", mml), ("command_line", command_line)];

fn main() -> ExitCode {
    if std::env::var_os("STROWGER_AS").is_some_and(|word| word == "cli") {
        return strowger_cli::main(&Grown);
    }
    match run() {
        Ok(failed) => ExitCode::from(u8::from(failed)),
        Err(error) => {
            println!("the house cannot be opened: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Options of a test harness whose value is the next word.
const VALUED: [&str; 7] = ["--test-threads", "--skip", "--format", "--color", "--logfile", "--shuffle-seed", "-Z"];

/// The words of a command line by which tests are chosen; none: all are.
fn filters(args: impl Iterator<Item = String>) -> Vec<String> {
    let mut filters = Vec::new();
    let mut valued = false;
    for arg in args {
        if !valued && !arg.starts_with('-') {
            filters.push(arg);
            continue;
        }
        valued = !valued && VALUED.contains(&arg.as_str());
    }
    filters
}

fn run() -> Result<bool> {
    let wanted = filters(std::env::args().skip(1));
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let left_out = TESTS.iter().filter(|(name, _)| !is_wanted(name)).count();
    if left_out == TESTS.len() {
        println!("0 passed, 0 failed, {left_out} left out by {wanted:?}");
        return Ok(false);
    }
    let house = House::open()?;
    let mut operator = Http::new(house.http, Some(("operator", SECRET)));
    tenant(&mut operator, "acme")?;
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in TESTS.iter().filter(|(name, _)| is_wanted(name)) {
        match test(&house) {
            Ok(()) => passed += 1,
            Err(error) => {
                failed += 1;
                println!("{name}: {error:?}");
            }
        }
    }
    println!("{passed} passed, {failed} failed, {left_out} left out");
    Ok(failed > 0)
}

fn openapi(house: &House) -> Result<()> {
    let mut anybody = Http::new(house.http, None);
    for page in ["/openapi.json", "/openapi-3.0.json"] {
        let contract = anybody.get(page)?.json()?;
        let paths = &contract["paths"];
        for (path, methods) in [
            ("/v1/trunks", vec!["get", "post"]),
            ("/v1/trunks/{name}", vec!["get", "patch", "delete"]),
            ("/v1/trunks/{name}/drain", vec!["post"]),
        ] {
            for method in methods {
                ensure!(paths[path][method].is_object(), "{page}: {method} {path}");
            }
        }
        let calls = &contract["components"]["schemas"]["Trunk"]["properties"]["maxCalls"];
        ensure!((calls["minimum"] == 1) && (calls["maximum"] == 10_000), "{page}: {calls}");
        ensure!(contract.to_string().contains("A line to another exchange."), "{page}: no doc");
    }
    ensure!(String::from_utf8_lossy(&anybody.get("/")?.body).contains("/v1/trunks"), "the index");
    Ok(())
}

fn rest(house: &House) -> Result<()> {
    let mut operator = Http::new(house.http, Some(("operator", SECRET)));
    let all = "/v1/trunks?tenant=acme";
    let made = operator.post(all, &json!({ "name": "t1", "peer": "exchange-2" }))?;
    ensure!(made.status == 201 && made.json()?["maxCalls"] == 30, "the default is filled in: {made}");
    let wrong = operator.post(all, &json!({ "name": "No", "maxCalls": 0, "colour": 1 }))?;
    let mut fields: Vec<_> = wrong.json()?["errors"]
        .as_array()
        .context("no errors")?
        .iter()
        .map(|error| error["field"].to_string())
        .collect();
    fields.sort();
    ensure!(wrong.status == 400 && fields == ["\"colour\"", "\"maxCalls\"", "\"name\"", "\"peer\""], "{wrong}");
    let one = "/v1/trunks/t1?tenant=acme";
    let changed = operator.send("PATCH", one, &[], &json!({ "maxCalls": 5 }))?;
    ensure!(changed.status == 200 && changed.json()?["maxCalls"] == 5, "{changed}");
    ensure!(operator.send("PATCH", one, &[], &json!({ "peer": "x" }))?.status == 400, "it is set once");
    ensure!(operator.get("/v1/trunks/t2?tenant=acme")?.code() == "trunk-not-found", "its own fault");
    let drained = operator.send("POST", "/v1/trunks/t1/drain?tenant=acme", &[], &json!({ "grace": 9 }))?;
    ensure!(drained.status == 200 && drained.json()?["left"] == 3, "{drained}");
    ensure!(operator.get(all)?.names() == ["t1"], "it is listed");

    // Policies of the first start do not name it: it is the operator's alone, until one does.
    let mut user = Http::new(house.http, Some(("user@acme", PASSWORD)));
    ensure!(user.get("/v1/trunks/t1")?.status == 403, "not yet");
    ensure!(user.post("/v1/trunks", &json!({ "peer": "x" }))?.status == 403, "not yet");
    let cedar =
        "permit (principal in Role::\"user\", action in [Action::\"read\", Action::\"list\"], resource is Trunk);";
    operator.make("/v1/policies", &json!({ "name": "trunks", "cedar": cedar }))?;
    ensure!(user.get("/v1/trunks/t1")?.status == 200, "permitted");
    ensure!(user.post("/v1/trunks", &json!({ "peer": "x" }))?.status == 403, "no more than that");
    ensure!(operator.delete(one)?.status == 204, "it is removed");
    Ok(())
}

fn mml(house: &House) -> Result<()> {
    let mut mml = Mml::connect(house.mml)?;
    ensure!(mml.say("LST TRUNK:;")?.code == 2401, "nobody is logged in");
    ensure!(mml.say(&format!("LGI: OP=\"operator\", PWD=\"{SECRET}\";"))?.code == 0, "the log-in");
    let help = mml.say("HLP ADD TRUNK;")?.text;
    for part in ["PEER", "MAX_CALLS", "Most calls at once."] {
        ensure!(help.contains(part), "{part} in {help}");
    }
    let made = mml.say("ADD TRUNK: NAME=\"t3\", PEER=\"exchange-3\", TENANT=acme;")?;
    ensure!(made.code == 0 && made.field("MAX_CALLS") == Some("30"), "{}", made.text);
    let changed = mml.say("MOD TRUNK: NAME=\"t3\", MAX_CALLS=7, TENANT=acme;")?;
    ensure!(changed.field("MAX_CALLS") == Some("7"), "{}", changed.text);
    ensure!(mml.say("DSP TRUNK: NAME=\"t3\", TENANT=acme;")?.code == 0, "it is shown");
    ensure!(mml.say("ADD TRUNK: NAME=\"t4\", MAX_CALLS=0, TENANT=acme;")?.code == 1004, "wrong fields");
    ensure!(mml.say("DSP TRUNK: NAME=\"t5\", TENANT=acme;")?.code == 3404, "not there");
    let drained = mml.say("DRAIN TRUNK: NAME=\"t3\", GRACE=9, TENANT=acme;")?;
    ensure!(drained.field("LEFT") == Some("3"), "{}", drained.text);
    ensure!(mml.say("RMV TRUNK: NAME=\"t3\", TENANT=acme;")?.code == 0, "it is removed");
    let mut nobody = Mml::connect(house.mml)?;
    ensure!(nobody.say(&format!("LGI: OP=\"nobody@acme\", PWD=\"{PASSWORD}\";"))?.code == 0, "the log-in");
    ensure!(nobody.say("LST TRUNK:;")?.code == 2403, "no right");
    Ok(())
}

fn command_line(house: &House) -> Result<()> {
    let url = format!("http://{}", house.http);
    let strowger = |args: &[&str]| -> Result<Ended> {
        let own = Tool::new(std::env::current_exe()?).env("STROWGER_AS", "cli").env("STROWGER_URL", &url);
        own.env("STROWGER_USER", "operator").env("STROWGER_PASSWORD", SECRET).args(args).run()
    };
    let done = |args: &[&str], part: &str| -> Result<()> {
        let ended = strowger(args)?;
        ensure!(ended.status.success() && ended.out.contains(part), "{args:?}: {}{}", ended.out, ended.complaint);
        Ok(())
    };
    done(&["--help"], "A line to another exchange.")?;
    done(&["trunk", "create", "--help"], "--max-calls")?;
    done(&["trunk", "create", "t6", "--peer", "exchange-6", "--tenant", "acme"], "t6")?;
    done(&["trunk", "set", "t6", "--max-calls", "8", "--tenant", "acme"], "8")?;
    done(&["trunk", "list", "--tenant", "acme"], "t6")?;
    done(&["trunk", "drain", "t6", "--grace", "9", "--tenant", "acme"], "3")?;
    done(&["trunk", "delete", "t6", "--tenant", "acme"], "")?;
    let codes = [(vec!["trunk", "show", "t6", "--tenant", "acme"], 3), (vec!["trunk", "create", "t7"], 2)];
    for (args, code) in codes {
        let ended = strowger(&args)?;
        ensure!(ended.status.code() == Some(code), "{args:?}: {} {}", ended.status, ended.complaint);
    }
    Ok(())
}

/// The command line of a release that knows the kind.
struct Grown;

impl Inside for Grown {
    fn serve(&self, _: &Sources, _: Option<&Path>) -> Result<()> {
        bail!("it serves already")
    }

    fn check(&self, _: &Sources) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn check_policy(&self, _: &Path) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn config(&self, _: &Sources) -> Result<String> {
        Ok(String::new())
    }

    fn verify(&self, _: &Verify, _: &dyn Fn(u64)) -> Result<String> {
        Ok(String::new())
    }

    fn key(&self, _: &Sources) -> Result<String> {
        bail!("nothing is recorded")
    }

    fn head(&self, _: &Sources) -> Result<String> {
        bail!("nothing is recorded")
    }

    fn check_proof(&self, _: &Sources, _: u64, _: &[u8]) -> Result<String> {
        Ok(String::new())
    }

    fn export(&self, _: &Sources, _: ExportForm, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }

    fn schema(&self) -> Schema {
        house::schema()
    }
}
