//! How far one word is from another, for "did you mean".

/// Octets to mend between two words (Levenshtein); two neighbours in the wrong order are one slip. It costs the product
/// of the lengths: the caller bounds them.
#[must_use]
pub fn slips(a: &[u8], b: &[u8]) -> usize {
    let mut wrong = a.iter().zip(b).enumerate().filter(|(_, (x, y))| x != y);
    let swapped = match (wrong.next(), wrong.next(), wrong.next()) {
        (Some((i, (x, y))), Some((j, (z, w))), None) => a.len() == b.len() && j == i + 1 && x == w && y == z,
        _ => false,
    };
    if swapped { 1 } else { distance(a, b) }
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
    fn slips_are_counted() {
        for (a, b, n) in [("kitten", "sitting", 3), ("helo", "hello", 1), ("hlelo", "hello", 1), ("", "ab", 2)] {
            assert_eq!(slips(a.as_bytes(), b.as_bytes()), n, "{a} {b}");
        }
    }
}
