//! Where one command ends and the next begins.

/// Finds the ends of commands in a stream, octet by octet, each looked at once. `;` ends a command, and so does `?`
/// (help on what was typed so far), outside strings and comments.
///
/// ```
/// let mut splitter = strowger_speech::Splitter::default();
/// let ends: Vec<bool> = br#"A="x;y";"#.iter().map(|octet| splitter.ends(*octet)).collect();
/// assert_eq!(ends, [false, false, false, false, false, false, false, true]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    state: State,
    any: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    Slash,
    Line,
    Block,
    BlockStar,
    Quoted,
    Escaped,
}

impl Splitter {
    /// Takes one octet; true where it is the last of a command.
    pub fn ends(&mut self, octet: u8) -> bool {
        self.state = match (self.state, octet) {
            (State::Plain | State::Slash, b';' | b'?') => {
                *self = Self::default();
                return true;
            }
            (State::Slash, b'/') => State::Line,
            (State::Slash, b'*') => State::Block,
            (State::Plain, b'/') => State::Slash,
            (State::Plain | State::Slash, b'"') | (State::Escaped, _) => State::Quoted,
            (State::Plain | State::Slash, _) | (State::Quoted, b'"') | (State::Line, b'\n') => State::Plain,
            (State::BlockStar, b'/') => State::Plain,
            (State::Block | State::BlockStar, b'*') => State::BlockStar,
            (State::Block | State::BlockStar, _) => State::Block,
            (State::Quoted, b'\\') => State::Escaped,
            (State::Quoted, _) => State::Quoted,
            (State::Line, _) => State::Line,
        };
        self.any |= !octet.is_ascii_whitespace();
        false
    }

    /// Whether a command is begun: something other than white space came behind the last end.
    #[must_use]
    pub fn within(&self) -> bool {
        self.any
    }
}

/// The commands of a text, each with its end; the last one may have none. White space alone is no command.
pub fn commands(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut splitter = Splitter::default();
        let end = rest.bytes().position(|octet| splitter.ends(octet)).map_or(rest.len(), |i| i + 1);
        let (command, behind) = rest.split_at_checked(end)?;
        rest = behind;
        (!command.trim().is_empty()).then_some(command)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_ends_a_command_outside_strings_and_comments() {
        for (text, expected) in [
            ("A;B;", &["A;", "B;"][..]),
            ("A;\r\n B ;\n", &["A;", "\r\n B ;"]),
            (r#"A="x;\";";B"#, &[r#"A="x;\";";"#, "B"]),
            ("A/*;*/;/**/B;", &["A/*;*/;", "/**/B;"]),
            ("A/***;***/;", &["A/***;***/;"]),
            ("A//;?\n;B?C;", &["A//;?\n;", "B?", "C;"]),
            ("A/\"x;\";", &["A/\"x;\";"]),
            ("A/;B", &["A/;", "B"]),
            ("  \n", &[]),
        ] {
            assert_eq!(commands(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn white_space_begins_no_command() {
        let mut splitter = Splitter::default();
        assert!(!splitter.ends(b'\n') && !splitter.within());
        assert!(!splitter.ends(b'a') && splitter.within());
        assert!(splitter.ends(b';') && !splitter.within());
    }
}
