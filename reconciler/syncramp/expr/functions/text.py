"""Functions of text. Positions and lengths count characters (code points), as CEL does."""

import re
import unicodedata

from syncramp.expr.functions.table import Family, offered

LONGEST = 1_000_000
"""Characters that padding may make."""
LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H",
        "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N", "ĸ": "k", "ŀ": "l", "Ŀ": "L",
    }
)  # fmt: skip
"""Letters that are no letter with a mark for Unicode, so that its decomposition keeps them."""


@offered(Family.TEXT, ("lower('MÜNSTER')", "'münster'"))
def lower(text: str) -> str:
    """All letters in lower case."""
    return text.lower()


@offered(Family.TEXT, ("upper('münster')", "'MÜNSTER'"))
def upper(text: str) -> str:
    """All letters in upper case."""
    return text.upper()


@offered(Family.TEXT, ("trim('  Anna ')", "'Anna'"))
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip()


@offered(Family.TEXT, ("left('Anna', 2)", "'An'"))
def left(text: str, count: int) -> str:
    """The first characters; the whole text when it is shorter."""
    return text[: _count(count)]


@offered(Family.TEXT, ("right('Anna', 2)", "'na'"))
def right(text: str, count: int) -> str:
    """The last characters; the whole text when it is shorter."""
    return text[-count:] if _count(count) else ""


@offered(Family.TEXT, ("replace('a.b.c', '.', '-')", "'a-b-c'"))
def replace(text: str, old: str, new: str) -> str:
    """Every place of a text replaced by another one."""
    if not old:
        raise ValueError("the text to replace is empty")
    return text.replace(old, new)


@offered(Family.TEXT, ("'svc-backup'.startsWith('svc-')", "true"))
def starts_with(text: str, start: str) -> bool:
    """Whether it begins so; case counts."""
    return text.startswith(start)


@offered(Family.TEXT, ("'anna@corp.example'.endsWith('.example')", "true"))
def ends_with(text: str, end: str) -> bool:
    """Whether it ends so; case counts."""
    return text.endswith(end)


@offered(Family.TEXT, ("contains('anna', 'nn')", "true"))
def contains(text: str, part: str) -> bool:
    """Whether a text is in it; case counts."""
    return part in text


@offered(Family.TEXT, ("matches('u0815', '^u[0-9]+$')", "true"))
def matches(text: str, pattern: str) -> bool:
    """Whether a regular expression of RE2 is found in it."""
    from syncramp.expr.library import matches as found

    return found(text, pattern)


@offered(Family.TEXT, ("size('Zoë')", "3"))
def size(text: str) -> int:
    """How many characters it has."""
    return len(text)


@offered(Family.TEXT, ("normalizeDiacritics('Łukasz Größe')", "'Lukasz Grosse'"))
def normalize_diacritics(text: str) -> str:
    """Letters without their marks: é is e, ü is u, ß is ss, ø is o, ł is l."""
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return unicodedata.normalize("NFC", re.sub(r"[\u0300-\u036f]", "", plain))


def _count(count: int) -> int:
    if count < 0:
        raise ValueError(f"{count} characters")
    return count
