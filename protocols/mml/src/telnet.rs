//! Telnet (RFC 854): its commands are taken out of the text and every option is refused, so that a telnet client
//! stays in plain line mode; line ends become LF. Peers that know no telnet never notice.

/// What an octet meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An octet of text.
    Text(u8),
    /// Part of something.
    Nothing,
    /// It must be answered with these octets.
    Refuse([u8; 3]),
    /// Are you there?
    AreYouThere,
    /// Stop what you are doing: IAC IP, IAC BRK or Ctrl-C.
    Interrupt,
    /// Forget the line: IAC EL or Ctrl-U.
    Erase,
}

/// Reads one connection, octet by octet.
#[derive(Debug, Default)]
pub(crate) struct Telnet(State);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    /// Behind CR: the LF or NUL that belongs to it is swallowed.
    Return,
    Command,
    Option(u8),
    Sub,
    SubCommand,
}

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const EL: u8 = 248;
const AYT: u8 = 246;
const IP: u8 = 244;
const BRK: u8 = 243;
const SE: u8 = 240;
const CTRL_C: u8 = 3;
const CTRL_U: u8 = 21;

impl Telnet {
    /// Takes one octet.
    pub(crate) fn hear(&mut self, octet: u8) -> Heard {
        match self.0 {
            State::Return if matches!(octet, b'\n' | 0) => {
                self.0 = State::Text;
                Heard::Nothing
            }
            State::Text | State::Return => self.text(octet),
            State::Command => self.command(octet),
            State::Option(verb) => {
                self.0 = State::Text;
                // RFC 855 §1: a refusal is never refused again, so no loop can arise.
                match verb {
                    WILL => Heard::Refuse([IAC, DONT, octet]),
                    DO => Heard::Refuse([IAC, WONT, octet]),
                    _ => Heard::Nothing,
                }
            }
            State::Sub => {
                if octet == IAC {
                    self.0 = State::SubCommand;
                }
                Heard::Nothing
            }
            State::SubCommand => {
                self.0 = if octet == SE { State::Text } else { State::Sub };
                Heard::Nothing
            }
        }
    }

    /// Where the last interrupt in octets not yet taken ends. They are read, not searched: 3 is an option, too.
    pub(crate) fn last_interrupt(&self, octets: &[u8]) -> Option<usize> {
        let mut ahead = Self(self.0);
        let heard = octets.iter().zip(1..).filter(|(octet, _)| ahead.hear(**octet) == Heard::Interrupt);
        heard.last().map(|(_, end)| end)
    }

    fn text(&mut self, octet: u8) -> Heard {
        self.0 = State::Text;
        match octet {
            IAC => {
                self.0 = State::Command;
                Heard::Nothing
            }
            b'\r' => {
                self.0 = State::Return;
                Heard::Text(b'\n')
            }
            CTRL_C => Heard::Interrupt,
            CTRL_U => Heard::Erase,
            octet => Heard::Text(octet),
        }
    }

    fn command(&mut self, octet: u8) -> Heard {
        self.0 = State::Text;
        match octet {
            // Two of them are one octet of data; UTF-8 has none, so the command is refused as it should be.
            IAC => Heard::Text(IAC),
            WILL | WONT | DO | DONT => {
                self.0 = State::Option(octet);
                Heard::Nothing
            }
            SB => {
                self.0 = State::Sub;
                Heard::Nothing
            }
            AYT => Heard::AreYouThere,
            IP | BRK => Heard::Interrupt,
            EL => Heard::Erase,
            _ => Heard::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(octets: &[u8]) -> (Vec<u8>, Vec<Heard>) {
        let mut telnet = Telnet::default();
        let mut text = Vec::new();
        let mut rest = Vec::new();
        for octet in octets {
            let heard = telnet.hear(*octet);
            match heard {
                Heard::Text(octet) => text.push(octet),
                Heard::Nothing => {}
                Heard::Refuse(_) | Heard::AreYouThere | Heard::Interrupt | Heard::Erase => rest.push(heard),
            }
        }
        (text, rest)
    }

    #[test]
    fn line_ends_become_one() {
        assert_eq!(heard(b"a\r\nb\r\0c\nd\re\r").0, b"a\nb\nc\nd\ne\n");
    }

    #[test]
    fn options_are_refused_and_refusals_are_not_answered() {
        let (text, rest) = heard(&[IAC, DO, 1, b'a', IAC, WILL, 31, IAC, WONT, 1, IAC, DONT, 3, b'b', IAC, 241]);
        assert_eq!(text, b"ab");
        assert_eq!(rest, [Heard::Refuse([IAC, WONT, 1]), Heard::Refuse([IAC, DONT, 31])]);
    }

    #[test]
    fn subnegotiation_is_passed_over() {
        assert_eq!(heard(&[b'a', IAC, SB, 24, 3, IAC, IAC, b';', IAC, SE, b'b']).0, b"ab");
    }

    #[test]
    fn interrupts_are_heard() {
        let (_, rest) = heard(&[CTRL_C, IAC, IP, IAC, BRK, CTRL_U, IAC, EL, IAC, AYT]);
        use Heard::{AreYouThere, Erase, Interrupt};
        assert_eq!(rest, [Interrupt, Interrupt, Interrupt, Erase, Erase, AreYouThere]);
        let last = |octets: &[u8]| Telnet::default().last_interrupt(octets);
        assert_eq!(last(b"a\x03b\xff\xf4c"), Some(5));
        assert_eq!(last(b"abc"), None);
        // Options and what is agreed on them hold any octet (RFC 854, RFC 855).
        assert_eq!(last(&[IAC, DO, CTRL_C, IAC, WILL, CTRL_C, IAC, SB, 31, CTRL_C, 0, IAC, SE]), None);
    }
}
