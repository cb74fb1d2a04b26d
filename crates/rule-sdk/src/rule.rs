//! The macro that turns a declaration into types, an export, and a section of the module
//! that the bundle's manifest is made from.

/// Declares a rule: its facts, its parameters with default and range, its codes. Makes the
/// types `Facts` and `Parameters` and the module `code`; calls the function `decide` beside it.
#[macro_export]
macro_rules! rule {
    (
        facts { $($fact:ident $(= $shape:ident($key:literal))?),+ $(,)? }
        $(parameters {
            $($parameter:ident = $default:literal in $min:literal..=$max:literal: $meaning:literal),*
            $(,)?
        })?
        $(codes { $($code:ident: $message:literal),* $(,)? })?
    ) => {
        /// What the rule is told about one event.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Facts<'a> {
            $(
                #[doc = stringify!($fact)]
                pub $fact: $crate::__type!('a $fact $($shape)?),
            )+
            #[doc(hidden)]
            pub __batch: ::core::marker::PhantomData<&'a ()>,
        }

        impl<'a> Facts<'a> {
            #[doc(hidden)]
            #[inline]
            pub fn __read(reader: &$crate::abi::Reader<'a>, row: usize) -> Facts<'a> {
                let mut __before = 0;
                $(
                    let $fact = $crate::facts::Field::read(reader, __before, row);
                    __before += $crate::__shape!($fact $($shape)?).width();
                )+
                let _ = __before;
                Facts { $($fact,)+ __batch: ::core::marker::PhantomData }
            }
        }

        /// What a binding can set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Parameters {
            $($(
                #[doc = $meaning]
                pub $parameter: i64,
            )*)?
        }

        impl Default for Parameters {
            fn default() -> Parameters {
                Parameters { $($($parameter: $default,)*)? }
            }
        }

        impl Parameters {
            #[doc(hidden)]
            pub fn __read(values: &[i64]) -> Parameters {
                let mut values = values.iter().copied();
                let parameters = Parameters {
                    $($($parameter: $crate::facts::parameter(&mut values),)*)?
                };
                assert!(values.next().is_none(), "the host sends no other parameter");
                parameters
            }
        }

        /// The codes the rule can answer with.
        pub mod code {
            $(
                #[expect(non_camel_case_types, reason = "counts the codes")]
                #[repr(u16)]
                enum Number { $($code),* }
                $(
                    #[doc = $message]
                    #[expect(non_upper_case_globals, reason = "a code reads as it is stored")]
                    pub const $code: $crate::verdict::Code =
                        $crate::verdict::Code::new(Number::$code as u16, stringify!($code));
                )*
            )?
        }

        #[doc(hidden)]
        pub const __DECLARATION: &str = concat!(
            "abi 1\n",
            $("read ", $crate::__column!($fact $($shape $key)?), "\n",)+
            $($(
                "parameter ", stringify!($parameter), " ", stringify!($default), " ",
                stringify!($min), " ", stringify!($max), " ", $meaning, "\n",
            )*)?
            $($("code ", stringify!($code), " ", $message, "\n",)*)?
        );

        $crate::__export!();
    };
}

/// The exports of the module, for WebAssembly only.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    () => {
        #[used]
        #[unsafe(link_section = "plimsoll-rule")]
        static __SECTION: [u8; __DECLARATION.len()] = $crate::guest::bytes(__DECLARATION);

        #[unsafe(export_name = "plimsoll:rules/rule@1.0.0#evaluate")]
        extern "C" fn __evaluate(
            rows: usize,
            columns: *const i64,
            columns_len: usize,
            text: *const u8,
            text_len: usize,
            params: *const i64,
            params_len: usize,
        ) -> *const [usize; 2] {
            // The host passes lists that it just wrote where `cabi_realloc` told it to.
            let (columns, text, params) = unsafe {
                (
                    ::core::slice::from_raw_parts(columns, columns_len),
                    ::core::slice::from_raw_parts(text, text_len),
                    ::core::slice::from_raw_parts(params, params_len),
                )
            };
            let parameters = Parameters::__read(params);
            $crate::guest::evaluate(rows, columns, text, |reader, row| {
                decide(&Facts::__read(reader, row), &parameters)
            })
        }

        #[unsafe(export_name = "cabi_realloc")]
        extern "C" fn __realloc(old: *mut u8, old_len: usize, align: usize, len: usize) -> *mut u8 {
            $crate::guest::realloc(old, old_len, align, len)
        }
    };
}

/// Natively a rule exports nothing; its function is still used.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    () => {
        const _: fn(&Facts, &Parameters) -> $crate::verdict::Verdict = decide;
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    (kind) => {
        $crate::abi::Shape::Number
    };
    (nature) => {
        $crate::abi::Shape::Number
    };
    (change) => {
        $crate::abi::Shape::Number
    };
    (stock) => {
        $crate::abi::Shape::Number
    };
    (floor) => {
        $crate::abi::Shape::Number
    };
    (version) => {
        $crate::abi::Shape::Number
    };
    (occurred_at) => {
        $crate::abi::Shape::Number
    };
    (sku) => {
        $crate::abi::Shape::Text
    };
    (source) => {
        $crate::abi::Shape::Text
    };
    (channel) => {
        $crate::abi::Shape::Text
    };
    (location) => {
        $crate::abi::Shape::Text
    };
    (reason) => {
        $crate::abi::Shape::Text
    };
    (reference) => {
        $crate::abi::Shape::Text
    };
    ($field:ident text) => {
        $crate::abi::Shape::Text
    };
    ($field:ident integer) => {
        $crate::abi::Shape::Integer
    };
    ($field:ident boolean) => {
        $crate::abi::Shape::Boolean
    };
    ($field:ident) => {
        ::core::compile_error!(concat!("there is no fact `", stringify!($field), "`"))
    };
    ($field:ident $shape:ident) => {
        ::core::compile_error!("an attribute is text, integer or boolean")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __type {
    ($life:lifetime kind) => { $crate::facts::Kind };
    ($life:lifetime nature) => { $crate::facts::Nature };
    ($life:lifetime change) => { i64 };
    ($life:lifetime stock) => { i64 };
    ($life:lifetime floor) => { i64 };
    ($life:lifetime version) => { i64 };
    ($life:lifetime occurred_at) => { i64 };
    ($life:lifetime $field:ident text) => { ::core::option::Option<&$life str> };
    ($life:lifetime $field:ident integer) => { ::core::option::Option<i64> };
    ($life:lifetime $field:ident boolean) => { ::core::option::Option<bool> };
    ($life:lifetime $field:ident) => { &$life str };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __column {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $shape:ident $key:literal) => {
        concat!("attribute:", stringify!($shape), ":", $key)
    };
}
