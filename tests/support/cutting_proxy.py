"""A TCP proxy on loopback, which can close the connection after so many bytes from the server."""

from contextlib import AbstractContextManager

from support.relay import Passes, relay


def cutting_proxy(target: int, after: int | None, host: str = "127.0.0.1") -> AbstractContextManager[int]:
    """Forward connections from 127.0.0.1 to a port of a host of loopback.

    :param after: how many bytes of the server's a client may see before both sides are closed; None: all.
    :return: the port to connect to.
    """
    return relay((host, target), lambda: _until(after))


def _until(limit: int | None) -> Passes:
    left = limit

    def passes(data: bytes, answers: bool) -> tuple[bytes, bool]:
        nonlocal left
        if left is None or not answers:
            return data, True
        passed, left = data[:left], max(0, left - len(data))
        return passed, left > 0

    return passes
