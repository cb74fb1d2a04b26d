//! Codes that the platform answers with itself, and looks for: an event that a rule refused as
//! `event_id_conflict` would be decided anew when it is repeated, and one that it parked as
//! `unknown_sku` would be released again and again. Knows no rule.

/// Every code that no rule may call its own.
pub(super) const CODES: &[&str] = &[
    // Refusals and holds of the domain.
    "duplicate",
    "event_id_conflict",
    "unknown_sku",
    "stale",
    "overflow",
    "below_floor",
    "behind",
    // What a ruleset says for any rule.
    "clamped",
    "rule_fault",
    // What operators do to parked events.
    "rejected_by_operator",
    // Records that are no events.
    "empty_value",
    "value_too_large",
    "too_many_headers",
    "not_utf8",
    "too_deep",
    "not_json",
    "not_an_object",
    "repeated_field",
    "missing_field",
    "wrong_type",
    "lone_surrogate",
    "not_an_integer",
    "out_of_range",
    "zero_change",
    "negative",
    "unknown_kind",
    "unknown_nature",
    "bad_time",
    "too_many_attributes",
    "empty_text",
    "text_too_long",
    "nul_character",
    "control_character",
];

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Code, Hold, Refusal, Said};

    use super::CODES;
    use crate::Ruleset;

    /// The next refusal in order of precedence: the compiler asks for each that is added.
    fn after(refusal: Refusal) -> Option<Refusal> {
        match refusal {
            Refusal::Duplicate => Some(Refusal::EventIdConflict),
            Refusal::EventIdConflict => Some(Refusal::UnknownSku),
            Refusal::UnknownSku => Some(Refusal::Stale),
            Refusal::Stale | Refusal::Rule(_) => Some(Refusal::Overflow),
            Refusal::Overflow => Some(Refusal::BelowFloor),
            Refusal::BelowFloor => None,
        }
    }

    #[test]
    fn every_code_that_is_no_rules_own_is_reserved() {
        let none = Ruleset::none();
        let own = |said| none.code(said);
        let refusals = std::iter::successors(Some(Refusal::Duplicate), |it| after(*it));
        let holds = [Hold::Behind, Hold::UnknownSku, Hold::BelowFloor];
        let shared = [Code::Clamped, Code::Fault].map(|code| own(Said { rule: 0, code }));
        let codes = refusals.map(|it| it.code(own));
        let codes = codes.chain(holds.map(|it| it.code(own))).chain(shared);
        for code in codes {
            assert!(CODES.contains(&code), "{code}");
        }
    }
}
