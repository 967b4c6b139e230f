//! Octets in hexadecimal.

/// Reads an even number of digits.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// Prints octets with two small digits each.
pub(crate) fn print(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn octets_read_back() {
        assert_eq!(super::read("00fFa1"), Some(vec![0, 255, 0xa1]));
        assert_eq!(super::print(&[0, 255, 0xa1]), "00ffa1");
        assert_eq!(super::read("0"), None);
        assert_eq!(super::read("0g"), None);
    }
}
