//! From text to commands, with bounds: a command too long is refused once and passed over to its end.

use strowger_speech::{LONGEST, Splitter};

/// What of a command too long is passed over before the connection is given up.
const PATIENCE: usize = 1 << 20;

/// The text of the command that is being typed.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    text: Vec<u8>,
    splitter: Splitter,
    /// Octets of a command too long that were passed over.
    passed: Option<usize>,
}

/// What came of an octet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The command goes on.
    More,
    /// A command, with its end.
    Command(Vec<u8>),
    /// The command is too long; what follows of it is passed over.
    TooLong,
    /// It does not end.
    Endless,
}

impl Intake {
    /// Takes one octet of text.
    pub(crate) fn take(&mut self, octet: u8) -> Taken {
        let ends = self.splitter.ends(octet);
        if let Some(passed) = &mut self.passed {
            *passed += 1;
            if *passed > PATIENCE {
                return Taken::Endless;
            }
            if ends {
                self.passed = None;
            }
            return Taken::More;
        }
        if !ends && !self.splitter.within() {
            // White space between commands.
            return Taken::More;
        }
        if self.text.len() >= LONGEST {
            self.text = Vec::new();
            self.passed = (!ends).then_some(0);
            return Taken::TooLong;
        }
        self.text.push(octet);
        if ends { Taken::Command(std::mem::take(&mut self.text)) } else { Taken::More }
    }

    /// Forgets what was typed of a command.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What was typed of a command that never ended.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(self).text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(intake: &mut Intake, octets: &[u8]) -> Vec<Taken> {
        octets.iter().map(|o| intake.take(*o)).filter(|t| *t != Taken::More).collect()
    }

    #[test]
    fn commands_come_out_one_by_one() {
        let mut intake = Intake::default();
        let all = taken(&mut intake, b" \n LST ORDER:;\n A=\";\"; LGO");
        assert_eq!(all, [Taken::Command(b"LST ORDER:;".to_vec()), Taken::Command(b"A=\";\";".to_vec())]);
        assert_eq!(intake.rest(), b"LGO");
        assert_eq!(intake.rest(), b"");
    }

    #[test]
    fn a_command_too_long_is_passed_over_to_its_end() {
        let mut intake = Intake::default();
        let long = |n: usize| [vec![b'a'; n], b";".to_vec()].concat();
        assert_eq!(taken(&mut intake, &long(LONGEST - 1)).len(), 1, "the longest");
        let mut octets = long(LONGEST);
        octets.extend(b"B;");
        assert_eq!(taken(&mut intake, &octets), [Taken::TooLong, Taken::Command(b"B;".to_vec())]);
        let quoted = [vec![b'"'], vec![b'a'; LONGEST], b";RMV X:;\"; C;".to_vec()].concat();
        assert_eq!(
            taken(&mut intake, &quoted),
            [Taken::TooLong, Taken::Command(b"C;".to_vec())],
            "what stands in a string is never taken for a command"
        );
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let mut intake = Intake::default();
        let all = taken(&mut intake, &vec![b'a'; LONGEST + PATIENCE + 2]);
        assert_eq!(all.first(), Some(&Taken::TooLong));
        assert_eq!(all.get(1), Some(&Taken::Endless));
        assert!(intake.rest().capacity() <= 2 * LONGEST);
    }
}
