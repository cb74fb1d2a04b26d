//! What a text means: a whole number, a size, a length of time, one of a few words. Each parser
//! says what is wrong and what would be right.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::finding::Wrong;

/// A whole number.
pub(super) fn whole(range: RangeInclusive<i64>) -> impl Fn(&str) -> Result<i64, Wrong> {
    move |text| {
        let fix = || {
            format!(
                "Write a whole number from {} to {}",
                range.start(),
                range.end()
            )
        };
        let number: i64 = text
            .trim()
            .replace('_', "")
            .parse()
            .map_err(|_| Wrong::new(format!("`{text}` is not a whole number"), fix()))?;
        within(number, &range, text).map_err(|reason| Wrong::new(reason, fix()))
    }
}

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// A number of bytes, such as `8 MiB`; without a unit, bytes.
pub(super) fn size(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, Wrong> {
    move |text| {
        let fix = || {
            format!(
                "Write a size from {} to {}",
                in_sizes(*range.start()),
                in_sizes(*range.end())
            )
        };
        let bytes = amount(text, &SIZES, 1).ok_or_else(|| {
            Wrong::new(
                format!("`{text}` is not a size (units: B, KiB, MiB, GiB, KB, MB, GB)"),
                fix(),
            )
        })?;
        within(bytes, &range, text).map_err(|reason| Wrong::new(reason, fix()))
    }
}

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

const TIMES: [(&str, u64); 16] = [
    ("ms", 1),
    ("s", SECOND_MS),
    ("second", SECOND_MS),
    ("seconds", SECOND_MS),
    ("m", MINUTE_MS),
    ("min", MINUTE_MS),
    ("minute", MINUTE_MS),
    ("minutes", MINUTE_MS),
    ("h", HOUR_MS),
    ("hour", HOUR_MS),
    ("hours", HOUR_MS),
    ("d", DAY_MS),
    ("day", DAY_MS),
    ("days", DAY_MS),
    ("week", 7 * DAY_MS),
    ("weeks", 7 * DAY_MS),
];

/// A length of time, such as `7 days`. Always with a unit.
pub(super) fn time(range: RangeInclusive<Duration>) -> impl Fn(&str) -> Result<Duration, Wrong> {
    move |text| {
        let fix = || {
            format!(
                "Write a time from {} to {}",
                in_times(*range.start()),
                in_times(*range.end())
            )
        };
        let wrong = || {
            Wrong::new(
                format!("`{text}` is not a length of time (units: ms, s, min, h, days)"),
                fix(),
            )
        };
        let time = Duration::from_millis(amount(text, &TIMES, 0).ok_or_else(wrong)?);
        within(time, &range, text).map_err(|reason| Wrong::new(reason, fix()))
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&str) -> Result<T, Wrong> {
    move |text| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        found.ok_or_else(|| {
            Wrong::new(
                format!("`{text}` is not one of its words"),
                format!("Write {}", names.join(" or ")),
            )
        })
    }
}

/// Any text that is not blank.
pub(super) fn text(text: &str) -> Result<String, Wrong> {
    if text.trim().is_empty() {
        Err(Wrong::new("is empty", "Write a text"))
    } else {
        Ok(text.to_owned())
    }
}

/// A number and its unit; `unitless` is what a missing unit counts, 0 if it must not be missing.
fn amount(text: &str, units: &[(&str, u64)], unitless: u64) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.replace('_', "").parse().ok()?;
    let unit = match unit.trim() {
        "" => unitless,
        unit => {
            units
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))?
                .1
        }
    };
    (unit > 0).then(|| number.checked_mul(unit))?
}

fn within<T: PartialOrd>(value: T, range: &RangeInclusive<T>, text: &str) -> Result<T, String> {
    if value < *range.start() {
        Err(format!("`{text}` is too low"))
    } else if value > *range.end() {
        Err(format!("`{text}` is too high"))
    } else {
        Ok(value)
    }
}

fn in_sizes(bytes: u64) -> String {
    let unit = SIZES
        .iter()
        .rev()
        .find(|(_, size)| bytes >= *size && bytes.is_multiple_of(*size))
        .unwrap_or(&SIZES[0]);
    format!("{} {}", bytes / unit.1, unit.0)
}

fn in_times(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let unit = [
        ("days", DAY_MS),
        ("h", HOUR_MS),
        ("min", MINUTE_MS),
        ("s", SECOND_MS),
    ];
    let unit = unit
        .iter()
        .find(|(_, size)| ms >= *size && ms.is_multiple_of(*size))
        .unwrap_or(&("ms", 1));
    format!("{} {}", ms / unit.1, unit.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_unit() {
        let read = size(1..=1 << 40);
        for (text, bytes) in [
            ("8 MiB", 8 << 20),
            ("8mib", 8 << 20),
            ("1_000 KB", 1_000_000),
            ("17", 17),
            ("2GiB", 2 << 30),
            (" 5 B ", 5),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "MiB",
            "8 MiBs",
            "1.5 MiB",
            "-1",
            "99999999999 GiB",
            "8 M iB",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_read_and_always_with_a_unit() {
        let read = time(Duration::ZERO..=Duration::MAX);
        for (text, seconds) in [
            ("7 days", 604_800),
            ("1 day", 86_400),
            ("90s", 90),
            ("2 h", 7_200),
            ("15 min", 900),
            ("2 weeks", 1_209_600),
        ] {
            assert_eq!(read(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(read("250 ms"), Ok(Duration::from_millis(250)));
        for text in [
            "",
            "7",
            "days",
            "7 fortnights",
            "1.5 h",
            "-1 s",
            "99999999999999999 days",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_would_be_right_is_said_in_the_same_units() {
        assert_eq!(
            size(1 << 10..=256 << 20)("9 GiB")
                .expect_err("too high")
                .fix,
            "Write a size from 1 KiB to 256 MiB"
        );
        let day = Duration::from_secs(86_400);
        assert_eq!(
            time(Duration::from_secs(1)..=3650 * day)("0 s")
                .expect_err("too low")
                .fix,
            "Write a time from 1 s to 3650 days"
        );
        assert_eq!(
            choice(&[("park", 1), ("reject", 2)])("drop")
                .expect_err("unknown")
                .fix,
            "Write park or reject"
        );
    }
}
