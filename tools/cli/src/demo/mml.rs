//! The second order of the demonstration, over the MML door, as it is seen there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::exit::{Failure, GENERAL};
use crate::say::say;

/// Nothing is said for longer than this.
const SILENCE: Duration = Duration::from_secs(60);

const COMMANDS: [&str; 2] =
    ["ADD ORDER: NAME=\"demo-2\", OFFER=\"hello\", PARAMETERS=\"greeting=good day\", WAIT=30;", "LGO:;"];

/// Orders `demo-2` as Alice, and shows the exchange.
pub(super) fn order(address: &str, password: &str) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(format!("LGI:OP=\"alice@acme\",PWD=\"{password}\";").as_bytes())?;
    for command in COMMANDS {
        stream.write_all(command.as_bytes())?;
    }
    let mut refused = None;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        say(format_args!("  {}", line.trim_end()))?;
        if let Some(code) = line.trim().strip_prefix("RETCODE = ")
            && !code.starts_with("0 ")
        {
            refused = Some(code.to_owned());
        }
    }
    refused.map_or(Ok(()), |code| Err(Failure::new(GENERAL, format!("the MML door said RETCODE = {code}"))))
}
