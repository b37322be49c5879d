"""The library's messages in our words, and its names of types."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from syncramp.expr.errors import Problem
from syncramp.expr.functions import FUNCTIONS, SPECIALS
from syncramp.expr.spelling import Spelled

LINE = re.compile(r"^(?:INVALID_ARGUMENT: )?ERROR: <input>:(\d+):(\d+): ", re.MULTILINE)
ECHO = re.compile(r"\n \| .*", re.DOTALL)
"""The line of the text with its caret, which follows each message."""
NATIVE = ("orValue", "or", "hasValue", "value", "optMap", "exists", "all", "exists_one", "map", "filter", "has")
PLAIN = {
    "STRING": "text", "BOOL": "true or false", "INT": "a number", "BYTES": "bytes", "DYN": "anything",
    "NULL": "null", "NULL_TYPE": "null", "DOUBLE": "a number with a point", "UINT": "a number without sign",
}  # fmt: skip
NOT_OFFERED = {
    "now": "a rule has no clock, so that the same entry always gives the same object",
    "timestamp": "times are text here: use time(...)",
    "duration": "use addDays(...) or addSeconds(...)",
    "double": "numbers are whole numbers here",
    "uint": "numbers are whole numbers here",
    "dyn": "each value has one type here",
    "type": "each value has one type here",
}
"""What somebody who knows CEL or another product may look for."""


def problems(message: str, text: str, spelled: Spelled) -> tuple[Problem, ...]:
    """The problems in an error of the library, without those that only follow from others."""
    parts = LINE.split(message)[1:]
    found = [
        _Reading(text, spelled, int(line), int(column)).problem(ECHO.sub("", what).strip())
        for line, column, what in zip(*[iter(parts)] * 3, strict=True)
        if "*error*" not in what
    ]
    unlike = list(dict.fromkeys(found))
    return tuple(unlike) or (Problem("it is no expression of CEL", 1, 1),)


def described(type_: str) -> str:
    """A type of the library in words: ``LIST<STRING>`` and ``list(string)`` are a list of text."""
    found = re.fullmatch(r"(\w[\w.]*)[<(](.*)[>)]", type_)
    if not found:
        name = type_.upper()
        return PLAIN.get(name) or f"all attributes of {type_.rpartition('.')[2]}"
    outer, inner = found[1].lower(), found[2]
    if outer == "list":
        return f"a list of {described(inner).removeprefix('a ')}"
    if outer == "map":
        return "a map"
    if outer in ("optional_type", "wrapper"):
        return f"{described(inner)} that may be missing"
    return "a type"


def closest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'mail'?``, or nothing."""
    names = list(known)
    alike = {candidate.lower(): candidate for candidate in names}
    found = get_close_matches(name.lower(), alike, n=1, cutoff=0.7)
    return f"did you mean '{alike[found[0]]}'?" if found else ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One message of the library and its place."""

    text: str
    spelled: Spelled
    line: int
    column: int

    def problem(self, what: str) -> Problem:
        if found := re.match(r"undefined field '(\w+)' not found in struct '\w+\.(\w+)'", what):
            return self._attribute(found[1], found[2])
        if found := re.match(r"undeclared reference to '([^']+)'", what):
            return self._unknown(found[1])
        if found := re.match(r"found no matching overload for '([^']+)' applied to '(.*)'", what):
            return self._overload(found[1], found[2])
        if found := re.match(r"expression of type '(.+)' cannot be the operand of a select", what):
            return self._at(f"{described(found[1])} has nothing to choose by a name")
        if found := re.match(r"expression of type '(.+)' cannot be the range of a comprehension", what):
            return self._at(f"a loop goes over a list or a map, not over {described(found[1])}")
        if found := re.match(r"Syntax error: (.*)", what, re.DOTALL):
            return self._syntax(found[1])
        if what.startswith("has() argument"):
            return self._at("has() asks for one attribute", "write has(entry.mail)")
        return self._at(what[:1].lower() + what[1:].partition(" [INVALID_ARGUMENT]")[0])

    def _at(self, what: str, remedy: str = "") -> Problem:
        return Problem(what, self.line, self.column, remedy)

    def _attribute(self, name: str, variable: str) -> Problem:
        known = self.spelled.variables.get(variable, {})
        return self._named(name, f"{variable} has no attribute '{name}'", closest(name, known), behind=True)

    def _unknown(self, name: str) -> Problem:
        if name in NOT_OFFERED:
            return self._named(name, f"'{name}' is not offered", NOT_OFFERED[name])
        variables = (*self.spelled.variables, *self.spelled.plain)
        known = (*variables, *NATIVE, *FUNCTIONS, *SPECIALS)
        if name in known:
            return self._named(name, f"'{name}' is not used like this")
        return self._named(name, f"'{name}' is neither a variable nor a function", closest(name, known))

    def _named(self, name: str, what: str, remedy: str = "", *, behind: bool = False) -> Problem:
        """The library points at the dot or the bracket next to a name; the name itself is meant."""
        row = self.text.split("\n")[self.line - 1]
        places = [found.start() + 1 for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", row)]
        if behind:
            column = min((place for place in places if place >= self.column), default=self.column)
        else:
            column = max((place for place in places if place <= self.column), default=self.column)
        return Problem(what, self.line, column, remedy)

    def _overload(self, function: str, types: str) -> Problem:
        given = [described(type_) for type_ in _split(types)]
        if function == "_?_:_":
            remedy = "write noValue() in place of null" if "null" in given else ""
            return self._at(f"?: has {given[1]} on one side and {given[2]} on the other", remedy)
        if function.strip("_@!-").isalpha() and function != "@in":
            what = f"{function}() does not take {' and '.join(given)}"
            forms = FUNCTIONS[function].forms if function in FUNCTIONS else ()
            return self._named(function, what, f"it takes {', '.join(forms)}" if forms else "")
        sign = function.strip("_@")
        return self._at(f"{sign} does not take {' and '.join(given)}", _either(given))

    def _syntax(self, what: str) -> Problem:
        if "'<EOF>' expecting" in what and not what.startswith(("extraneous", "missing")):
            return self._at("the expression ends too early")
        if found := re.match(r"token recognition error at: '(.*)'", what, re.DOTALL):
            if found[1].startswith(("'", '"')):
                return self._at("a text is not closed", f"end it with {found[1][0]}")
            remedy = "== compares" if found[1].strip() == "=" else ""
            return self._at(f"{found[1].strip()!r} is not understood", remedy)
        if found := re.match(r"(?:extraneous|mismatched) input '(.*?)' expecting", what, re.DOTALL):
            return self._at(f"{found[1]} is not expected here")
        if found := re.match(r"missing '(.*?)' at", what):
            return self._at(f"{found[1]} is missing")
        if found := re.match(r"no viable alternative at input '(.*)'", what, re.DOTALL):
            return self._at(f"{found[1]} is not understood")
        return self._at(what.partition(" expecting {")[0])


def _either(given: list[str]) -> str:
    if any(word.startswith("a list") for word in given):
        return "take one of the list's values, first(...), or look at all: exists(x, ...), map(x, ...)"
    if any(word.endswith("may be missing") for word in given):
        return "say what a missing value means: .orValue(...)"
    return ""


def _split(types: str) -> list[str]:
    """``(list(string), map(string, int))`` -> its parts."""
    parts, depth, start = [], 0, 1
    for place, sign in enumerate(types):
        depth += (sign == "(") - (sign == ")")
        if (sign == "," and depth == 1) or (sign == ")" and depth == 0):
            parts.append(types[start:place].strip())
            start = place + 1
    return [part for part in parts if part]
