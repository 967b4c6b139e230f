//! `${name}` in what an offer declares: replaced once, from left to right; what is put in is not looked at again.
//! `$${` stands for `${` itself.

use std::collections::BTreeMap;

use strowger_primitive::Text;

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfilled {
    #[error(
        "${{{0}}} is no parameter, and none of service, tenant, workspace and port.NAME; write $${{ for ${{ itself"
    )]
    Unknown(String),
    #[error("${{ has no }} behind it; write $${{ for ${{ itself")]
    Open,
    #[error("it is longer than {LONGEST} octets with everything filled in")]
    Long,
}

/// Longest text with everything filled in, in octets.
pub(crate) const LONGEST: usize = 1 << 20;

/// `text` with everything filled in.
pub(crate) fn fill(text: &str, values: &BTreeMap<Text, Text>) -> Result<String, Unfilled> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, behind) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = behind;
        } else {
            let (name, behind) = behind.split_once('}').ok_or(Unfilled::Open)?;
            filled.push_str(before);
            filled.push_str(values.get(name).ok_or_else(|| Unfilled::Unknown(short(name)))?);
            rest = behind;
        }
        if filled.len() > LONGEST {
            return Err(Unfilled::Long);
        }
    }
    filled.push_str(rest);
    if filled.len() > LONGEST { Err(Unfilled::Long) } else { Ok(filled) }
}

fn short(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Unfilled> {
        let values = [("a", "1"), ("b", "${a}"), ("port.http", "80"), ("empty", "")];
        fill(text, &values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    #[test]
    fn names_are_replaced_once() {
        for (text, filled) in [
            ("", ""),
            ("plain $a {b} $", "plain $a {b} $"),
            ("${a}${a}-${port.http}", "11-80"),
            ("${b}", "${a}"),
            ("<${empty}>", "<>"),
            ("$${a} $$${a} ä${a}", "${a} $${a} ä1"),
        ] {
            assert_eq!(with(text).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_is_said() {
        assert_eq!(with("${c}"), Err(Unfilled::Unknown("c".into())));
        assert_eq!(with("${}"), Err(Unfilled::Unknown(String::new())));
        assert_eq!(with("x ${a"), Err(Unfilled::Open));
        let said = with("${c}").unwrap_err().to_string();
        assert!(said.starts_with("${c} is no parameter") && said.ends_with("write $${ for ${ itself"), "{said}");
    }

    #[test]
    fn a_text_does_not_grow_without_end() {
        let values = BTreeMap::from([("a".into(), "x".repeat(1_024).into())]);
        assert_eq!(fill(&"${a}".repeat(2_000), &values), Err(Unfilled::Long));
        assert_eq!(fill(&"${a}".repeat(1_000), &values).map(|text| text.len()), Ok(1_024_000));
    }
}
