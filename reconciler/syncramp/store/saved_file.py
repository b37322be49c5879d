"""A state snapshot as a file: lines of JSON in gzip, the same bytes for the same state.

The first line says what it is of and which version its form has; the last one counts the others, so a file that was
cut is told from a whole one. It holds names and distinguished names of people, and no secret.
"""

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from syncramp.errors import InputRefused
from syncramp.model.ramps import Command, RampState
from syncramp.model.saved import (
    Saved,
    SavedApproval,
    SavedBound,
    SavedDelete,
    SavedHead,
    SavedObject,
    SavedOrder,
    SavedRamp,
)
from syncramp.model.values import Kind
from syncramp.store.packing import unpack_bitmap

VERSION = 1
"""Of the form; a file of another one is refused."""
LONGEST = 500_000_000
"""Characters of a line: an approval of five million changes has 80 million."""

_WORDS: dict[str, type[Saved]] = {
    "object": SavedObject,
    "deleted": SavedDelete,
    "approval": SavedApproval,
    "ramp": SavedRamp,
    "bound": SavedBound,
    "order": SavedOrder,
}
_WORD = {kind: word for word, kind in _WORDS.items()}
_END = "end"


def write_saved(path: Path, head: SavedHead, rows: Iterable[Saved]) -> int:
    """Write a snapshot in the place of the file, as a whole or not at all.

    :returns: how many rows it has.
    :raises InputRefused: the file cannot be written.
    """
    number = 0
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                    packed.write(_line({"syncramp": "state", "version": VERSION, **asdict(head)}))
                    for number, row in enumerate(rows, start=1):  # noqa: B007 - it is returned
                        packed.write(_line([_WORD[type(row)], *row]))
                    packed.write(_line([_END, number]))
                os.replace(file.name, path)  # noqa: PTH105 - of the name as it is
            except BaseException:
                os.unlink(file.name)  # noqa: PTH108
                raise
    except OSError as error:
        raise InputRefused(
            f"the snapshot cannot be written: {error.strerror}", where=str(path), remedy="name another file with -O"
        ) from None
    return number


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


@contextmanager
def reading_saved(path: Path) -> Iterator[tuple[SavedHead, Iterator[Saved]]]:
    """A snapshot: what it is of, and its rows, one after the other. Read it to its end once before you believe it.

    :raises InputRefused: it cannot be read, is none, was cut, or has another version.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            yield _head(path, lines.readline(LONGEST)), _rows(path, lines)
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError):
        raise _refused(path, "it is no state snapshot, or was cut") from None
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror}") from None


def check_saved(path: Path) -> SavedHead:
    """Read a whole snapshot.

    :raises InputRefused: as :func:`reading_saved`.
    """
    with reading_saved(path) as (head, rows):
        for _ in rows:
            pass
    return head


def _head(path: Path, line: str) -> SavedHead:
    told = _json(path, line)
    if not isinstance(told, dict) or told.get("syncramp") != "state":
        raise _refused(path, "it is no state snapshot")
    if told.get("version") != VERSION:
        raise _refused(path, f"it has version {told.get('version')}, this release reads {VERSION}")
    try:
        return SavedHead(told["identity"], told["run"], told["ended"], told["adoption"])
    except KeyError as error:
        raise _refused(path, f"its first line has no {error.args[0]}") from None


def _rows(path: Path, lines: Iterator[str]) -> Iterator[Saved]:
    for number, line in enumerate(lines):
        told = _json(path, line)
        if told == [_END, number] and next(lines, "") == "":  # which reads the check sum, too
            return
        if (row := _row(told)) is None:
            raise _refused(path, f"line {number + 2} is not what we know, or was cut out")
        yield row
    raise _refused(path, "it was cut: its last line is missing")


def _row(told: Any) -> Saved | None:
    """A line as a row; None if it is none."""
    if not isinstance(told, list) or not told or told[0] not in _WORDS:
        return None
    kind, values = _WORDS[told[0]], told[1:]
    if len(values) != len(kind._fields) or not all(isinstance(value, str | int | float) for value in values):
        return None
    try:
        row = kind(*values)
        if isinstance(row, SavedObject):
            bytes.fromhex(row.guid)
            Kind(row.kind)
        elif isinstance(row, SavedApproval):
            bytes.fromhex(row.marks)
        elif isinstance(row, SavedBound):
            unpack_bitmap(bytes.fromhex(row.start))
        elif isinstance(row, SavedRamp):
            RampState.from_json(json.loads(row.state))
        elif isinstance(row, SavedOrder):
            Command(row.command)
    except (TypeError, ValueError, KeyError):
        return None
    return row


def _json(path: Path, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise _refused(path, "it is no state snapshot, or was cut") from None


def _refused(path: Path, what: str) -> InputRefused:
    return InputRefused(what, where=str(path), remedy="name a file that syncramp snapshot wrote")
