"""The static string dictionary of [MC-NBFS] section 2: 487 strings, each named on the wire by an even id.

Odd ids name strings of a session, which this content type does not have. The table is ``dictionary.json``.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final


@cache
def _entries() -> dict[int, str]:
    text = files(__package__).joinpath("dictionary.json").read_text(encoding="utf-8")
    return {int(wire): string for wire, string in json.loads(text)["entries"].items()}


STRINGS: Final = _entries()
"""Wire id -> string."""
IDS: Final = {string: wire for wire, string in STRINGS.items()}
"""String -> wire id."""
