//! Secrets that are typed: without an echo.

use std::io::IsTerminal as _;

use crate::exit::Failure;

/// Asks at the terminal.
pub(crate) fn ask(prompt: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "{prompt}nobody is there to type it; give it in a file or in the environment"
        )));
    }
    rpassword::prompt_password(prompt).map_err(|error| Failure::usage(format!("{prompt}{error}")))
}
