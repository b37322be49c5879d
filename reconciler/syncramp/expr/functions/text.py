"""Functions of text. Positions and lengths count characters (code points), as CEL does; the first one is 0."""

import re
import unicodedata

from syncramp.expr import library
from syncramp.expr.functions.table import Family, offered
from syncramp.expr.limits import room

LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H",
        "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N", "ĸ": "k",
    }
)  # fmt: skip
"""Letters that are no letter with a mark for Unicode, so that its decomposition keeps them."""
MOST_PADDED = 1_000
"""Characters that padding makes."""


@offered(Family.TEXT, ("lower('MÜNSTER')", "'münster'"))
def lower(text: str) -> str:
    """All letters in lower case."""
    return text.lower()


@offered(Family.TEXT, ("upper('münster')", "'MÜNSTER'"))
def upper(text: str) -> str:
    """All letters in upper case."""
    return text.upper()


@offered(Family.TEXT, ("lowerAscii('MÜNSTER')", "'mÜnster'"))
def lower_ascii(text: str) -> str:
    """A to Z in lower case, all else as it is."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


@offered(Family.TEXT, ("upperAscii('münster')", "'MüNSTER'"))
def upper_ascii(text: str) -> str:
    """A to Z in upper case, all else as it is."""
    return "".join(sign.upper() if sign.isascii() else sign for sign in text)


@offered(Family.TEXT, ("properCase('ANNA de la cruz-müller')", "'Anna De La Cruz-Müller'"))
def proper_case(text: str) -> str:
    """The first letter of each word in upper case, the others in lower case; an apostrophe does not end a word."""
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0][0].upper() + word[0][1:].lower(), text)


@offered(Family.TEXT, ("trim('  Anna ')", "'Anna'"))
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip()


@offered(Family.TEXT, ("trimLeft('  Anna ')", "'Anna '"))
def trim_left(text: str) -> str:
    """Without white space at its beginning."""
    return text.lstrip()


@offered(Family.TEXT, ("trimRight('  Anna ')", "'  Anna'"))
def trim_right(text: str) -> str:
    """Without white space at its end."""
    return text.rstrip()


@offered(Family.TEXT, ("left('Anna', 2)", "'An'"), ("left('Al', 5)", "'Al'"))
def left(text: str, count: int) -> str:
    """The first characters; the whole text when it is shorter."""
    return text[: _count(count)]


@offered(Family.TEXT, ("right('Anna', 3)", "'nna'"))
def right(text: str, count: int) -> str:
    """The last characters; the whole text when it is shorter."""
    return text[-count:] if _count(count) else ""


@offered(Family.TEXT, ("mid('abcdef', 1, 3)", "'bcd'"))
def mid(text: str, start: int, count: int) -> str:
    """So many characters from a position on, or as many as there are."""
    return text[_count(start) : start + _count(count)]


@offered(Family.TEXT, ("substring('abcdef', 1, 3)", "'bc'"), ("substring('abcdef', 4)", "'ef'"))
def substring(text: str, start: int, end: int = -1) -> str:
    """From a position on, up to but without another one; positions outside of the text are errors, as in CEL."""
    stop = len(text) if end == -1 else end
    if not 0 <= start <= stop <= len(text):
        raise ValueError(f"there is nothing from {start} to {stop} in a text of {len(text)}")
    return text[start:stop]


@offered(Family.TEXT, ("replace('a.b.c', '.', '-')", "'a-b-c'"))
def replace(text: str, old: str, new: str) -> str:
    """Every place of a text replaced by another one."""
    if not old:
        raise ValueError("the text to replace is empty")
    room(text.count(old) * len(new))
    return text.replace(old, new)


@offered(Family.TEXT, ("replaceChars('+49 (30) 1-2', {' ': '', '(': '', ')': '', '-': '/'})", "'+49301/2'"))
def replace_chars(text: str, pairs: dict[str, str]) -> str:
    """Each character that is a key of the map replaced by what stands there."""
    if any(len(sign) != 1 for sign in pairs):
        raise ValueError("a key is not one character")
    room(len(text) * max(map(len, pairs.values()), default=0))
    return text.translate({ord(sign): new for sign, new in pairs.items()})


@offered(Family.TEXT, ("removeChars('+49 (30) 1-2', ' ()-')", "'+493012'"))
def remove_chars(text: str, signs: str) -> str:
    """Without all these characters."""
    return text.translate(dict.fromkeys(map(ord, signs)))


@offered(Family.TEXT, ("keepChars('+49 (30) 1-2', '+0123456789')", "'+493012'"))
def keep_chars(text: str, signs: str) -> str:
    """Without all other characters."""
    return "".join(sign for sign in text if sign in signs)


@offered(Family.TEXT, ("word('CN=Anna,OU=Sales', 2, ',')", "'OU=Sales'"), ("word('Anna Maria', 3, ' ')", "''"))
def word(text: str, number: int, delimiters: str) -> str:
    """The word of this number, from 1, where any of the delimiters ends one; empty when there are fewer."""
    if number < 1 or not delimiters:
        raise ValueError("words count from 1, and something must delimit them")
    words = [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]
    return words[number - 1] if number <= len(words) else ""


@offered(Family.TEXT, ("split('a;b;c', ';')", "['a', 'b', 'c']"))
def split(text: str, separator: str) -> tuple[str, ...]:
    """The parts between the separators."""
    if not separator:
        raise ValueError("the separator is empty")
    return tuple(text.split(separator))


@offered(Family.TEXT, ("padLeft('815', 6, '0')", "'000815'"))
def pad_left(text: str, width: int, fill: str = " ") -> str:
    """Filled in front with a character (a blank when none is given) until it is so wide."""
    return text.rjust(_width(width), _one(fill))


@offered(Family.TEXT, ("padRight('815', 6, '.')", "'815...'"))
def pad_right(text: str, width: int, fill: str = " ") -> str:
    """Filled behind with a character (a blank when none is given) until it is so wide."""
    return text.ljust(_width(width), _one(fill))


@offered(Family.TEXT, ("size('Zoë')", "3"))
def size(text: str) -> int:
    """How many characters, bytes or values it has."""
    return len(text)


@offered(Family.TEXT, ("contains('anna', 'nn')", "true"))
def contains(text: str, part: str) -> bool:
    """Whether it has this text, or this value, in it; case counts."""
    return part in text


@offered(Family.TEXT, ("'svc-backup'.startsWith('svc-')", "true"))
def starts_with(text: str, start: str) -> bool:
    """Whether it begins so; case counts."""
    return text.startswith(start)


@offered(Family.TEXT, ("'anna@corp.example'.endsWith('.example')", "true"))
def ends_with(text: str, end: str) -> bool:
    """Whether it ends so; case counts."""
    return text.endswith(end)


@offered(Family.TEXT, ("equalsIgnoreCase('Anna', 'ANNA')", "true"))
def equals_ignore_case(text: str, other: str) -> bool:
    """Whether two texts are equal but for upper and lower case."""
    return text.casefold() == other.casefold()


@offered(Family.TEXT, ("indexOf('anna', 'n')", "1"), ("indexOf('anna', 'x')", "-1"))
def index_of(text: str, part: str) -> int:
    """The position of the first place of a text; -1 when there is none."""
    return text.find(part)


@offered(Family.TEXT, ("lastIndexOf('anna', 'n')", "2"))
def last_index_of(text: str, part: str) -> int:
    """The position of the last place of a text; -1 when there is none."""
    return text.rfind(part)


@offered(Family.TEXT, ("matches('u0815', '^u[0-9]+$')", "true"))
def matches(text: str, pattern: str) -> bool:
    """Whether a regular expression of RE2 is found in it; ^ and $ tie it to both ends."""
    return library.matches(text, pattern)


@offered(Family.TEXT, ("normalizeDiacritics('Łukasz Größe, Zoë Ångström')", "'Lukasz Grosse, Zoe Angstrom'"))
def normalize_diacritics(text: str) -> str:
    """Letters without their marks: é is e, ü is u, ß is ss, ø is o, ł is l."""
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return unicodedata.normalize("NFC", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def _count(count: int) -> int:
    if count < 0:
        raise ValueError(f"{count} characters")
    return count


def _width(width: int) -> int:
    if width > MOST_PADDED:
        raise ValueError(f"it would be wider than {MOST_PADDED:,} characters")
    return width


def _one(sign: str) -> str:
    if len(sign) != 1:
        raise ValueError("what fills is not one character")
    return sign
