//! The closed list of types, and the form of each in every protocol: of those that speak today and those to come.

/// One type in every protocol. `n`, `a`, `b` and `s` stand for its bounds.
#[derive(Debug, Clone, Copy)]
pub struct TypeRow {
    /// As the declarations name it.
    pub name: &'static str,
    /// JSON and OpenAPI.
    pub json: &'static str,
    /// XSD 1.0, in SOAP.
    pub xsd: &'static str,
    /// SMIv2, in SNMP.
    pub smi: &'static str,
    /// Fields of XMPP data forms (XEP-0004, XEP-0122).
    pub xmpp: &'static str,
    /// MOF, in CIM.
    pub mof: &'static str,
    /// MML.
    pub mml: &'static str,
    /// The command line.
    pub cli: &'static str,
    /// Cedar, in policies.
    pub cedar: &'static str,
    /// CBOR, as it is stored.
    pub cbor: &'static str,
}

impl TypeRow {
    /// The titles of the columns.
    pub const COLUMNS: [&'static str; 10] =
        ["type", "JSON", "XSD", "SMIv2", "XMPP", "MOF", "MML", "CLI", "Cedar", "CBOR"];

    /// The cells, in the order of [`Self::COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> [&'static str; 10] {
        [self.name, self.json, self.xsd, self.smi, self.xmpp, self.mof, self.mml, self.cli, self.cedar, self.cbor]
    }

    const fn new(cells: [&'static str; 10]) -> Self {
        let [name, json, xsd, smi, xmpp, mof, mml, cli, cedar, cbor] = cells;
        Self { name, json, xsd, smi, xmpp, mof, mml, cli, cedar, cbor }
    }
}

/// Every type, and how null is read and written.
pub const TYPES: &[TypeRow] = &[
    TypeRow::new([
        "bool",
        "boolean",
        "boolean",
        "TruthValue",
        "boolean; 1, 0, true, false are read",
        "boolean",
        "TRUE",
        "--f=true",
        "Bool",
        "bool",
    ]),
    TypeRow::new([
        "enum",
        "string, camel case; an open one has x-enum and no enum in answers",
        "enumeration; an open one in answers: union with xs:string",
        "INTEGER { camel(n) }",
        "list-single",
        "uint16 with ValueMap and Values; an open one ends with ..",
        "IN_PROGRESS",
        "in-progress",
        "entity enum",
        "its number",
    ]),
    TypeRow::new([
        "i32(a..b)",
        "integer int32, minimum, maximum",
        "int",
        "Integer32 (a..b)",
        "text-single, xs:int, range",
        "sint32",
        "-5",
        "--f=-5",
        "Long",
        "int",
    ]),
    TypeRow::new([
        "u32(a..b)",
        "integer uint32, minimum, maximum",
        "unsignedInt",
        "Unsigned32 (a..b); read-only: Gauge32; a counter: Counter32",
        "text-single, xs:unsignedInt, range",
        "uint32",
        "5",
        "5",
        "Long",
        "uint",
    ]),
    TypeRow::new([
        "u64",
        "string uint64, digits",
        "unsignedLong",
        "a counter: Counter64; read-only: CounterBasedGauge64 (RFC 2856); writable: StrwUnsigned64, digits, SIZE(0..20)",
        "text-single, xs:unsignedLong",
        "uint64",
        "digits",
        "digits",
        "-",
        "uint",
    ]),
    TypeRow::new([
        "decimal(s)",
        "string with s digits after the point; up to s are read",
        "decimal, fractionDigits",
        "StrwDecimal: text, SIZE(0..21)",
        "text-single, xs:decimal",
        "string",
        "12.50",
        "12.50",
        "decimal where s is at most 4",
        "tag 4 [-s, m]",
    ]),
    TypeRow::new([
        "text(n)",
        "string, maxLength, x-max-octets",
        "string, maxLength",
        "n to 255: SnmpAdminString; to 1024: StrwText; more: read-only segments",
        "text-single; above 255: text-multi",
        "string, MaxLen",
        "\"...\"",
        "text, @file",
        "String",
        "text",
    ]),
    TypeRow::new([
        "bytes(n)",
        "string, base64",
        "base64Binary",
        "OCTET STRING, n at most 1024",
        "text-single, xs:base64Binary",
        "uint8[], OctetString",
        "H'0AFF",
        "base64, @file",
        "-",
        "bytes",
    ]),
    TypeRow::new([
        "time",
        "string date-time, UTC with milliseconds; any offset is read",
        "dateTime",
        "DateAndTime, 11 octets; nullable: StrwTime SIZE(0 | 8 | 11)",
        "text-single, xs:dateTime (XEP-0082)",
        "datetime",
        "\"2026-11-24T12:00:03.000Z\"",
        "RFC 3339",
        "datetime",
        "int, milliseconds",
    ]),
    TypeRow::new([
        "duration",
        "integer, x-unit s or ms",
        "unsignedInt",
        "Unsigned32, UNITS",
        "text-single, xs:unsignedInt",
        "uint32, PUnit",
        "90",
        "90, 2h",
        "duration",
        "uint",
    ]),
    TypeRow::new([
        "ref(kind)",
        "string, x-ref",
        "Name",
        "StrwName SIZE(1..64); nullable: SIZE(0..64)",
        "list-single with open; above 50 options: text-single",
        "string",
        "\"hello\"",
        "hello",
        "String",
        "text",
    ]),
    TypeRow::new([
        "secret(n)",
        "string, writeOnly, never in answers",
        "string, never in answers",
        "OCTET STRING, reads empty; below authPriv noAccess",
        "text-private, never filled",
        "string, Write, Read(false)",
        "echoed as *****",
        "asked without echo, @file",
        "-",
        "bytes, sealed",
    ]),
    TypeRow::new([
        "list of scalar",
        "array, maxItems",
        "f/item*",
        "StrwLines SIZE(0..1024), one a line",
        "text-multi",
        "T[], Ordered",
        "a&b",
        "--f again",
        "Set",
        "array",
    ]),
    TypeRow::new([
        "list of record",
        "array of objects, key no",
        "f/item*",
        "child table",
        "a page each; items.1.offer",
        "EmbeddedInstance string[]",
        "{NO=1,A=2}&{..}",
        "--item no=1,a=2",
        "-",
        "map {no: {number: value}}",
    ]),
    TypeRow::new([
        "map of text",
        "object, propertyNames",
        "f/entry{key,value}",
        "StrwLines, key=value",
        "text-multi, key=value",
        "string[], key=value",
        "\"k=v\"&\"k=v\"",
        "--set k=v",
        "-",
        "map",
    ]),
    TypeRow::new([
        "any(n)",
        "anything, 16 deep at most",
        "string: JSON",
        "n to 1024: StrwText, JSON; more: segments",
        "text-multi: JSON",
        "string: JSON",
        "\"JSON\"",
        "@f.json",
        "-",
        "no tags; i64, u64, floats",
    ]),
    TypeRow::new([
        "null, read",
        "absent",
        "absent",
        "strings: zero length; integers: no instance",
        "no value",
        "NULL",
        "left out",
        "empty",
        "absent (has)",
        "absent",
    ]),
    TypeRow::new([
        "null, written",
        "null, or named in unset",
        "xsi:nil, or named in unset",
        "zero length, or the column Unset",
        "the field without a value",
        "NULL",
        "F=NULL",
        "--unset f",
        "-",
        "absent",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_breaks_a_table() {
        for row in TYPES {
            for cell in row.cells() {
                assert!(!cell.is_empty() && cell.is_ascii() && !cell.contains('\n'), "{}: {cell}", row.name);
            }
        }
    }
}
