//! Whether the floors of products let rules decide. A floor is the last line behind the rules:
//! one that stands higher than a rule allows would make the rule a promise that is not kept.

use std::collections::HashMap;

use plimsoll_rule_host::ruleset::{Binding, Mode};
use plimsoll_rule_host::{Digest, Document, Rule};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::Error;
use crate::database::statement;
use crate::store::array;

/// Looks at the floors of the products that each deciding rule may be asked about: those that are
/// there, and those that the service makes.
pub(super) async fn check(
    db: &DatabaseConnection,
    document: &Document,
    rules: &HashMap<Digest, Rule>,
    created_floor: Option<i64>,
) -> Result<(), Error> {
    for binding in document.rules.iter().filter(|binding| decides(binding)) {
        let manifest = rules[&binding.bundle].bundle().manifest();
        let parameters = manifest.parameters(&binding.parameters);
        let parameters = parameters.expect("the ruleset was assembled with them");
        let Some(units) = manifest.floor_needed(&parameters) else {
            continue;
        };
        let (products, sku) = standing_higher(db, units, &binding.select.sku).await?;
        if products > 0 {
            return Err(Error::Floor {
                rule: manifest.name.clone(),
                units,
                products,
                sku,
                commands: commands(units, &binding.select.sku),
            });
        }
        if let Some(floor) = created_floor.filter(|floor| *floor > units) {
            return Err(Error::CreatedFloor {
                rule: manifest.name.clone(),
                units,
                floor,
            });
        }
    }
    Ok(())
}

/// Whether its answers can count.
pub(super) fn decides(binding: &Binding) -> bool {
    match binding.mode {
        Mode::Enforce => true,
        Mode::Canary { percent } => percent > 0,
        Mode::Off | Mode::Shadow => false,
    }
}

/// How many products have a floor above `units`, and the first of them.
async fn standing_higher(
    db: &DatabaseConnection,
    units: i64,
    patterns: &[String],
) -> Result<(i64, String), DbErr> {
    let sql = "SELECT count(*), coalesce(min(sku), '') FROM products
               WHERE stock_floor > $1 AND (cardinality($2::text[]) = 0 OR sku LIKE ANY ($2::text[]))";
    let patterns = array(patterns.iter().map(|pattern| like(pattern)));
    let row = db
        .query_one_raw(statement(sql, [units.into(), patterns]))
        .await?;
    row.map_or(Ok((0, String::new())), |row| {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    })
}

/// A selector's pattern as LIKE reads it.
fn like(pattern: &str) -> String {
    let mut like = String::new();
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            _ => like.push(c),
        }
    }
    like
}

/// What lowers the floors, one command a line.
fn commands(units: i64, patterns: &[String]) -> String {
    let set = |whose: String| format!("  plimsoll products set-floor {units} {whose}");
    let lines: Vec<String> = match patterns {
        [] => vec![set("--all".into())],
        patterns => patterns.iter().map(|pattern| set(whose(pattern))).collect(),
    };
    lines.join("\n")
}

/// As the command line names them: it has no `?`, so a star stands for it, which is more.
fn whose(pattern: &str) -> String {
    let (flag, text) = match pattern.contains(['*', '?']) {
        true => ("--sku-pattern", pattern.replace('?', "*")),
        false => ("--sku", pattern.to_owned()),
    };
    format!("{flag} '{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_to_the_database_what_it_means_to_a_selector() {
        assert_eq!(like(r"A*-?_50%\"), r"A%-_\_50\%\\");
    }

    #[test]
    fn what_to_type_names_the_products_of_the_selector() {
        let patterns = ["BOOK-*", "X?", "it's"].map(str::to_owned);
        assert_eq!(
            commands(-50, &patterns),
            "  plimsoll products set-floor -50 --sku-pattern 'BOOK-*'\n  \
               plimsoll products set-floor -50 --sku-pattern 'X*'\n  \
               plimsoll products set-floor -50 --sku 'it'\\''s'"
        );
        assert_eq!(commands(-5, &[]), "  plimsoll products set-floor -5 --all");
    }
}
