//! What a rule answers. Knows no numbers of tags; they are the packing's.

use core::fmt;

use plimsoll_rule_abi::verdict::WIDTH;

/// A rule's answer for one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Accept,
    /// Nothing against it, but mark it.
    Flag(Code),
    /// Take this many units instead of all that was asked: from 0 to that, of a decrease only.
    Clamp(i64),
    /// Refuse it. Something that already happened is marked instead.
    Reject(Code),
    /// Let it wait for a person, and every later event of its SKU behind it.
    Park(Code),
}

/// One of the codes that `rule!` declares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code {
    number: u16,
    name: &'static str,
}

impl Code {
    #[doc(hidden)]
    pub const fn new(number: u16, name: &'static str) -> Code {
        Code { number, name }
    }

    /// Its stable name, as it is stored and counted.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Verdict {
    #[doc(hidden)]
    pub fn encode(self) -> [i64; WIDTH] {
        use plimsoll_rule_abi::Verdict as Packed;
        let packed = match self {
            Verdict::Accept => Packed::Accept,
            Verdict::Flag(code) => Packed::Flag(code.number),
            Verdict::Clamp(units) => Packed::Clamp(units),
            Verdict::Reject(code) => Packed::Reject(code.number),
            Verdict::Park(code) => Packed::Park(code.number),
        };
        packed.encode()
    }
}
