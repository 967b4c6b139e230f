//! Medians and quantiles.

use std::time::Duration;

/// The middle one; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0.0);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => at(n / 2),
        n => f64::midpoint(at(n / 2 - 1), at(n / 2)),
    }
}

/// The one below which so many of a thousand lie (nearest rank).
pub(crate) fn quantile(times: &mut [Duration], thousandths: usize) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * thousandths).div_ceil(1_000).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

/// One in another; 0 where that is 0.
pub(crate) fn ratio(of: f64, to: f64) -> f64 {
    if to == 0.0 { 0.0 } else { of / to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        for (values, middle) in [(&[][..], 0.0), (&[3.0], 3.0), (&[9.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5)] {
            assert!((median(values) - middle).abs() < f64::EPSILON, "{values:?}");
        }
        assert!(ratio(1.0, 0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut times: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut times, 500), Duration::from_millis(50));
        assert_eq!(quantile(&mut times, 990), Duration::from_millis(99));
        assert_eq!(quantile(&mut times, 1_000), Duration::from_millis(100));
        assert_eq!(quantile(&mut [], 500), Duration::ZERO);
    }
}
