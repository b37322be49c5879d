"""Messages of conditions: what happened in numbers, for the STATUS column, and why something is not well.

Values of the document are never told: the resource itself shows them, and a secret that was pasted into the wrong
field must not travel on into conditions and Events. What comes from a run was made of our own words, places and
counts; it is cut to its bytes all the same, and nothing in it can be a line break or a control sign.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from syncramp.check import Finding
from syncramp.words import count, printable
from syncramp_operator.status.facts import Object
from syncramp_operator.status.reasons import WEIGHTS, Weight
from syncramp_operator.status.view import held_by, items, part, ramps_waiting, text, whole

LONGEST = 1024
"""Bytes of a message: the CRD allows 1024 characters, the API server 1024 bytes in an Event."""
SHORT = 79
"""Signs of Ready's message while it is True: kubectl shows it in a column, and what is longer pushes the rest out."""
BRIEF = 256
"""Bytes of the message of any other condition than Ready and Stalled."""
_WINDOW = "OutsideSyncWindow"


def within(told: str, size: int) -> str:
    """A text on one line, of so many bytes at most, and never empty."""
    line = printable(told).strip() or "no more is known"
    whole_text = line.encode(errors="replace")
    if len(whole_text) <= size:
        return whole_text.decode()
    return whole_text[: size - len("…".encode())].decode(errors="ignore") + "…"


def cut(told: str, size: int) -> str:
    """The same, but nothing for nothing."""
    return within(told, size) if told else ""


def found(findings: Sequence[Finding]) -> str:
    """The first finding, and how many there are besides."""
    first, *others = findings
    more = f"; and {len(others)} more" if others else ""
    remedy = "" if _tells_remedy(first) else first.remedy
    return within(str(replace(first, value="", line=None, remedy=remedy)), LONGEST - len(more)) + more


def _tells_remedy(finding: Finding) -> bool:
    """Whether the reason says what to do; where a value is refused by name, the CRD's own sentence does."""
    return finding.forbidden or finding.remedy in finding.reason


def done(status: Object) -> str:
    """``3 added, 12 updated, 0 deleted; 181,240 wait for ramp large-groups``, in a column's width."""
    sums = _sums(status, "acknowledged")
    links = whole(part(status, "links"), "acknowledged")
    parts = [f"{number:,} {verb}" for number, verb in zip(sums, ("added", "updated", "deleted"), strict=True)]
    told = (parts if any(sums) else []) + ([count(links, "link")] if links else [])
    went = ", ".join(told) or "Nothing to change"
    return _fitting([f"{went}{rest}" for rest in _waiting(status)])


def planned(status: Object, word: str) -> str:
    """``Plan: 3 to add, 12 to update, 0 to delete``."""
    adds, updates, deletes = _sums(status, "planned")
    return _fitting([f"{word}: {adds:,} to add, {updates:,} to update, {deletes:,} to delete"])


def _sums(status: Object, name: str) -> tuple[int, int, int]:
    sums = {"Create": 0, "Update": 0, "Delete": 0}
    for change in items(status, "changes"):
        verb = text(change, "verb")
        if verb in sums:
            sums[verb] += whole(change, name)
    return sums["Create"], sums["Update"], sums["Delete"]


def _waiting(status: Object) -> list[str]:
    """What waits as a clause, in the longest words first; nothing where nothing does."""
    waiting, windows = ramps_waiting(status), held_by(status, _WINDOW)
    if windows:
        return [f"; {windows:,} wait for a sync window", f"; {windows:,} wait", ""]
    if not waiting:
        return [""]
    number = sum(waiting.values())
    wait = f"; {number:,} {'waits' if number == 1 else 'wait'}"
    name = f"ramp {printable(next(iter(waiting)))}" if len(waiting) == 1 else count(len(waiting), "ramp")
    return [f"{wait} for {name}", f"{wait} for {count(len(waiting), 'ramp')}", wait, ""]


def _fitting(choices: Sequence[str]) -> str:
    """The first that a column takes, else what of the last does."""
    fitting = next((choice for choice in choices if len(choice.encode()) <= SHORT), choices[-1])
    return within(fitting, SHORT)


def holds(status: Object, weight: Weight) -> str:
    """`` (TooManyDeletes 512, GroupDeletes 2)``: holds of one weight; those that are not known here are not named."""
    named = [
        f"{text(each, 'reason')} {whole(each, 'count'):,}"
        for each in items(status, "holds")
        if WEIGHTS.get(text(each, "reason")) is weight and whole(each, "count")
    ]
    return f" ({', '.join(named)})" if named else ""


def size_of(found: Any) -> int:
    """Bytes of something as JSON, at most: with every sign escaped that some writer of JSON escapes."""
    written = json.dumps(found, separators=(",", ":"))
    return len(written) + 5 * sum(written.count(sign) for sign in "<>&")
