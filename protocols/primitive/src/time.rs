//! Wall time in RFC 3339, and deadlines.

use std::fmt;
use std::time::{Duration, Instant};

/// Wall time: milliseconds since 1970-01-01T00:00:00Z. Printed with three digits and `Z`, read with any offset
/// (RFC 3339 §5.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub i64);

/// Why a text is no [`Time`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTime;

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time is RFC 3339, as 2026-11-24T12:00:03.000Z")
    }
}

impl std::error::Error for BadTime {}

const DAY: i64 = 86_400_000;
/// 0000-01-01 and 9999-12-31T23:59:59.999, the range RFC 3339 can write.
const EARLIEST: i64 = -62_167_219_200_000;
const LATEST: i64 = 253_402_300_799_999;

impl Time {
    /// Reads RFC 3339; what is finer than a millisecond is cut.
    ///
    /// # Errors
    /// [`BadTime`] where the text is no RFC 3339 time or names a day that does not exist.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        parse(text.as_bytes()).ok_or(BadTime)
    }

    /// The moment `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

fn parse(text: &[u8]) -> Option<Time> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let at = |i: usize, any: &[u8]| text.get(i).is_some_and(|b| any.contains(b));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
        return None;
    }
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = 19;
    let mut milliseconds = 0;
    if at(rest, b".") {
        let digits = text.get(rest + 1..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let kept = digits.min(3);
        milliseconds = number(rest + 1, rest + 1 + kept)? * [1000, 100, 10, 1].get(kept)?;
        rest += 1 + digits;
    }
    let offset = if at(rest, b"Zz") && text.len() == rest + 1 {
        0
    } else if at(rest, b"+-") && at(rest + 3, b":") && text.len() == rest + 6 {
        let (hours, minutes) = (number(rest + 1, rest + 3)?, number(rest + 4, rest + 6)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        let size = (hours * 60 + minutes) * 60_000;
        if at(rest, b"-") { -size } else { size }
    } else {
        return None;
    };
    // A leap second is the last millisecond's neighbour: it becomes the next minute's first second.
    let of_day = ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
    let time = days_from_civil(year, month, day) * DAY + of_day - offset;
    (EARLIEST..=LATEST).contains(&time).then_some(Time(time))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.clamp(EARLIEST, LATEST);
        let (year, month, day) = civil_from_days(time.div_euclid(DAY));
        let ms = time.rem_euclid(DAY);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |last: usize, mut number: i64| {
            // Every document shows some times, so digits are put without the machinery that pads them.
            for digit in text.iter_mut().take(last + 1).rev().take_while(|digit| digit.is_ascii_digit()) {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        };
        put(3, year);
        put(6, month);
        put(9, day);
        put(12, ms / 3_600_000);
        put(15, ms / 60_000 % 60);
        put(18, ms / 1000 % 60);
        put(22, ms % 1000);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March so that the leap day is last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

/// The moment by which a Final answer is due. It is only ever shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// What is left at `now`; zero where it has passed.
    #[must_use]
    pub fn left(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// The earlier of this and `within` from `now`.
    #[must_use]
    pub fn shortened(self, now: Instant, within: Duration) -> Self {
        now.checked_add(within).map_or(self, |earlier| Self(self.0.min(earlier)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_reads_and_prints() {
        for (text, printed) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("2026-11-24T12:00:03.1239+01:00", "2026-11-24T11:00:03.123Z"),
            ("2024-02-29t23:59:60.5z", "2024-03-01T00:00:00.500Z"),
            ("1969-12-31T23:59:59.999-00:00", "1969-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Time::parse(text).map(|t| t.to_string()).as_deref(), Ok(printed), "{text}");
        }
        for bad in [
            "",
            "2026-11-24",
            "2025-02-29T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T12:00:00",
            "2026-11-24T12:00:00.Z",
            "2026-11-24T12:00:00+1:00",
            "９026-11-24T12:00:00Z",
        ] {
            assert_eq!(Time::parse(bad), Err(BadTime), "{bad}");
        }
    }

    #[test]
    fn every_day_reads_back() {
        for day in (-719_528..2_932_896).step_by(37) {
            let time = Time(day * DAY + 12_345);
            assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }
    }
}
