//! "Did you mean": the nearest of a few words, and what is said of a word that means nothing.

use strowger_primitive::{Schema, slips, upper};

use crate::Bad;
use crate::form::verbs;

/// The word of `known` that `said` most likely meant: at most a third of its letters differ.
pub(crate) fn near<'a>(said: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let said = plain(said);
    if said.len() > 64 {
        return None;
    }
    known
        .map(|word| (slips(&said, &plain(word)), word))
        .filter(|(distance, word)| *distance > 0 && *distance <= word.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Why a word is no verb. The word itself is not repeated: it may be the rest of a secret.
pub(crate) fn unknown_verb(schema: &Schema, verb: &str) -> Bad {
    let known = verbs(schema);
    let hint = near(verb, known.iter().map(|(word, _)| word.as_str()));
    Bad::UnknownCommand(match hint {
        Some(word) => format!("there is no such command; did you mean {word}? HLP; lists all"),
        None => "there is no such command; HLP; lists all".to_owned(),
    })
}

/// Why a word is no kind.
pub(crate) fn unknown_kind(schema: &Schema, object: &str) -> Bad {
    let known: Vec<String> = schema.kinds().map(|k| upper(k.name)).collect();
    let hint = match near(object, known.iter().map(String::as_str)) {
        Some(word) => format!("did you mean {word}?"),
        None => format!("there are {}", known.join(", ")),
    };
    Bad::UnknownKind(format!("there is no kind {}; {hint}", cut(object)))
}

/// A word as far as it helps the reader.
pub(crate) fn cut(word: &str) -> String {
    let mut short: String = upper(word).chars().take(32).collect();
    if short.len() < word.len() {
        short.push_str("...");
    }
    short
}

fn plain(word: &str) -> Vec<u8> {
    word.bytes().filter(|b| !matches!(b, b'-' | b'_')).map(|b| b.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["ORDER", "OFFER", "IN_PROGRESS"];
        for (said, meant) in [
            ("ODER", Some("ORDER")),
            ("ODRER", Some("ORDER")),
            ("ROREDR", None),
            ("offr", Some("OFFER")),
            ("INPROGRES", Some("IN_PROGRESS")),
            ("ZZ", None),
        ] {
            assert_eq!(near(said, known.into_iter()), meant, "{said}");
        }
    }
}
