//! Rows as arrays of columns, the way our fixed statements take them. A NULL inside an array
//! cannot be bound, so optional values have sentinels that the statements turn back.

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;
use uuid::Uuid;

/// A value that can stand in an array column.
pub(crate) trait Cell {
    const TYPE: ArrayType;
    fn value(self) -> Value;
}

macro_rules! cell {
    ($($rust:ty => $kind:ident),*) => {$(
        impl Cell for $rust {
            const TYPE: ArrayType = ArrayType::$kind;
            fn value(self) -> Value {
                Value::$kind(Some(self.into()))
            }
        }
    )*};
}

cell!(bool => Bool, i16 => SmallInt, i32 => Int, i64 => BigInt, Uuid => Uuid, String => String, Vec<u8> => Bytes);

/// One column.
pub(crate) fn array<T: Cell>(cells: impl Iterator<Item = T>) -> Value {
    Value::Array(T::TYPE, Some(Box::new(cells.map(Cell::value).collect())))
}

/// A UUID column's cell: the nil UUID stands for NULL.
pub(crate) fn opt_uuid(bits: Option<u128>) -> Uuid {
    Uuid::from_u128(bits.unwrap_or(0))
}

/// A text column's cell: the empty text stands for NULL. A column cannot hold U+0000.
pub(super) fn opt_text(text: Option<String>) -> String {
    text.map_or_else(String::new, |text| {
        if text.contains('\0') {
            text.replace('\0', "\u{fffd}")
        } else {
            text
        }
    })
}
