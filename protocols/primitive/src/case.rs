//! Kebab-case names as each protocol writes them. Names are unique in a kind without hyphens and case, so each
//! conversion can be undone.

/// `max-calls` as JSON, XSD and form variables write it: `maxCalls`.
#[must_use]
pub fn camel(kebab: &str) -> String {
    capitalised(kebab, false)
}

/// `max-calls` as CIM and code generators write it: `MaxCalls`.
#[must_use]
pub fn pascal(kebab: &str) -> String {
    capitalised(kebab, true)
}

/// `max-calls` as MML writes it: `MAX_CALLS`.
#[must_use]
pub fn upper(kebab: &str) -> String {
    kebab.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_uppercase() }).collect()
}

/// Whether `said` is `kebab` when case, hyphens and underscores are ignored, as a person may type it.
#[must_use]
pub fn same_word(said: &str, kebab: &str) -> bool {
    said == kebab || plain(said).eq(plain(kebab))
}

/// The letters of a word as they are compared.
fn plain(word: &str) -> impl Iterator<Item = u8> + '_ {
    word.bytes().filter(|b| !matches!(b, b'-' | b'_')).map(|b| b.to_ascii_lowercase())
}

fn capitalised(kebab: &str, mut next: bool) -> String {
    let mut out = String::with_capacity(kebab.len());
    for c in kebab.chars() {
        if c == '-' {
            next = true;
        } else if next {
            out.push(c.to_ascii_uppercase());
            next = false;
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_case() {
        assert_eq!(camel("max-calls"), "maxCalls");
        assert_eq!(pascal("max-calls"), "MaxCalls");
        assert_eq!(upper("max-calls"), "MAX_CALLS");
        assert!(same_word("MaxCalls", "max-calls") && same_word("MAX_CALLS", "max-calls"));
        assert!(!same_word("maxcall", "max-calls"));
    }
}
