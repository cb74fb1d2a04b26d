//! Patterns of SKUs, compiled: `*` is any text, also none, and `?` one character. There is no
//! escape: a star in a SKU is matched by a star, which then matches others, too.

use super::selector::Texts;

/// A list of patterns of which one has to match.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    /// Those without `*` and `?`, however many.
    exact: Option<Texts>,
    /// The others.
    wild: Vec<String>,
}

impl Patterns {
    /// Nothing if everything matches.
    pub(super) fn compile(patterns: &[String]) -> Option<Patterns> {
        let everything = |pattern: &String| pattern.bytes().all(|byte| byte == b'*');
        if patterns.iter().any(everything) || patterns.is_empty() {
            return None;
        }
        let (wild, exact): (Vec<_>, Vec<_>) = patterns
            .iter()
            .cloned()
            .partition(|pattern| pattern.contains(['*', '?']));
        Some(Patterns {
            exact: Texts::of(&exact),
            wild,
        })
    }

    pub(super) fn match_any(&self, sku: &str) -> bool {
        self.exact
            .as_ref()
            .is_some_and(|exact| exact.have(Some(sku)))
            || self
                .wild
                .iter()
                .any(|pattern| matches(pattern.as_bytes(), sku.as_bytes()))
    }
}

/// Goes back to the last star only, so that its time is bounded by the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star = None;
    while here < text.len() {
        match pattern.get(at) {
            Some(b'*') if at + 1 == pattern.len() => return true,
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(b'?') if begins_character(text[here]) => {
                here += character(&text[here..]);
                at += 1;
            }
            Some(&byte) if byte != b'?' && byte == text[here] => {
                here += 1;
                at += 1;
            }
            _ => match star {
                Some((last, taken)) => {
                    star = Some((last, taken + 1));
                    (at, here) = (last + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Bytes of the character that `text` begins with.
fn character(text: &[u8]) -> usize {
    let rest = text[1..].iter();
    1 + rest.take_while(|&&byte| !begins_character(byte)).count()
}

fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(patterns: &[&str], sku: &str) -> bool {
        let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
        Patterns::compile(&patterns).is_none_or(|patterns| patterns.match_any(sku))
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, matched, not) in [
            ("A-1", vec!["A-1"], vec!["", "A-", "A-12", "a-1"]),
            ("A-*", vec!["A-", "A-1", "A-*"], vec!["A", "B-1", "xA-1"]),
            ("*-L", vec!["-L", "A-L", "-L-L"], vec!["L", "A-LL"]),
            ("A*B*C", vec!["ABC", "AxBxBxC"], vec!["AB", "ACB", "ABCx"]),
            ("A?", vec!["AB", "Aé", "A😀"], vec!["A", "ABC", "Aéé"]),
            ("*?", vec!["A", "é", "AB"], vec![""]),
            ("?*é", vec!["éé", "xyé"], vec!["é", "éx"]),
            ("**", vec!["", "A"], vec![]),
            ("*a*a*a*b", vec!["aaab"], vec!["aaaaaaaaaaaaaaaaaaaaaaaa"]),
        ] {
            for sku in matched {
                assert!(any(&[pattern], sku), "{pattern} {sku}");
            }
            for sku in not {
                assert!(!any(&[pattern], sku), "{pattern} {sku}");
            }
        }
    }

    #[test]
    fn one_of_several_patterns_is_enough() {
        let patterns = ["B", "A", "SHOE-*", "??"];
        for (sku, matched) in [
            ("A", true),
            ("B", true),
            ("C", false),
            ("SHOE-1", true),
            ("XY", true),
        ] {
            assert_eq!(any(&patterns, sku), matched, "{sku}");
        }
        assert!(any(&["A", "*"], "B") && any(&[], "B"));
    }
}
