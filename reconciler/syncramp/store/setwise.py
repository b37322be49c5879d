"""Statements for one row as statements for many, with an array for each parameter.

A row of psycopg's ``executemany`` costs the client 12 µs and the server 18. As arrays of one statement the same rows
cost 3 and 9. COPY into a temporary table, and a statement from there, is no faster and asks the server three times.

    INSERT INTO t (a, b) VALUES (?, 0)    INSERT INTO t (a, b) SELECT v.p0, 0 FROM unnest(?) AS v(p0)
    UPDATE t SET a = ? WHERE b = ?        UPDATE t SET a = v.p0 FROM unnest(?, ?) AS v(p0, p1) WHERE b = v.p1
    DELETE FROM t WHERE a = ?             DELETE FROM t USING unnest(?) AS v(p0) WHERE a = v.p0

All at once is the same as one after the other only if no row meets what another one did. So only statements of these
plain forms are turned, and rows of which two have the same key go one by one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from syncramp.store.arrays import Packed, packed

_INSERT = re.compile(
    r"\s*(INSERT INTO \w+) \(([\w\s,\"]+)\)\s+VALUES (?:\((.*?)\)|\{\})(?:\s+(ON CONFLICT\b.*))?\s*", re.DOTALL
)
_CONFLICT = re.compile(r"ON CONFLICT(?: \(([\w\s,\"]+)\))? DO (NOTHING|UPDATE\b.*)", re.DOTALL)
_UPDATE = re.compile(r"\s*UPDATE (\w+) SET (.*)\sWHERE (.*?)\s*", re.DOTALL)
_DELETE = re.compile(r"\s*DELETE FROM (\w+) WHERE (.*?)\s*", re.DOTALL)
_CONSTANT = re.compile(r"\?|-?\d+|'\w*'|NULL")
_EQUAL = re.compile(r"(\"?\w+\"?) = \?")
_CONDITION = re.compile(r"\"?\w+\"? (?:(?:!=|<>|=) \?|IS (?:NOT )?NULL|(?:=|!=|<>) (?:\d+|'\w*'))")


@dataclass(frozen=True, slots=True)
class Form:
    """A statement that can be made for many rows."""

    before: str
    """With a ``?`` for each parameter, up to where the rows are named."""
    joins: str
    """How the rows are named."""
    after: str
    """What follows, with the other parameters."""
    keys: tuple[int, ...]
    """Parameters that have to be others in each row; none: they need not."""


def statement(sql: str, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Packed]] | None:
    """A statement for all rows, and its parameters.

    :param sql: for one row; ``VALUES {}`` stands for all parameters of an INSERT.
    :returns: None: rows have to go one by one.
    """
    form = _form(sql, len(rows[0]))
    if form is None or not _apart(form.keys, rows):
        return None
    columns = [packed(column) for column in zip(*rows, strict=True)]
    found = [column for column in columns if column]
    if not found or None in columns:
        return None
    return _text(form, tuple(map(bool, columns))), found


def _apart(keys: tuple[int, ...], rows: Sequence[Sequence[Any]]) -> bool:
    if not keys:
        return True
    if len(keys) == 1:
        return len({row[keys[0]] for row in rows}) == len(rows)
    return len({tuple(row[key] for key in keys) for row in rows}) == len(rows)


@cache
def _text(form: Form, there: tuple[bool, ...]) -> str:
    """:param there: which parameters have values; the others are NULL in all rows."""
    names = iter([f"v.p{number}" if known else "NULL" for number, known in enumerate(there)])
    filled = [re.sub(r"\?", lambda _: next(names), part) for part in (form.before, form.after)]
    known = [number for number, one in enumerate(there) if one]
    given, called = ", ".join("?" * len(known)), ", ".join(f"p{number}" for number in known)
    return f"{filled[0]} {form.joins} unnest({given}) AS v({called}) {filled[1]}".rstrip()


@cache
def _form(sql: str, width: int) -> Form | None:
    if found := _INSERT.fullmatch(sql):
        return _insert(width, *found.groups())
    if found := _UPDATE.fullmatch(sql):
        return _update(*found.groups())
    if found := _DELETE.fullmatch(sql):
        return _delete(*found.groups())
    return None


def _insert(width: int, into: str, named: str, given: str | None, conflict: str | None) -> Form | None:
    columns = [name.strip() for name in named.split(",")]
    values = [value.strip() for value in given.split(",")] if given is not None else ["?"] * width
    plain = len(values) == len(columns) and all(map(_CONSTANT.fullmatch, values))
    told = _CONFLICT.fullmatch(conflict or "ON CONFLICT DO NOTHING")
    if not plain or told is None or "?" in (conflict or ""):
        return None
    keys: tuple[int, ...] = ()
    if told[2] != "NOTHING":
        places = {
            name: values[: place + 1].count("?") - 1 for place, name in enumerate(columns) if values[place] == "?"
        }
        keys = tuple(places[key.strip()] for key in told[1].split(",") if key.strip() in places)
        if not keys:
            return None
    return Form(f"{into} ({named}) SELECT {', '.join(values)}", "FROM", conflict or "", keys)


def _update(table: str, changes: str, condition: str) -> Form | None:
    keys = _keys(condition, changes.count("?"))
    if not keys or f"FROM {table}" in changes:
        return None
    if any(re.search(rf"(?:^|,)\s*{key} =", changes) for key in keys):
        return None  # who has its key changed is found by another row
    return Form(f"UPDATE {table} SET {changes}", "FROM", f"WHERE {condition}", tuple(keys.values()))  # noqa: S608


def _delete(table: str, condition: str) -> Form | None:
    if not _keys(condition, 0):
        return None
    return Form(f"DELETE FROM {table}", "USING", f"WHERE {condition}", ())  # noqa: S608


def _keys(condition: str, first: int) -> dict[str, int]:
    """Columns that have to be equal to a parameter, with its number; none: the condition is not plain.

    :param first: the number of the condition's first parameter.
    """
    parts = [part.strip() for part in condition.split(" AND ")]
    if not all(map(_CONDITION.fullmatch, parts)):
        return {}
    found = {}
    for part in parts:
        if equal := _EQUAL.fullmatch(part):
            found[equal[1]] = first
        first += part.count("?")
    return found
