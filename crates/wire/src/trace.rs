//! W3C Trace Context, level 1: the headers `traceparent` and `tracestate`. An invalid one is
//! ignored, as the standard asks; a record is never refused for it.

/// Where a record comes from in its producer's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace. Never 0.
    pub id: u128,
    /// The producer's span. Never 0.
    pub parent: u64,
    /// Whether the producer recorded its part.
    pub sampled: bool,
}

impl Trace {
    /// Reads `version-trace id-span id-flags`. Versions to come may append more.
    pub(crate) fn parse(header: &[u8]) -> Option<Trace> {
        let text = str::from_utf8(header).ok()?;
        let mut parts = text.splitn(5, '-');
        let version = hex(parts.next()?, 2)?;
        let id = hex(parts.next()?, 32)?;
        let parent = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) || id == 0 || parent == 0 {
            return None;
        }
        Some(Trace {
            id,
            parent: u64::try_from(parent).ok()?,
            sampled: flags & 1 == 1,
        })
    }
}

/// More than this nobody has to carry on.
const STATE_BYTES_MAX: usize = 512;

/// A `tracestate` as it came; what it means is for the tracers that wrote it.
pub(crate) fn state(header: &[u8]) -> Option<Box<str>> {
    let text = str::from_utf8(header).ok()?;
    (!text.is_empty() && text.len() <= STATE_BYTES_MAX).then(|| text.into())
}

/// Lower-case hexadecimal digits, exactly so many.
fn hex(digits: &str, count: usize) -> Option<u128> {
    let lower = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (digits.len() == count && lower)
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(header: &str, expect: Expect) {
        let seen = match Trace::parse(header.as_bytes()) {
            Some(trace) => format!("{:x} {:x} {}", trace.id, trace.parent, trace.sampled),
            None => "ignored".to_owned(),
        };
        expect.assert_eq(&seen);
    }

    #[test]
    fn a_valid_traceparent_is_read() {
        let expected = expect!["af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true"];
        check(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            expected,
        );
        let expected = expect!["af7651916cd43dd8448eb211c80319c b7ad6b7169203331 false"];
        check(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02",
            expected,
        );
    }

    #[test]
    fn a_later_version_may_say_more() {
        let expected = expect!["af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true"];
        check(
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more-of-it",
            expected,
        );
        check(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            expect!["ignored"],
        );
        check(
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
            expect!["ignored"],
        );
    }

    #[test]
    fn an_invalid_one_is_ignored() {
        check("", expect!["ignored"]);
        check(
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            expect!["ignored"],
        );
        check(
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            expect!["ignored"],
        );
        check(
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            expect!["ignored"],
        );
        check(
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            expect!["ignored"],
        );
        check(
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            expect!["ignored"],
        );
        check(
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            expect!["ignored"],
        );
        check(
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            expect!["ignored"],
        );
    }

    #[test]
    fn a_state_is_carried_as_it_came_or_not_at_all() {
        assert_eq!(state(b"shop=1,bank=2").as_deref(), Some("shop=1,bank=2"));
        assert_eq!(state(b""), None);
        assert_eq!(state(b"\xff"), None);
        assert_eq!(state(&[b'a'; 512]).map(|it| it.len()), Some(512));
        assert_eq!(state(&[b'a'; 513]), None);
    }
}
