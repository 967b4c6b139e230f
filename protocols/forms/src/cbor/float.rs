//! Floats in the shortest form that keeps their value (RFC 8949 §4.2.1).

use super::head::SIMPLE;

/// Writes a finite float in 2, 4 or 8 octets.
pub(super) fn put(value: f64, out: &mut Vec<u8>) {
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original below")]
    let single = value as f32;
    if f64::from(single).to_bits() != value.to_bits() {
        out.push(SIMPLE << 5 | 27);
        out.extend_from_slice(&value.to_be_bytes());
    } else if let Some(half) = half_of(single) {
        out.push(SIMPLE << 5 | 25);
        out.extend_from_slice(&half.to_be_bytes());
    } else {
        out.push(SIMPLE << 5 | 26);
        out.extend_from_slice(&single.to_be_bytes());
    }
}

/// The float whose bits are `bits`, of the width that `info` tells; `None` where it is none, is not finite or has a
/// shorter form.
pub(super) fn of(info: u8, bits: u64) -> Option<f64> {
    let value = match info {
        25 => f64::from(single_of(u16::try_from(bits).ok()?)),
        26 => f64::from(f32::from_bits(u32::try_from(bits).ok()?)),
        27 => f64::from_bits(bits),
        _ => return None,
    };
    let mut shortest = Vec::with_capacity(9);
    put(value, &mut shortest);
    (value.is_finite() && shortest.len() == 1 + (1 << (info - 24))).then_some(value)
}

/// The half-precision float of the same value (IEEE 754 binary16), where there is one.
fn half_of(single: f32) -> Option<u16> {
    let bits = single.to_bits();
    let sign = bits >> 16 & 0x8000;
    let exponent = (bits >> 23 & 0xFF).cast_signed() - 127;
    let fraction = bits & 0x7F_FFFF;
    let half = match exponent {
        -127 if fraction == 0 => 0,
        -14..=15 if fraction.trailing_zeros() >= 13 => (exponent + 15).cast_unsigned() << 10 | fraction >> 13,
        // Below the normal range the leading one becomes part of the fraction.
        -24..=-15 => {
            let shift = (-exponent - 1).cast_unsigned();
            let whole = fraction | 0x80_0000;
            if whole.trailing_zeros() < shift {
                return None;
            }
            whole >> shift
        }
        _ => return None,
    };
    u16::try_from(sign | half).ok()
}

/// The single-precision float of the same value.
fn single_of(half: u16) -> f32 {
    let (exponent, fraction) = (u32::from(half >> 10 & 0x1F), u32::from(half & 0x3FF));
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    match exponent {
        0 => sign * f32::from(half & 0x3FF) * f32::from_bits((127 - 24) << 23),
        31 => f32::from_bits(0x7F80_0000 | fraction << 13),
        _ => sign * f32::from_bits((exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_reads_back() {
        for half in 0..=u16::MAX {
            let single = single_of(half);
            if single.is_finite() {
                assert_eq!(half_of(single), Some(half), "{half:04x} {single}");
            }
        }
    }

    #[test]
    fn the_examples_of_rfc_8949_appendix_a() {
        for (value, octets) in [
            (0.0, "f90000"),
            (-0.0, "f98000"),
            (1.0, "f93c00"),
            (1.1, "fb3ff199999999999a"),
            (65504.0, "f97bff"),
            (100_000.0, "fa47c35000"),
            (3.402_823_466_385_288_6e38, "fa7f7fffff"),
            (1.0e300, "fb7e37e43c8800759c"),
            (5.960_464_477_539_063e-8, "f90001"),
            (0.000_061_035_156_25, "f90400"),
            (-4.0, "f9c400"),
            (-4.1, "fbc010666666666666"),
        ] {
            let mut out = Vec::new();
            put(value, &mut out);
            let hex: String = out.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, octets, "{value}");
            let bits = out[1..].iter().fold(0, |n, b| n << 8 | u64::from(*b));
            assert_eq!(of(out[0] & 31, bits).map(f64::to_bits), Some(value.to_bits()));
        }
        assert_eq!(of(27, 1.0f64.to_bits()), None, "longer than need be");
        assert_eq!(of(25, 0x7C00), None, "infinite");
    }
}
