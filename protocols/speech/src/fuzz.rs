//! What fuzzers call: any octets through everything that reads text.

use strowger_primitive::Schema;

use crate::{commands, complete, help, mask, parse};

/// Reads `octets` as text, whole and command by command.
pub fn text(schema: &Schema, octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    for command in commands(&text).chain([&*text]) {
        let _echo = mask(schema, command);
        if let Err(bad) = parse(schema, command) {
            let _fault = bad.into_fault();
        }
    }
    let words: Vec<&str> = text.split_whitespace().take(4).collect();
    let _help = help(schema, &words);
    for at in [0, text.len() / 2, text.len()] {
        let _candidates = complete(schema, &text, at);
    }
}
