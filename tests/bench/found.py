"""All that the bench of the whole cycle found, as it stands in its JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from bench.rows import Row, Run


@dataclass(frozen=True)
class Measured:
    """One size, with one directory, one store and one number of objects in a call."""

    people: int
    groups: int
    links: int
    directory: str
    store: str
    objects_per_call: int
    ldapsearch: float
    """Seconds of the processor."""
    runs: Sequence[Run]

    def run(self, what: str) -> Run:
        """:raises KeyError: there is no such run."""
        return {run.what: run for run in self.runs}[what]

    def ratio(self, what: str) -> float:
        """The processor's time of a run, in that of ldapsearch."""
        return self.run(what).whole.cpu / self.ldapsearch

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """From JSON."""
        return cls(**{**data, "runs": [Run.of(run) for run in data["runs"]]})


@dataclass(frozen=True)
class Found:
    """What one command measured."""

    machine: dict[str, str]
    measured: Sequence[Measured]

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file of JSON."""
        data = json.loads(path.read_text("utf-8"))
        return cls(data["machine"], [Measured.of(one) for one in data["measured"]])

    def write(self, path: Path) -> None:
        """As a file of JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def of(self, directory: str, objects_per_call: int | None = None) -> list[Measured]:
        """What was measured with a directory, from the smallest size to the largest."""
        found = [
            one
            for one in self.measured
            if one.directory == directory and objects_per_call in (None, one.objects_per_call)
        ]
        return sorted(found, key=lambda one: one.people)


@dataclass(frozen=True)
class Peer:
    """One size, the open peer's way."""

    people: int
    extrapolated: bool
    """The first sync is that of fewer people, times what there is more."""
    rows: Sequence[Row]


@dataclass(frozen=True)
class Peers:
    """What ``bench.peer`` measured."""

    machine: dict[str, str]
    measured: Sequence[Peer]

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file of JSON."""
        data = json.loads(path.read_text("utf-8"))
        made = [
            Peer(one["people"], one["extrapolated"], [Row(**row) for row in one["rows"]]) for one in data["measured"]
        ]
        return cls(data["machine"], made)

    def write(self, path: Path) -> None:
        """As a file of JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
