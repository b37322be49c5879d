"""Numbers with their nouns, as people write them."""


def count(number: int, noun: str) -> str:
    """``1 object``, ``62,904 objects``, ``2 entries``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of an English noun of ours."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
