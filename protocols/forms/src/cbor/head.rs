//! Heads of data items (RFC 8949 §3): the major type and its argument, in the shortest form.

/// Why stored octets are no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored document: {why} at octet {at}")]
pub struct BadCbor {
    /// Where, counted from 0.
    pub at: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// Major types.
pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const OCTETS: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;
pub(super) const SIMPLE: u8 = 7;

/// The tag of a decimal fraction (RFC 8949 §3.4.4).
pub(super) const DECIMAL_FRACTION: u64 = 4;

/// Writes a head.
pub(super) fn put(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let octets = argument.to_be_bytes();
    let (info, from) = match argument {
        0..24 => return out.push(major | octets.last().copied().unwrap_or(0)),
        24..0x100 => (24, 7),
        0x100..0x1_0000 => (25, 6),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 0),
    };
    out.push(major | info);
    out.extend_from_slice(octets.get(from..).unwrap_or_default());
}

/// Reads items of a document.
#[derive(Clone, Copy)]
pub(super) struct Items<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

/// A head as it was read.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) major: u8,
    /// The low five bits: of a simple value they tell a float's width.
    pub(super) info: u8,
    pub(super) argument: u64,
}

impl<'a> Items<'a> {
    /// The next head. Indefinite lengths and arguments that would fit fewer octets are refused.
    pub(super) fn head(&mut self) -> Result<Head, BadCbor> {
        let first = *self.bytes.get(self.at).ok_or_else(|| self.bad("the end comes too early"))?;
        let (major, info) = (first >> 5, first & 31);
        let width = match info {
            0..24 => {
                self.at += 1;
                return Ok(Head { major, info, argument: info.into() });
            }
            24..=27 => 1usize << (info - 24),
            31 => return Err(self.bad("an indefinite length")),
            _ => return Err(self.bad("a reserved head")),
        };
        let octets = self.bytes.get(self.at + 1..self.at + 1 + width);
        let octets = octets.ok_or_else(|| self.bad("the end comes too early"))?;
        let argument = octets.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let least = [24, 0x100, 0x1_0000, 0x1_0000_0000].get(usize::from(info - 24)).copied().unwrap_or(0);
        // Floats are no numbers of this sort, and simple values below 32 have one octet only (RFC 8949 §3.3).
        let least = if major != SIMPLE {
            least
        } else if info == 24 {
            32
        } else {
            0
        };
        if argument < least {
            return Err(self.bad("a number that is not in its shortest form"));
        }
        self.at += 1 + width;
        Ok(Head { major, info, argument })
    }

    /// The octets a string's head announced.
    pub(super) fn take(&mut self, length: u64) -> Result<&'a [u8], BadCbor> {
        let end = usize::try_from(length).ok().and_then(|n| self.at.checked_add(n));
        let octets = end.and_then(|end| self.bytes.get(self.at..end));
        let octets = octets.ok_or_else(|| self.bad("a length beyond the end"))?;
        self.at += octets.len();
        Ok(octets)
    }

    /// A count of items, each of which takes at least `least` octets of what is left.
    pub(super) fn count(&self, announced: u64, least: usize) -> Result<usize, BadCbor> {
        let left = self.bytes.len().saturating_sub(self.at);
        usize::try_from(announced)
            .ok()
            .filter(|n| n.checked_mul(least).is_some_and(|octets| octets <= left))
            .ok_or_else(|| self.bad("a length beyond the end"))
    }

    /// The text a string's head announced.
    pub(super) fn text(&mut self, length: u64) -> Result<&'a str, BadCbor> {
        let start = self.at;
        std::str::from_utf8(self.take(length)?).map_err(|_| BadCbor { at: start, why: "text that is not UTF-8" })
    }

    pub(super) fn bad(&self, why: &'static str) -> BadCbor {
        BadCbor { at: self.at, why }
    }
}
