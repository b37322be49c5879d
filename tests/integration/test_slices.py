"""A long export against the simulator, over TLS: who leaves meanwhile does not wait for its end.

``spec.interval`` has no less than five minutes, and these tests have not so long: there, ``5m`` are 0.3 seconds.
"""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.walk import Forest, Walk, anchor, walking
from syncramp.spec import structure
from syncramp.spec.durations import parse_duration

PEOPLE = 60
NEWCOMERS = range(1001, 1151)
OBJECTS_PER_CALL = 5
LATENCY = 0.05
SHORT = timedelta(seconds=0.3)


class Watch:
    """Every export call of the tenant takes a while, and after one of them something happens."""

    def __init__(self, walk: Walk) -> None:
        self.calls: list[dict[str, Any]] = []
        """What each carried, by anchor."""
        self.after: dict[int, Callable[[], None]] = {}
        self._provision = walk.tenant.provision
        walk.tenant.provision = self._process  # type: ignore[method-assign]

    def _process(self, objects: Any, *more: Any) -> Any:
        time.sleep(LATENCY)
        answer = self._provision(objects, *more)
        self.calls.append({str(obj.values["SourceAnchor"]): obj.values for obj in objects})
        self.after.pop(len(self.calls), lambda: None)()
        return answer

    def first(self, number: int) -> int:
        """The first call about somebody."""
        return next(call for call, carried in enumerate(self.calls, 1) if anchor(number) in carried)


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    monkeypatch.setattr(structure, "parse_duration", lambda text: SHORT if text == "5m" else parse_duration(text))
    with walking(tmp_path) as made:
        made.forest = Forest.of(PEOPLE, {501: list(range(1, PEOPLE + 1))})
        made.spec["target"]["endpoint"]["objectsPerCall"] = OBJECTS_PER_CALL
        assert made.here().code == 0
        made.spec["interval"] = "5m"
        yield made


def test_a_removal_and_a_disable_made_during_a_long_export_are_sent_within_one_slice(walk: Walk) -> None:
    watch = Watch(walk)
    walk.forest.people |= {number: {} for number in NEWCOMERS}

    def leave() -> None:
        walk.forest.people[1] = {"userAccountControl": "514"}
        walk.forest.groups[501].remove(2)
        walk.write()

    watch.after[3] = leave
    done = walk.here()
    assert done.code == 0, done
    walk.assert_cloud_matches()
    told = [line for line in done.err.splitlines() if line.startswith("info: slice ")]
    assert len(told) > 1, "the export was long enough"
    first = re.match(r"info: slice 1 is over: ([0-9]+) objects and 0 links acknowledged so far, ", told[0])
    assert first, told
    calls = -(-int(first[1]) // OBJECTS_PER_CALL)
    assert watch.first(1) == calls + 1, "the disable is the first call of the second slice"
    assert watch.calls[calls][anchor(1)]["accountEnabled"] is False
    assert watch.first(501) == calls + 2, "and the removal is the next"
    assert re.search(r"Objects +151 +151 +0 +0 +0 +0\n", done.out), done.out
    assert re.search(r"Links +1 +1 +0 +0 +0 +0\n", done.out)
    assert f"Slices: {len(told) + 1}\n" in done.out
    assert "Disables and member removals: 2 acknowledged (p50 " in done.out


def test_one_slice_alone_is_told_as_one(walk: Walk) -> None:
    Watch(walk)
    walk.forest.people |= {number: {} for number in NEWCOMERS}
    done = walk.here("sync", "--once")
    assert done.code == 2
    assert "The slice was over before everything was sent; the next run goes on\n" in done.out
    assert "Slices:" not in done.out
    status = walk.again("status", "-o", "json")
    assert status.code == 2
    assert status.json["sliced"] is True and status.json["objects"]["left"] > 0
    walk.spec["interval"] = "10m"
    assert walk.here().code == 0
    walk.assert_cloud_matches()
