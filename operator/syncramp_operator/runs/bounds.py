"""What a tenant's data may become on a resource: texts cut by bytes, and a status that fits however hostile it is.

An API server takes objects up to about 1.5 MB, and everybody who watches gets all of it with every change. So a
status stays below 32 KiB, whatever people write into their directory.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from syncramp.model.written import Side
from syncramp.words import printable
from syncramp_operator.api.resources import Object

LARGEST = 30_000
"""Bytes of a status as JSON; the rest up to 32 KiB is left for how a client writes it."""
MESSAGE = 1024
NAME = 256
SENTENCE = 512
PLAN = 16 * 1024
"""Bytes of the text of a plan."""
_MARK = "…"

Step = Callable[[Object], None]


def text(value: str, most: int = NAME) -> str:
    """A text on one line that no terminal obeys, of so many bytes at most."""
    return _cut(printable(value[: most + 1]), most)


def lines(value: str, most: int = PLAN) -> str:
    """The same of several lines; what does not fit goes from the end, whole lines."""
    kept, left = [], most
    for line in value.splitlines():
        shown = printable(line)
        size = len(shown.encode()) + 1
        if size > left - len(_MARK.encode()):
            kept.append(_MARK)
            break
        kept.append(shown)
        left -= size
    return "\n".join(kept)


def _cut(shown: str, most: int) -> str:
    whole = shown.encode()
    return shown if len(whole) <= most else whole[: most - len(_MARK.encode())].decode(errors="ignore") + _MARK


def stamp(moment: float | datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    when = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(told: str) -> datetime:
    """What ``stamp`` made.

    :raises ValueError: it is no such text.
    """
    return datetime.strptime(told, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def size(status: Mapping[str, Any]) -> int:
    """Bytes of a status as JSON."""
    return len(json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode())


def fitted(status: Object) -> Object:
    """A status that fits: of what is only there as an example, as much goes as must; numbers never do."""
    for step in _STEPS:
        if size(status) <= LARGEST:
            break
        status = json.loads(json.dumps(status))
        step(status)
    return status


def first(entries: list[Object], most: int) -> list[Object]:
    """The first ones; of a list of both directions the directory's have room of their own, a quarter, at its end."""
    there = [entry for entry in entries if entry.get("direction") == Side.DIRECTORY]
    here = [entry for entry in entries if entry.get("direction") != Side.DIRECTORY]
    here = here[: most - min(len(there), most // 4)]
    return here + there[: most - len(here)]


def _directions(status: Object) -> tuple[Object, ...]:
    """The status, and what it says of the other direction."""
    return status, status.get("writeback", {})


def _samples(most: int) -> Step:
    def step(status: Object) -> None:
        for told in _directions(status):
            for entry in (*told.get("errors", ()), *told.get("holds", ())):
                entry["samples"] = entry.get("samples", [])[:most]

    return step


def _lists(most: int) -> Step:
    def step(status: Object) -> None:
        for told in _directions(status):
            for name, value in told.items():
                if isinstance(value, list) and name not in ("conditions", "phases"):
                    told[name] = first(value, most)

    return step


def _ramps(status: Object) -> None:
    for ramp in status.get("ramps", ()):
        ramp["verdicts"], ramp["decisions"] = [], []


def _plan(status: Object) -> None:
    if "plan" in status:
        status["plan"] = lines(status["plan"], PLAN // 4)


def _sentences(status: Object) -> None:
    for name in ("sources", "preflight", "guards"):
        for entry in status.get(name, ()):
            for member in ("reason", "text", "remedy", "sentence", "subject"):
                if member in entry:
                    entry[member] = text(entry[member], 64)


_STEPS: tuple[Step, ...] = (
    _samples(1),
    _plan,
    _ramps,
    _samples(0),
    _lists(10),
    _sentences,
    _lists(5),
)
