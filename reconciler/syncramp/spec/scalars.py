"""What a plain scalar of YAML means: to ``kubectl``, and therefore to us.

kubectl reads YAML 1.1 with go-yaml v2 and turns it into JSON. PyYAML knows the same YAML 1.1 and disagrees in
details: it reads ``1:30`` as the number 90, ``2024-01-01`` as a date, and ``1e3``, ``08`` and ``y`` as text. A
document must not mean one thing offline and another in a cluster, so scalars are resolved here, as go-yaml's
``resolve.go`` does it.
"""

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
}
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WHOLE = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])_(?=[0-9])")
_LONGEST = 70
"""Characters of the longest whole number of 64 bits: a sign, 0b and 64 digits, with some to spare."""


def meaning(text: str) -> Scalar:
    """The value of a plain scalar.

    :raises ValueError: it is an infinity or no number at all, which JSON cannot say.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_JSON.fullmatch(text):
        raise ValueError(text)
    number = _number(text) if text[0] in "+-.0123456789" else None
    return text if number is None else number


def _number(text: str) -> int | float | None:
    bare = _BETWEEN_DIGITS.sub("", text) if text[0] == "." else text.replace("_", "")
    whole = _WHOLE.fullmatch(bare) if len(bare) <= _LONGEST else None
    if whole is not None:
        value = next(int(whole[1] + whole[n], base) for n, base in enumerate(_BASES, 2) if whole[n] is not None)
        if -(2**63) <= value < 2**64:
            return value
    if not _DECIMAL.fullmatch(bare):
        return None
    decimal = float(bare)
    if not math.isfinite(decimal):
        return None  # too large for any number: text
    return int(decimal) if decimal.is_integer() and abs(decimal) < 2**63 else decimal  # JSON has 10 for 10.0
