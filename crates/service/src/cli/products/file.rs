//! The CSV file of an import, as products or as a list of what is wrong with it. Whether a
//! product exists is not known here.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::exit::Failure;

/// Limits of a SKU, as in events.
const SKU_BYTES_MAX: usize = 128;

/// Lines named one by one; the others are counted.
const NAMED_MAX: usize = 20;

const HEADINGS: [&str; 3] = ["sku", "current_stock", "stock_floor"];

/// A product that may be new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) sku: String,
    /// Units on hand.
    pub(crate) stock: i64,
    /// The lowest stock the platform allows.
    pub(crate) floor: i64,
}

/// Reads all of it, by SKU in ascending bytes. `floor_default` is for lines that name none,
/// `units_max` what the column of stock can hold.
pub(super) fn read(
    path: &Path,
    floor_default: i64,
    units_max: i64,
) -> Result<Vec<Product>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::usage(
            format!("cannot read {}: {error}", path.display()),
            "name a CSV file",
        )
    };
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let limits = Limits {
        floor_default,
        units_max,
    };
    let (mut products, bad) = parse(input, &limits).map_err(|what| {
        Failure::usage(
            what,
            "begin the file with the line `sku,current_stock,stock_floor`",
        )
    })?;
    if !bad.is_empty() {
        return Err(Failure::failed(
            complaint(&bad),
            "correct these lines; nothing was imported",
        ));
    }
    products.sort_unstable_by(|a, b| a.sku.cmp(&b.sku));
    Ok(products)
}

struct Limits {
    floor_default: i64,
    units_max: i64,
}

/// The good lines, and what is wrong with the others; an error if the headings are wrong.
fn parse(input: impl Read, limits: &Limits) -> Result<(Vec<Product>, Vec<String>), String> {
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .flexible(true)
        .from_reader(input);
    let headings = reader
        .headers()
        .map_err(|error| format!("the file cannot be read: {error}"))?
        .clone();
    let with_floor = headings.len() == HEADINGS.len();
    if headings.len() < 2
        || !headings
            .iter()
            .eq(HEADINGS.into_iter().take(headings.len()))
    {
        return Err(format!(
            "the first line is `{}`",
            headings.iter().collect::<Vec<_>>().join(",")
        ));
    }
    let (mut products, mut bad) = (Vec::new(), Vec::new());
    let mut first_met = HashMap::new();
    for (row, record) in reader.records().enumerate() {
        let line = record
            .as_ref()
            .ok()
            .and_then(StringRecord::position)
            .map_or(row as u64 + 2, csv::Position::line);
        let product = record
            .map_err(|error| error.to_string())
            .and_then(|record| product(&record, with_floor, limits));
        match product {
            Ok(product) => match first_met.insert(product.sku.clone(), line) {
                Some(earlier) => bad.push(format!(
                    "line {line}: {} is on line {earlier} already",
                    product.sku
                )),
                None => products.push(product),
            },
            Err(what) => bad.push(format!("line {line}: {what}")),
        }
    }
    Ok((products, bad))
}

fn product(record: &StringRecord, with_floor: bool, limits: &Limits) -> Result<Product, String> {
    let wanted = if with_floor { 3 } else { 2 };
    if record.len() != wanted {
        return Err(format!("{} fields instead of {wanted}", record.len()));
    }
    let sku = &record[0];
    if sku.is_empty() || sku.len() > SKU_BYTES_MAX || sku.contains(char::is_control) {
        return Err(format!(
            "a SKU has 1 to {SKU_BYTES_MAX} bytes and no control characters"
        ));
    }
    let units = |name: &str, text: &str| {
        text.parse::<i64>()
            .map_err(|_| format!("{name} `{text}` is not a whole number"))
    };
    let stock = units("current_stock", &record[1])?;
    let floor = match record.get(2).filter(|text| !text.is_empty()) {
        Some(text) => units("stock_floor", text)?,
        None => limits.floor_default,
    };
    if stock > limits.units_max || stock < -limits.units_max {
        return Err(format!(
            "current_stock {stock} does not fit the column, which holds {} at most",
            limits.units_max
        ));
    }
    if stock < floor {
        return Err(format!("current_stock {stock} is below the floor {floor}"));
    }
    Ok(Product {
        sku: sku.to_owned(),
        stock,
        floor,
    })
}

fn complaint(bad: &[String]) -> String {
    let mut lines = vec![format!(
        "{} of the file cannot be imported:",
        if bad.len() == 1 {
            "a line".to_owned()
        } else {
            format!("{} lines", bad.len())
        }
    )];
    lines.extend(bad.iter().take(NAMED_MAX).map(|what| format!("  {what}")));
    if bad.len() > NAMED_MAX {
        lines.push(format!("  and {} more", bad.len() - NAMED_MAX));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(Vec<Product>, Vec<String>), String> {
        parse(
            text.as_bytes(),
            &Limits {
                floor_default: 0,
                units_max: 1_000,
            },
        )
    }

    fn bad(line: &str) -> String {
        let (products, bad) =
            parsed(&format!("sku,current_stock,stock_floor\n{line}\n")).expect("good headings");
        assert!(
            products.is_empty() && bad.len() == 1,
            "{line}: {products:?} {bad:?}"
        );
        bad[0].clone()
    }

    #[test]
    fn good_lines_become_products() {
        let product = |sku: &str, stock, floor| Product {
            sku: sku.to_owned(),
            stock,
            floor,
        };
        let (products, bad) = parsed("sku,current_stock,stock_floor\nB, 5 ,-2\n\n\"A,1\",0,\n")
            .expect("good headings");
        assert_eq!(
            (products, bad),
            (vec![product("B", 5, -2), product("A,1", 0, 0)], vec![])
        );
        let (products, bad) = parsed("sku,current_stock\nA,7\n").expect("good headings");
        assert_eq!((products, bad), (vec![product("A", 7, 0)], vec![]));
    }

    #[test]
    fn each_bad_line_is_named_with_its_number_and_reason() {
        assert_eq!(
            bad("A,five,0"),
            "line 2: current_stock `five` is not a whole number"
        );
        assert_eq!(
            bad("A,5,low"),
            "line 2: stock_floor `low` is not a whole number"
        );
        assert_eq!(bad("A,5"), "line 2: 2 fields instead of 3");
        assert_eq!(
            bad(",5,0"),
            "line 2: a SKU has 1 to 128 bytes and no control characters"
        );
        assert_eq!(
            bad(&format!("{},5,0", "S".repeat(129))),
            "line 2: a SKU has 1 to 128 bytes and no control characters"
        );
        assert_eq!(
            bad("A,-1,0"),
            "line 2: current_stock -1 is below the floor 0"
        );
        assert_eq!(
            bad("A,1001,0"),
            "line 2: current_stock 1001 does not fit the column, which holds 1000 at most"
        );
        let (_, bad) = parsed("sku,current_stock\nA,1\nB,1\nA,2\n").expect("good headings");
        assert_eq!(bad, ["line 4: A is on line 2 already"]);
    }

    #[test]
    fn other_headings_are_refused() {
        for text in [
            "",
            "sku\nA\n",
            "current_stock,sku\n1,A\n",
            "sku,current_stock,floor\nA,1,0\n",
            "sku,current_stock,stock_floor,x\n",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
