"""A service that gives bad answers: the simulator of a walk, with something else in its place for some calls.

What a proxy, a gateway, a broken line or a wrong server would send is raised in the simulator's handler as an answer
of aiohttp's own; calls that are not meant are answered as ever.
"""

from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from support.walk import Walk
from syncramp.endpoint import contract
from syncramp.endpoint.soap import CONTENT_TYPE
from syncramp.simulator.faults import Answer

Bad = Callable[[Answer], Any]
"""From the good answer to the bad one; it may raise an answer of aiohttp."""


def html(_: Answer) -> Any:
    raise web.HTTPOk(text="<html>Please sign in to the proxy</html>", content_type="text/html")


def empty_500(_: Answer) -> Any:
    raise web.HTTPInternalServerError(text="")


def busy(_: Answer) -> Any:
    raise web.HTTPServiceUnavailable(text="later")


def throttled(_: Answer) -> Any:
    return Answer(500, contract.fault_response(contract.BUSY_TEXT, contract.BUSY))


def another_type(_: Answer) -> Any:
    raise web.HTTPUnsupportedMediaType(text="Cannot process the message")


def unknown_fault(_: Answer) -> Any:
    return Answer(500, contract.fault_response("Something else is wrong.", "90"))


def truncated(good: Answer) -> Any:
    """Half of the message, as a whole HTTP answer."""
    return Answer(200, good.body[: len(good.body) // 2])


def cut(good: Answer) -> Any:
    """Half of what was promised, then the end of the connection."""
    half = good.body[: len(good.body) // 2]
    answer = web.HTTPOk(headers={"Content-Length": str(len(good.body))}, content_type=CONTENT_TYPE)
    answer.body = half
    answer.force_close()
    raise answer


class _Silence(web.HTTPOk):
    """The connection is closed, and nothing was said."""

    async def prepare(self, request: web.BaseRequest) -> None:
        assert request.transport is not None
        request.transport.close()

    async def write_eof(self, data: bytes = b"") -> None:
        """There is nothing to end."""


def silent(_: Answer) -> Any:
    raise _Silence


class Faulty:
    """While the block lasts, a service answers calls of one operation badly.

    :param first: the number of the first bad one, from 1.
    :param times: how many are bad from there on.
    :param processed: the tenant has processed the call all the same.
    """

    def __init__(
        self,
        walk: Walk,
        operation: str,
        bad: Bad,
        first: int = 1,
        *,
        times: int = 1_000_000,
        processed: bool = False,
    ) -> None:
        assert walk.simulator is not None
        self._service = walk.simulator.service
        self._answer: Callable[[bytes], Answer] = self._service.answer
        self._operation, self._bad, self._processed = operation, bad, processed
        self._bad_calls = range(first, first + times)
        self._number = 0
        self.calls = 0
        """Calls that were answered badly."""

    def __call__(self, data: bytes, onward: str = "", missing_headers: tuple[str, ...] = ()) -> Answer:
        if contract.parse_request(data).operation != self._operation:
            return self._answer(data)
        self._number += 1
        if self._number not in self._bad_calls:
            return self._answer(data)
        self.calls += 1
        good = self._answer(data) if self._processed else Answer(200, b"\x56" * 200)
        bad: Answer = self._bad(good)
        return bad

    def __enter__(self) -> Self:
        self._service.answer = self  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self._service.answer = self._answer  # type: ignore[method-assign]
