"""Which lines of the codec run, and how many: coverage for the fuzzer, and a measure of work without a clock."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import syncramp

CODEC = str(Path(syncramp.__file__).parent / "endpoint")


class Steps:
    """While a call of :meth:`run` lasts, every line of the codec is counted."""

    def __init__(self) -> None:
        self.count = 0
        self.edges: set[tuple[int, int, int]] = set()
        """Of each function, a line and the one that ran after it."""

    def run(self, work: Callable[[], Any]) -> Any:
        """What the work gives; what it raises goes on."""
        self.count = 0
        self.edges = set()
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return work()
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(CODEC):
            return None
        name, last = id(code), 0

        def step(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last
            if event == "line":
                self.count += 1
                self.edges.add((name, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step
