//! Declaring a kind in one place: its constants, its table and its documentation.

/// Declares a kind: a constant for each field, `DECL` for the whole. The doc comment of the kind and of each field is
/// its documentation in every protocol.
///
/// ```
/// mod trunk {
///     use strowger_primitive::{kind, Type, Meter, Verb, RecordClass};
///     kind! {
///         /// A line to another exchange.
///         trunk "trunks" = 40, named;
///         verbs: [(Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted)];
///         fields:
///             /// Most calls at once.
///             11 MAX_CALLS: Type::U32 { min: 1, max: 10_000, meter: Meter::Gauge }, write(), default("30");
///         actions: [];
///     }
/// }
/// assert_eq!(trunk::DECL.field(11).map(|f| f.name), Some("max-calls"));
/// ```
#[macro_export]
macro_rules! kind {
    (
        #[doc = $kind_doc:literal]
        $kind:ident $plural:literal = $kind_number:literal, $indexed:ident $(, owner $owner:literal)?;
        verbs: $verbs:expr;
        fields: $(
            #[doc = $doc:literal]
            $number:literal $field:ident: $ty:expr $(, $mark:ident($($arg:expr)?))*;
        )*
        actions: $actions:expr;
    ) => {
        $(
            #[doc = $doc]
            pub const $field: $crate::FieldDecl =
                $crate::FieldDecl::new($number, $crate::kebab!($field), $ty, $crate::trimmed($doc))
                $(.$mark($($arg)?))*;
        )*
        #[doc = $kind_doc]
        pub static DECL: $crate::KindDecl = $crate::KindDecl {
            name: $crate::kebab!($kind),
            plural: $plural,
            number: $kind_number,
            since: 1,
            doc: $crate::trimmed($kind_doc),
            indexed: $crate::kind!(@indexed $indexed),
            missing: $crate::kebab!(@missing $kind),
            owner: $crate::kind!(@owner $($owner)?),
            verbs: &$verbs,
            fields: &[$crate::kind!(@common $indexed), &[$($field),*]],
            actions: &$actions,
        };
    };
    (@owner) => { $crate::common::CREATED_BY.number };
    (@owner $owner:literal) => { $owner };
    (@indexed named) => { $crate::Indexed::Name };
    (@indexed sequenced) => { $crate::Indexed::Sequence };
    (@common named) => { $crate::common::NAMED };
    (@common sequenced) => { $crate::common::SEQUENCED };
}

/// The kebab-case text of an identifier, at compile time.
#[doc(hidden)]
#[macro_export]
macro_rules! kebab {
    (@missing $ident:ident) => {{
        const TEXT: &str = concat!(stringify!($ident), "-not-found");
        const BYTES: [u8; TEXT.len()] = $crate::kebab_of(TEXT);
        match ::core::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        }
    }};
    ($ident:ident) => {{
        const BYTES: [u8; stringify!($ident).len()] = $crate::kebab_of(stringify!($ident));
        match ::core::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        }
    }};
}

/// A doc comment without the space that the comment mark leaves.
#[doc(hidden)]
#[must_use]
pub const fn trimmed(doc: &'static str) -> &'static str {
    match doc.as_bytes() {
        [b' ', rest @ ..] => match core::str::from_utf8(rest) {
            Ok(text) => text,
            Err(_) => doc,
        },
        _ => doc,
    }
}

/// Turns an upper-case constant name into the kebab-case name it declares, at compile time.
#[must_use]
pub const fn kebab_of<const N: usize>(ident: &str) -> [u8; N] {
    let bytes = ident.as_bytes();
    let mut out = [0u8; N];
    let mut i = 0;
    while i < N {
        #[expect(clippy::indexing_slicing, reason = "const: i < N, and N is the name's length")]
        {
            out[i] = if bytes[i] == b'_' { b'-' } else { bytes[i].to_ascii_lowercase() };
        }
        i += 1;
    }
    out
}
