//! tmux: MML as somebody types it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use strowger_conformance::{Gateway, PASSWORD, Tool, built, until};

use crate::orders::house;

/// What is awaited on the screen comes within so long.
const SOON: Duration = Duration::from_secs(30);

/// A terminal in which `strowger mml` runs. Dropping it ends both.
struct Screen {
    socket: String,
}

impl Screen {
    fn open(gateway: &Gateway) -> Result<Self> {
        let folder = gateway.place().path();
        let screen = Self { socket: folder.join("tmux").to_string_lossy().into_owned() };
        let binary = built("strowger", "strowger")?;
        let command = format!("{} mml {}", binary.display(), gateway.address("mml")?);
        let size = ["new-session", "-d", "-x", "150", "-y", "200", &command];
        screen.tmux().args(["-f", "/dev/null"]).args(size).env("HOME", folder).env("TERM", "xterm").out()?;
        screen.shows("MML>")?;
        Ok(screen)
    }

    fn tmux(&self) -> Tool {
        Tool::new("tmux").args(["-S", &self.socket])
    }

    /// Types text as it is.
    fn types(&self, text: &str) -> Result<&Self> {
        // A semicolon at the end would end tmux's own command.
        let text = text.strip_suffix(';').map_or_else(|| text.to_owned(), |text| format!("{text}\\;"));
        self.tmux().args(["send-keys", "-l", "--", &text]).out()?;
        Ok(self)
    }

    /// Presses keys, as tmux names them.
    fn presses(&self, keys: &[&str]) -> Result<&Self> {
        self.tmux().args(["send-keys"]).args(keys).out()?;
        Ok(self)
    }

    fn now(&self) -> Result<String> {
        self.tmux().args(["capture-pane", "-p"]).out()
    }

    /// Waits until the screen shows that; the whole screen.
    fn shows(&self, text: &str) -> Result<String> {
        let mut last = String::new();
        let shown = until(SOON, &format!("the screen shows {text:?}"), || {
            last = self.now()?;
            Ok(last.contains(text).then(|| last.clone()))
        });
        shown.with_context(|| last.clone())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _gone_already = self.tmux().args(["kill-server"]).run();
    }
}

#[test]
fn somebody_types_into_it() -> Result<()> {
    let gateway = house()?;
    let screen = Screen::open(&gateway)?;

    // A secret is masked in what is said back and in the history.
    screen.types(&format!("LGI: OP=\"user@acme\", PWD=\"{PASSWORD}\";"))?.presses(&["Enter"])?;
    screen.shows("PWD=*****;%%")?;
    screen.shows("PRINCIPAL  =  user")?;

    // Completion.
    screen.types("LST OFF")?.presses(&["Tab"])?;
    screen.shows("MML> LST OFFER")?;
    screen.presses(&["C-u"])?;

    // Line editing: a letter is taken out in the middle.
    screen.types("DSP OFFFER: NAME=\"hello\";")?.presses(&["Home"])?;
    screen.presses(&["Right", "Right", "Right", "Right", "Right", "Right", "DC"])?;
    screen.shows("MML> DSP OFFER: NAME=\"hello\";")?;
    screen.presses(&["Enter"])?;
    screen.shows("OFFER hello")?;

    // Help.
    screen.types("ADD ORDER?")?.presses(&["Enter"])?;
    let help = screen.shows("PARAMETERS")?;
    assert!(help.contains("OFFER") && help.contains("WAIT"), "{help}");

    // Progress.
    screen.types("ADD ORDER: NAME=\"demo\", OFFER=\"hello\", WAIT=60;")?.presses(&["Enter"])?;
    screen.shows("COMPLETED")?;

    // What was typed before comes back, its secrets masked.
    for _ in 0..4 {
        screen.presses(&["Up"])?;
    }
    screen.presses(&["C-u", "C-d"])?;
    let history = until(SOON, "the history is kept", || {
        Ok(fs::read_to_string(gateway.place().path().join(".strowger_mml_history")).ok())
    })?;
    assert!(history.contains("ADD ORDER") && !history.contains(PASSWORD), "{history}");
    Ok(())
}
