"""Calls in flight without threads: which of them is processed next is chance, the same one for the same seed."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from support.model import Crash
from syncramp.errors import SyncrampError


class Flight:
    """In place of a pool of threads: a call is made when somebody waits for one, in any order."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._calls: dict[Future[Any], Callable[[], Any]] = {}

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._calls[future] = lambda: function(*arguments)
        return future

    def land(self) -> Future[Any]:
        future = self._rng.choice(list(self._calls))
        try:
            future.set_result(self._calls.pop(future)())
        except BaseException as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_: object) -> None:
        """The run is over or dead; a call that nobody waits for any more may have left all the same."""
        for call in self._calls.values():
            if self._rng.random() < 0.5:
                with suppress(Crash, SyncrampError):
                    call()
        self._calls.clear()


@contextmanager
def flights(rng: random.Random) -> Iterator[None]:
    """Exports in the block have flights in place of threads."""
    flight = Flight(rng)
    with (
        patch("syncramp.cycle.flights.ThreadPoolExecutor", lambda number, **_: flight),
        patch("syncramp.cycle.flights.Flights._next", lambda flights: flight.land()),
    ):
        yield
