//! "Did you mean": the nearest of a few words.

/// The word of `known` that `said` most likely meant: at most a third of its letters differ.
pub(crate) fn near<'a>(said: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let said = plain(said);
    if said.len() > 64 {
        return None;
    }
    known
        .map(|word| (distance(&said, &plain(word)), word))
        .filter(|(distance, word)| *distance > 0 && *distance <= word.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn plain(word: &str) -> Vec<u8> {
    word.bytes().filter(|b| !matches!(b, b'-' | b'_')).map(|b| b.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance, in one row.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(b) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*slot + 1);
            diagonal = std::mem::replace(slot, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["ORDER", "OFFER", "IN_PROGRESS"];
        for (said, meant) in
            [("ODER", Some("ORDER")), ("offr", Some("OFFER")), ("INPROGRES", Some("IN_PROGRESS")), ("ZZ", None)]
        {
            assert_eq!(near(said, known.into_iter()), meant, "{said}");
        }
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }
}
