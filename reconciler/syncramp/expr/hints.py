"""What somebody may write who knows another language, and what to write here instead."""

from collections.abc import Mapping

_CLOCK = "a rule has no clock, so that the same entry always gives the same object"
_WHOLE = "numbers are whole numbers here"
_ONE_TYPE = "each value has one type here"

NOT_OFFERED: Mapping[str, str] = {
    "now": _CLOCK,
    "timestamp": "times are text here: use time(...)",
    "duration": "use addDays(...) or addSeconds(...)",
    "double": _WHOLE,
    "uint": _WHOLE,
    "dyn": _ONE_TYPE,
    "type": _ONE_TYPE,
    # Azure AD Connect, by its names in lower case
    "authoritativenull": "write clear()",
    "cbool": "write bool(...)",
    "cdate": "write time(...)",
    "cguid": "write guidBytes(...)",
    "cnum": "write int(...)",
    "convertfrombase64": "write fromBase64(...)",
    "converttobase64": "write base64(...)",
    "converttoutf8hex": "write hex(bytes(...))",
    "count": "write size(...)",
    "cstr": "write string(...)",
    "dateadd": "write addDays(...) or addSeconds(...)",
    "datefromnum": "write time(...)",
    "formatdatetime": "write formatTime(...)",
    "ignorethisflow": "write leave()",
    "iif": "write condition ? one : other",
    "instr": "write indexOf(...), which counts from 0",
    "instrrev": "write lastIndexOf(...), which counts from 0",
    "isbitset": "write bitTest(number, mask)",
    "isnull": "write !has(entry.mail)",
    "isnullorempty": "write !has(entry.mail)",
    "ispresent": "write has(entry.mail)",
    "lcase": "write lower(...)",
    "len": "write size(...)",
    "ltrim": "write trimLeft(...)",
    "numfromdate": "write fileTime(...)",
    "pcase": "write properCase(...)",
    "rtrim": "write trimRight(...)",
    "select": "write map(x, ...) behind the list",
    "stringfromguid": "write guidText(...)",
    "stringfromsid": "write sidText(...)",
    "switch": "write choose(text, {'case': result}, otherwise)",
    "ucase": "write upper(...)",
    "where": "write filter(x, ...) behind the list",
}
"""Name in lower case -> what to do."""
SIGNS: Mapping[str, str] = {
    "=": "== compares",
    "<>": "write !=",
    "&": "+ joins texts, && is and, bitAnd(...) is for bits",
    "|": "|| is or, bitOr(...) is for bits",
    "and": "write &&",
    "or": "write ||",
    "not": "write !",
    "contains": "write .contains(...)",
    "’": "write '",
    "‘": "write '",
    "“": 'write "',
    "”": 'write "',
}
"""What the parser stumbles over."""
MACROS: Mapping[str, str] = {
    "all": "write all(x, condition)",
    "exists": "write exists(x, condition)",
    "exists_one": "write exists_one(x, condition)",
    "filter": "write filter(x, condition)",
    "map": "write map(x, value) or map(x, condition, value)",
    "has": "write has(entry.mail)",
    "optMap": "write optMap(x, value)",
    "optFlatMap": "write optFlatMap(x, value that may be missing)",
}
"""How the macros of CEL are written."""
NATIVE = ("orValue", "or", "hasValue", "value", *MACROS)
"""Names that are CEL's own."""
