//! nc and openssl: MML from a pipe.

use anyhow::Result;
use strowger_conformance::{PASSWORD, Place, Tool};

use crate::orders::{furnished, house};

/// A file of commands, as an operator keeps one.
fn batch() -> String {
    format!(
        "LGI: OP=\"user@acme\", PWD=\"{PASSWORD}\";\n// an order and its service\n\
         ADD ORDER: NAME=\"demo\", OFFER=\"hello\", PARAMETERS=\"greeting=hi\", WAIT=60;\n\
         DSP SERVICE: NAME=\"demo\", FIELDS=NAME&STATE&HEALTH;\nDSP SERVICE: NAME=\"none\";\nLST OFFER:;\nLGO:;\n"
    )
}

fn assert_done(out: &str) {
    let out = out.replace("\r\n", "\n");
    let codes: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("RETCODE = ")).collect();
    let numbers: Vec<_> = codes.iter().filter_map(|code| code.split(' ').next()).collect();
    assert_eq!(numbers, ["0", "0", "0", "3404", "0", "0"], "{out}");
    assert!(out.contains("NAME    =  demo\nSTATE   =  ACTIVE\nHEALTH  =  UP\n"), "{out}");
    assert!(out.contains("%%LGI: OP=\"user@acme\", PWD=*****;%%"), "{out}");
    assert!(!out.contains(PASSWORD), "a secret is never said back");
}

#[test]
fn a_batch_is_done_from_a_pipe() -> Result<()> {
    let gateway = house()?;
    let port = gateway.address("mml")?.port().to_string();
    assert_done(&Tool::new("nc").args(["-N", "127.0.0.1", &port]).input(batch()).out()?);
    Ok(())
}

#[test]
fn a_batch_is_done_over_tls() -> Result<()> {
    let gateway = furnished(Place::new()?.tls())?;
    let to = format!("localhost:{}", gateway.address("mmls")?.port());
    let certificate = gateway.place().path().join("mmls.crt");
    let args = ["s_client", "-quiet", "-verify_return_error", "-verify_hostname", "localhost", "-connect", &to];
    let openssl = Tool::new("openssl").args(args).args(["-CAfile".as_ref(), certificate.as_os_str()]);
    assert_done(&openssl.input(batch()).out()?);
    Ok(())
}
