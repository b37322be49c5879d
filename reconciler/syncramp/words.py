"""Numbers with their nouns, as people write them, and text that a terminal may show."""


def count(number: int, noun: str) -> str:
    """``1 object``, ``62,904 objects``, ``2 entries``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of an English noun of ours."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def printable(text: str) -> str:
    """Text on one line, with escapes for what a terminal would obey or cannot show."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
