//! Which gateway, and as whom, as the command line and the environment say.

use std::time::Duration;

use clap::ArgMatches;

use crate::client::Connection;
use crate::exit::Failure;
use crate::secret;

/// The environment's word for the password.
const PASSWORD: &str = "STROWGER_PASSWORD";

pub(crate) fn of(matches: &ArgMatches) -> Result<Connection, Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let user = text("user")
        .ok_or_else(|| Failure::usage("as whom? Name yourself with --user NAME@TENANT or in STROWGER_USER"))?;
    Ok(Connection {
        url: text("url").unwrap_or_default(),
        password: password(matches, &user)?,
        user,
        ca: text("ca").map(Into::into),
        tenant: text("tenant"),
        retry: Duration::from_secs(matches.get_one::<u64>("retry").copied().unwrap_or(0)),
    })
}

/// From a file, the environment, or whoever sits there.
pub(crate) fn password(matches: &ArgMatches, user: &str) -> Result<String, Failure> {
    if let Some(path) = matches.get_one::<String>("password-file") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("--password-file {path}: {error}")))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    match std::env::var(PASSWORD) {
        Ok(password) => Ok(password),
        Err(_) => secret::ask(&format!("password of {user}: ")),
    }
}
