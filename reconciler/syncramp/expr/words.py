"""The library's messages in our words, and its names of types."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from syncramp.expr.errors import Problem
from syncramp.expr.functions import FUNCTIONS, SPECIALS
from syncramp.expr.hints import MACROS, NATIVE, NOT_OFFERED, SIGNS
from syncramp.expr.spelling import Spelled
from syncramp.words import closest

LINE = re.compile(r"^(?:INVALID_ARGUMENT: )?ERROR: <input>:(-?\d+):(-?\d+): ", re.MULTILINE)
ECHO = re.compile(r"\n \| .*", re.DOTALL)
"""The line of the text with its caret, which follows each message."""
FOLLOWING = ("*error*", "<<nil>>")
"""What stands in messages that only follow from another problem."""
DASHED = "a dash is written _"
"""How the remedy begins for a name of the directory with dashes."""
DEEPEST = 32
"""Levels of nesting that the library takes."""
PLAIN = {
    "STRING": "text", "BOOL": "true or false", "INT": "a number", "BYTES": "bytes", "DYN": "anything",
    "NULL": "null", "NULL_TYPE": "null", "DOUBLE": "a number with a point", "UINT": "a number without sign",
}  # fmt: skip


def problems(message: str, text: str, spelled: Spelled) -> tuple[Problem, ...]:
    """The problems in an error of the library, without those that only follow from others."""
    if "recursion" in message:
        return (Problem(f"it is nested deeper than {DEEPEST} levels", 1, 1, "do it in fewer steps, or in two rules"),)
    parts = LINE.split(message)[1:]
    found = [
        _Reading(text, spelled, max(1, int(line)), max(1, int(column))).problem(ECHO.sub("", what).strip())
        for line, column, what in zip(*[iter(parts)] * 3, strict=True)
        if not any(sign in what for sign in FOLLOWING)
    ]
    found.sort(key=lambda problem: (problem.line, problem.column))
    found = _without_parts(found, text)
    return tuple(dict.fromkeys(found)) or (Problem("it is no expression of CEL", 1, 1),)


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


def meant(name: str, known: Iterable[str]) -> str:
    """``did you mean 'mail'?``, or nothing."""
    near = closest(name, known)
    return f"did you mean '{near}'?" if near else ""


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
        if found := re.match(r"reserved identifier: (\w+)", what):
            return self._at(f"{found[1]} is a word that CEL keeps for itself")
        if what.startswith("has() argument"):
            return self._at("has() asks for one attribute", "write has(entry.mail)")
        return self._at(what[:1].lower() + what[1:])

    def _at(self, what: str, remedy: str = "") -> Problem:
        return Problem(what, self.line, self.column, remedy)

    def _attribute(self, name: str, variable: str) -> Problem:
        known = self.spelled.variables.get(variable, {})
        told = self._named(name, f"{variable} has no attribute '{name}'", meant(name, known), behind=True)
        spelled = _dashed(told, self.text).replace("-", "_")
        return replace(told, remedy=f"{DASHED}: {variable}.{spelled}") if spelled in known else told

    def _unknown(self, name: str) -> Problem:
        if name in FUNCTIONS or name in SPECIALS or name in NATIVE:
            return self._named(name, f"'{name}' is not used like this", _usage(name))
        if remedy := NOT_OFFERED.get(name.lower()):
            return self._named(name, f"'{name}' is not offered", remedy)
        variables = (*self.spelled.variables, *self.spelled.plain)
        head, dot, _ = name.partition(".")
        near = meant(head, variables if dot else (*variables, *NATIVE, *FUNCTIONS, *SPECIALS))
        remedy = near or f"name a function, or a variable: {', '.join(variables)}"
        return self._named(name, f"'{name}' is neither a variable nor a function", remedy)

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
        together = " and ".join(given)
        if function == "_?_:_":
            return self._choice(*given)
        if function in FUNCTIONS:
            return self._named(function, f"{function}() does not take {together}", _usage(function))
        sign = function.strip("_@") if function != "_[_]" else "[...]"
        mixed = function != "_[_]" and set(given) == {PLAIN["STRING"], PLAIN["INT"]}
        remedy = "string(...) makes text of a number, int(...) a number of text" if mixed else _either(given)
        return self._at(f"{sign} does not take {together}", remedy)

    def _choice(self, condition: str, one: str, other: str) -> Problem:
        if condition not in (PLAIN["BOOL"], PLAIN["DYN"]):
            return self._at(f"a condition is {condition}, not true or false", _either([condition]))
        remedy = "write noValue() in place of null" if PLAIN["NULL"] in (one, other) else ""
        return self._at(f"?: has {one} on one side and {other} on the other", remedy)

    def _syntax(self, what: str) -> Problem:
        if "'<EOF>' expecting" in what and not what.startswith(("extraneous", "missing")):
            return self._at("the expression ends too early")
        if found := re.match(r"token recognition error at: '(.*?)'?$", what, re.DOTALL):
            return self._token(found[1])
        if found := re.match(r"(?:extraneous|mismatched) input '(.*?)' expecting", what, re.DOTALL):
            return self._at(f"{found[1]} is not expected here", SIGNS.get(found[1], ""))
        if found := re.match(r"missing '(.*?)' at", what):
            return self._at(f"{found[1]} is missing")
        if found := re.match(r"no viable alternative at input '(.*)'", what, re.DOTALL):
            return self._at(f"{found[1]} is not understood")
        return self._at(what.partition(" expecting {")[0])

    def _token(self, sign: str) -> Problem:
        if sign.startswith(("'", '"')):
            escape = "a backslash is written \\\\" if "\\" in sign else ""
            return self._at("a text is not closed", escape or f"end it with {sign[0]}")
        shown = repr(sign.strip()) if sign.strip() else "a sign"
        return self._at(f"{shown} is not understood", SIGNS.get(sign.strip(), ""))


def _dashed(problem: Problem, text: str) -> str:
    """The name at the place of a problem, as a directory spells it: with dashes, which CEL takes for minus."""
    found = re.compile(r"\w+(?:-\w+)+").match(text.split("\n")[problem.line - 1], problem.column - 1)
    return found[0] if found else ""


def _without_parts(found: list[Problem], text: str) -> list[Problem]:
    """Of a name with dashes only the whole is told, not what its parts would be."""
    kept: list[Problem] = []
    for problem in found:
        last = kept[-1] if kept else None
        whole = last and last.remedy.startswith(DASHED) and last.column + len(_dashed(last, text))
        if not (last and whole and problem.line == last.line and problem.column < whole):
            kept.append(problem)
    return kept


def _usage(name: str) -> str:
    if name in FUNCTIONS:
        return f"it takes {', '.join(FUNCTIONS[name].forms)}"
    return MACROS.get(name, f"write {name}()" if name in SPECIALS else "")


def _either(given: list[str]) -> str:
    if any(word.startswith("a list") for word in given):
        return "take one of the list's values, first(...), or look at all: exists(x, ...), map(x, ...)"
    if any(word.endswith("may be missing") for word in given):
        return "say what a missing value means: .orValue(...)"
    if PLAIN["NULL"] in given:
        return "ask has(entry.mail) whether there is a value"
    if any(word.startswith("all attributes") for word in given):
        return "name one attribute behind a dot: entry.mail"
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
