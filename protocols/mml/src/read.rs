//! From octets to commands, and what is heard while one is in hand.

use bytes::{Buf as _, BytesMut};
use strowger_primitive::{Fault, FaultKind, Now};
use strowger_speech::{Act, Bad, Command, Splitter, mask, parse};

use crate::intake::Taken;
use crate::session::Session;
use crate::telnet::Heard;

/// So much is said at one go; the rest of what was typed waits until it is sent.
const AT_ONE_GO: usize = 16 * 1_024;

impl Session {
    /// Reads what the peer sent: up to the end of one command where that is not done at once, else as long as not too
    /// much is said.
    pub(crate) fn read(&mut self, now: Now, octets: &mut BytesMut) {
        if self.hand.is_some() {
            self.overheard(now, octets);
            self.next_page(now);
            return;
        }
        if self.marked && !octets.is_empty() {
            octets.advance(1);
            self.marked = false;
        }
        while !self.closing && self.out.len() < AT_ONE_GO {
            let Some(octet) = octets.first().copied() else { return };
            self.hear(now, octet);
            if self.hand.is_some() {
                self.marked = true;
                return;
            }
            octets.advance(1);
        }
        if self.closing {
            octets.clear();
        }
    }

    fn hear(&mut self, now: Now, octet: u8) {
        match self.telnet.hear(octet) {
            Heard::Nothing => {}
            Heard::Refuse(octets) => self.out.extend_from_slice(&octets),
            Heard::AreYouThere => self.out.extend_from_slice(b"[yes]\r\n"),
            Heard::Interrupt | Heard::Erase => self.intake.forget(),
            Heard::Text(octet) => match self.intake.take(octet) {
                Taken::More => {}
                Taken::Command(octets) => self.command(now, &octets),
                Taken::TooLong => {
                    let label = self.label(String::from("*****"));
                    self.fault(now, &label, &Bad::TooLong.into_fault(), &[]);
                    self.done(now);
                }
                Taken::Endless => self.close(now, "a command without end; goodbye"),
            },
        }
    }

    fn command(&mut self, now: Now, octets: &[u8]) {
        let Ok(text) = std::str::from_utf8(octets) else {
            let label = self.label(mask(&self.shared.schema, &String::from_utf8_lossy(octets)));
            let text = "the command is not UTF-8";
            self.fault(now, &label, &Fault::new(FaultKind::Malformed, "syntax-error", text), &[]);
            return self.done(now);
        };
        match parse(&self.shared.schema, text) {
            Err(Bad::Empty) => {}
            Err(bad) => {
                let label = self.label(mask(&self.shared.schema, text));
                let declared = bad.declared();
                self.fault(now, &label, &bad.into_fault(), declared);
                self.done(now);
            }
            Ok(command) => {
                let label = self.label(mask(&self.shared.schema, text));
                self.perform(now, label, command);
            }
        }
    }

    /// Looks for the wish to stop the command in hand in what is typed behind it: Ctrl-C anywhere, or STP COMMAND
    /// next. What was typed before a Ctrl-C is forgotten.
    fn overheard(&mut self, now: Now, octets: &mut BytesMut) {
        let marked = usize::from(self.marked);
        let last = octets.get(marked..).and_then(|behind| self.telnet.last_interrupt(behind));
        if let Some(end) = last {
            let behind = octets.split_off(marked + end);
            octets.truncate(marked);
            octets.unsplit(behind);
            self.stop(now, None);
            return;
        }
        let Some(behind) = octets.get(usize::from(self.marked)..) else { return };
        let blank = behind.iter().take_while(|o| o.is_ascii_whitespace()).count();
        let next = behind.get(blank..).unwrap_or_default();
        if !next.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(b"stp")) {
            return;
        }
        let mut splitter = Splitter::default();
        let Some(end) = next.iter().position(|o| splitter.ends(*o)) else { return };
        let text = next.get(..=end).and_then(|t| std::str::from_utf8(t).ok()).unwrap_or_default();
        if let Ok(Command { act: Act::Stop, .. }) = parse(&self.shared.schema, text) {
            let label = self.label(mask(&self.shared.schema, text));
            let behind = octets.split_off(usize::from(self.marked) + blank + end + 1);
            octets.truncate(usize::from(self.marked));
            octets.unsplit(behind);
            self.stop(now, Some(label));
        }
    }
}
