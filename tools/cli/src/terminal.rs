//! The MML door with line editing; with input from a pipe, a batch.

mod edit;
mod line;

use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use strowger_primitive::{FaultKind, Schema};
use strowger_speech::{LONGEST, Splitter, retcode};

use crate::exit::{Failure, GENERAL, NOT_PERMITTED};
use crate::say::{complain, say};

use edit::Edit;
use line::Line;

/// Which door, and as whom.
pub(crate) struct Options {
    /// `127.0.0.1:8023`
    pub(crate) address: String,
    pub(crate) tls: bool,
    /// The certificates that are trusted, PEM.
    pub(crate) ca: Option<PathBuf>,
    /// Logged in before the first command; without, `LGI` is typed.
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// What was typed, without secrets.
    pub(crate) history: Option<PathBuf>,
}

/// Speaks with the door until either side ends; whether every command was performed.
pub(crate) fn run(schema: &Schema, options: &Options) -> Result<bool, Failure> {
    let mut line = Line::open(schema, options)?;
    if let (Some(user), Some(password)) = (&options.user, &options.password) {
        let log_in = format!("LGI: OP={}, PWD={};", quoted(user), quoted(password));
        let not_let_in = [FaultKind::Unauthenticated, FaultKind::Forbidden].map(|kind| retcode(kind, ""));
        match line.retcode(&log_in)? {
            Some(0) => {}
            Some(code) if not_let_in.contains(&code) => {
                return Err(Failure::new(NOT_PERMITTED, format!("{user} is not logged in")));
            }
            Some(_) | None => return Ok(false),
        }
    }
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        converse(schema, options, &mut line)
    } else {
        batch(schema, &mut line)
    }
}

/// Commands one at a time: the next is sent when the one before is answered.
fn batch(schema: &Schema, line: &mut Line<'_>) -> Result<bool, Failure> {
    let mut input = io::stdin().lock();
    let (mut splitter, mut command, mut all) = (Splitter::default(), Vec::new(), true);
    while line.is_open() && next(&mut input, &mut splitter, &mut command)? {
        let text = String::from_utf8(std::mem::take(&mut command));
        let text = text.map_err(|_| Failure::usage("a command is not UTF-8"))?;
        all &= line.ask(text.trim())?;
    }
    if line.is_open() && splitter.within() && !line::says_nothing(schema, &String::from_utf8_lossy(&command)) {
        return Err(Failure::usage("the last command has no ; and was not sent"));
    }
    line.close()?;
    Ok(all)
}

/// Reads up to the end of a command; false where the input ends before.
fn next(input: &mut io::StdinLock<'_>, splitter: &mut Splitter, command: &mut Vec<u8>) -> Result<bool, Failure> {
    loop {
        let Some(octet) = input.by_ref().bytes().next().transpose()? else { return Ok(false) };
        command.push(octet);
        if splitter.ends(octet) {
            return Ok(true);
        }
        if command.len() > LONGEST {
            return Err(Failure::usage(format!("a command is longer than {LONGEST} octets")));
        }
    }
}

fn converse(schema: &Schema, options: &Options, line: &mut Line<'_>) -> Result<bool, Failure> {
    let broken = |error: ReadlineError| Failure::new(GENERAL, format!("the terminal: {error}"));
    let mut editor: Editor<Edit<'_>, FileHistory> = Editor::new().map_err(broken)?;
    editor.set_helper(Some(Edit::new(schema)));
    if let Some(path) = &options.history {
        // There is none before the first time.
        let _fresh = editor.load_history(path);
    }
    let interrupt = line.interrupt();
    let handled = ctrlc::set_handler(move || interrupt.send());
    handled.map_err(|error| Failure::new(GENERAL, format!("signals cannot be caught: {error}")))?;
    say("Commands end with ; and Tab completes them. LST ORDER? shows help, Ctrl-C stops one under way, Ctrl-D ends.")?;
    while line.is_open() {
        let typed = match editor.readline("MML> ") {
            Ok(typed) => typed,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(broken(error)),
        };
        for command in strowger_speech::commands(&typed).map(str::trim) {
            editor.add_history_entry(strowger_speech::mask(schema, command)).map_err(broken)?;
            match command.strip_suffix('?') {
                Some(asked) => {
                    let words: Vec<&str> = asked.split([' ', '\t', '\n', ':', ',', '=']).collect();
                    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
                    say(strowger_speech::help(schema, &words))?;
                }
                None if line.is_open() => drop(line.ask(command)?),
                None => break,
            }
        }
    }
    if let Some(path) = &options.history
        && let Err(error) = editor.save_history(path)
    {
        complain(format_args!("the history cannot be kept in {}: {error}", path.display()));
    }
    line.close()?;
    // Whoever sat there has seen what each command came to.
    Ok(true)
}

/// A text as MML says it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// What comes of a log-in that the door answers by this RETCODE.
    fn logged_in(code: u16) -> Result<bool, Failure> {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = door.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = door.accept().unwrap();
            BufReader::new(&stream).read_until(b';', &mut Vec::new()).unwrap();
            write!(stream, "+++\r\nRETCODE = {code}  so it is\r\n\r\n---    END\r\n").unwrap();
        });
        let (user, password) = (Some("alice@acme".to_owned()), Some("wrong".to_owned()));
        let options = Options { address, tls: false, ca: None, user, password, history: None };
        run(&strowger_kinds::all(), &options)
    }

    #[test]
    fn who_is_not_let_in_is_told_apart() {
        for code in [2401, 2403] {
            assert_eq!(logged_in(code).unwrap_err().code, NOT_PERMITTED, "{code}");
        }
        assert_eq!(logged_in(1503), Ok(false));
    }

    #[test]
    fn what_logs_in_is_read_as_it_was_meant() {
        let text = format!("LGI: OP={}, PWD={};", quoted("alice@acme"), quoted("a\"b\\c;d"));
        let command = strowger_speech::parse(&strowger_kinds::all(), &text);
        assert!(command.is_ok(), "{command:?}");
        assert_eq!(strowger_speech::commands(&text).count(), 1);
    }
}
