//! schemathesis: whatever the contract allows is answered as the contract says, and never by a mistake of ours.

use std::time::Duration;

use anyhow::Result;
use strowger_conformance::{Gateway, SECRET, Tool};

use crate::orders::house;
use crate::python;

const CHECKS: &str = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";

/// Where a caller can take away the rights, or the log-in, that he has.
const RIGHTS: &str = "^/v1/(policies|principals|credentials)/";

/// One seed and few examples; `STROWGER_SCHEMATHESIS=full` asks for three seeds and many.
#[test]
fn no_answer_breaks_the_contract() -> Result<()> {
    let Some(programs) = python::programs()? else { return Ok(()) };
    let full = std::env::var_os("STROWGER_SCHEMATHESIS").is_some_and(|budget| budget == "full");
    let (seeds, examples, phases): (&[&str], _, _) = match full {
        true => (&["1", "2", "3"], "50", "examples,coverage,fuzzing,stateful"),
        false => (&["1"], "2", "examples,fuzzing"),
    };
    for seed in seeds {
        let gateway = house()?;
        let url = format!("http://{}", gateway.address("http")?);
        let login = format!("operator:{SECRET}");
        let before = made(&gateway)?;
        // What takes the caller's own rights away comes last: behind it all is refused.
        for paths in ["--exclude-path-regex", "--include-path-regex"] {
            let ended = Tool::new(programs.join("schemathesis"))
                .args(["run", &format!("{url}/openapi.json"), "--url", &url, "--auth", &login, "--no-color"])
                .args(["--checks", CHECKS, "--phases", phases, "--seed", seed, "-n", examples, paths, RIGHTS])
                // CI sees the same cases each time; in full, each seed makes its own.
                .args(if full { &[][..] } else { &["--generation-deterministic"] })
                // Two threads are quicker and now and then trip over each other inside Python (its parser's depth count).
                .args(["--workers", if full { "1" } else { "2" }, "--warnings", "off"])
                .inside(gateway.place().path())
                .within(Duration::from_secs(if full { 1_800 } else { 150 }))
                .run()?;
            assert!(ended.status.success(), "seed {seed}: {}\n{}\n{}", ended.status, ended.out, ended.complaint);
            if paths == "--exclude-path-regex" {
                let after = made(&gateway)?;
                assert!(after > before, "nothing was made: was it logged in? {before} before, {after} behind it");
            }
        }
        assert_eq!(gateway.operator()?.get("/health")?.status, 200);
    }
    Ok(())
}

/// How many things were made over HTTP, by the log-in that it uses.
fn made(gateway: &Gateway) -> Result<usize> {
    let path = "/v1/records?operation=create&outcome=done&protocol=http&limit=1000&fields=sequence";
    let heard = gateway.operator()?.get(path)?;
    assert_eq!(heard.status, 200, "{heard}");
    Ok(heard.json()?["items"].as_array().map_or(0, Vec::len))
}
