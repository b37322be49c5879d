"""How old a file is, against the one that was read before: now and then the wrong export is put in place.

A file tells no version, so its time of change must do. One that was changed earlier than the file before, and holds
something else, is an older export; one that holds the same bytes is the same, whatever its time says (a checkout, a
restored volume).
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from syncramp.model.facts import Evidence
from syncramp.words import moment


@dataclass
class Aged:
    """A file while it is read."""

    file: BinaryIO
    _hash: Any = field(default_factory=hashlib.sha256)
    _whole: bool = False

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self.file.read(size)
        self._hash.update(data)
        self._whole = self._whole or not data
        return data

    def fresh(self, horizon: bytes | None, called: str) -> Evidence:
        """Is it at least as new as what was read before?

        :param horizon: of the file before; None: there was none.
        :param called: what messages call it.
        """
        before, now = _told(horizon), self._changed
        if before is None or now >= before[0] or self._digest == before[1]:
            return Evidence(seen=f"changed {_when(now)}")
        last, seen = f"changed {_when(before[0])}", f"changed {_when(now)}"
        reason = f"{called}: the file was {seen}, and the one that was read before was {last}"
        return Evidence(False, f"{last} or later", seen, f"{reason}: put the newer one in its place")

    def horizon(self, before: bytes | None) -> bytes | None:
        """What the next file is measured by: this one if all of it was read and it is not older."""
        told = _told(before)
        if not self._whole or (told is not None and self._changed < told[0]):
            return before
        return json.dumps({"changed": self._changed, "digest": self._digest}).encode()

    @property
    def _changed(self) -> int:
        """In nanoseconds since the epoch."""
        return os.fstat(self.file.fileno()).st_mtime_ns

    @property
    def _digest(self) -> str:
        return str(self._hash.hexdigest()) if self._whole else ""


def _told(horizon: bytes | None) -> tuple[int, str] | None:
    if horizon is None:
        return None
    try:
        told = json.loads(horizon)
        return int(told["changed"]), str(told["digest"])
    except (ValueError, KeyError, TypeError):  # what a source of another form left
        return None


def _when(nanoseconds: int) -> str:
    return moment(datetime.fromtimestamp(nanoseconds / 1e9, UTC))
