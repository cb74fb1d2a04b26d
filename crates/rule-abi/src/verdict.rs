//! Verdicts as two numbers a row: the guest writes, the host reads and believes nothing.

/// Numbers that one verdict takes.
pub const WIDTH: usize = 2;

/// Most codes that one rule may have.
pub const CODES_MAX: u16 = 64;

/// A rule's answer for one event; a code is its number in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Accept,
    /// Nothing against it, but worth a mark.
    Flag(u16),
    /// Take this many units instead of all that was asked.
    Clamp(i64),
    /// Refuse it.
    Reject(u16),
    /// Let it wait for a person, and its SKU behind it.
    Park(u16),
}

/// Why a row of the output is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// There is no verdict with this tag.
    Tag(i64),
    /// The manifest has no code with this number.
    Code(i64),
    /// A clamp below 0, above what was asked, or of something that is not a decrease.
    Amount(i64),
    /// An accept with an operand.
    Operand(i64),
}

impl Verdict {
    /// The row of the output.
    pub fn encode(self) -> [i64; WIDTH] {
        match self {
            Verdict::Accept => [0, 0],
            Verdict::Flag(code) => [1, i64::from(code)],
            Verdict::Clamp(units) => [2, units],
            Verdict::Reject(code) => [3, i64::from(code)],
            Verdict::Park(code) => [4, i64::from(code)],
        }
    }

    /// The verdict of a row, if it is one: `codes` is how many the manifest has, `change`
    /// the units that the event would add.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn decode(row: [i64; WIDTH], codes: u16, change: i64) -> Result<Verdict, Invalid> {
        let [tag, operand] = row;
        let code = || match u16::try_from(operand) {
            Ok(code) if code < codes => Ok(code),
            _ => Err(Invalid::Code(operand)),
        };
        match tag {
            0 if operand != 0 => Err(Invalid::Operand(operand)),
            0 => Ok(Verdict::Accept),
            1 => Ok(Verdict::Flag(code()?)),
            2 if can_take(change, operand) => Ok(Verdict::Clamp(operand)),
            2 => Err(Invalid::Amount(operand)),
            3 => Ok(Verdict::Reject(code()?)),
            4 => Ok(Verdict::Park(code()?)),
            _ => Err(Invalid::Tag(tag)),
        }
    }
}

fn can_take(change: i64, units: i64) -> bool {
    change < 0 && units >= 0 && units.unsigned_abs() <= change.unsigned_abs()
}

impl core::fmt::Display for Invalid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Invalid::Tag(tag) => write!(f, "no verdict has the tag {tag}"),
            Invalid::Code(code) => write!(f, "the manifest has no code {code}"),
            Invalid::Amount(units) => write!(f, "{units} units cannot be taken of this event"),
            Invalid::Operand(operand) => write!(f, "an accept with the operand {operand}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_survives_its_packing() {
        for verdict in [
            Verdict::Accept,
            Verdict::Flag(1),
            Verdict::Clamp(0),
            Verdict::Clamp(5),
            Verdict::Reject(0),
            Verdict::Park(1),
        ] {
            assert_eq!(Verdict::decode(verdict.encode(), 2, -5), Ok(verdict));
        }
    }

    #[test]
    fn what_is_no_verdict_is_told_apart() {
        for (row, change, invalid) in [
            ([5, 0], -5, Invalid::Tag(5)),
            ([-1, 0], -5, Invalid::Tag(-1)),
            ([0, 1], -5, Invalid::Operand(1)),
            ([1, 2], -5, Invalid::Code(2)),
            ([3, -1], -5, Invalid::Code(-1)),
            ([4, 1 << 40], -5, Invalid::Code(1 << 40)),
            ([2, 6], -5, Invalid::Amount(6)),
            ([2, -1], -5, Invalid::Amount(-1)),
            ([2, 0], 5, Invalid::Amount(0)),
            ([2, i64::MIN], i64::MIN, Invalid::Amount(i64::MIN)),
        ] {
            assert_eq!(Verdict::decode(row, 2, change), Err(invalid));
        }
    }
}
