"""HTTPS to the services of a tenant: connections that are kept, the environment's proxies, and what never left.

urllib3, which msal brings along, makes the connections, and the first request on each; those that follow go past it
(:mod:`~syncramp.endpoint.exchange`). Whether a request may have left decides what is known after a failure. It is
noted where every byte of a request goes through, so no kind of error has to be trusted with it.
"""

import math
import os
import queue
import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, ProxySchemeUnknown, ReadTimeoutError

from syncramp.endpoint.exchange import FINAL, WRITE, Answer, exchange, request_head
from syncramp.errors import InputRefused

__all__ = ["Answer", "Https", "NoAnswer", "causes"]

CONNECT = 10.0
"""Seconds for a connection."""
IDLE = 5.0
"""Seconds after which a connection is not used again: what stands between may have dropped it without a word."""
KEPT = 8
"""Connections to a host; an export has four calls in flight."""
_ENCODINGS = "gzip, deflate"

_leaving = threading.local()


class NoAnswer(Exception):
    """A request that was not answered.

    :param cause: what happened to the connection.
    :param left: some of the request may have been sent.
    """

    def __init__(self, cause: BaseException, *, left: bool) -> None:
        super().__init__(_words(cause))
        self.cause = cause
        self.left = left

    @property
    def late(self) -> bool:
        """We waited for it as long as we would; that TCP gave up is something else, and has a number."""
        return any(
            isinstance(error, ReadTimeoutError) or (isinstance(error, TimeoutError) and error.errno is None)
            for error in causes(self.cause)
        )


class Https:
    """Connections to some hosts; shared by threads.

    :param timeout: seconds for an answer.
    :param direct: no proxy of the environment comes between.
    """

    def __init__(self, context: ssl.SSLContext, timeout: float, *, direct: bool) -> None:
        self._wait = timeout
        self._timeout = Timeout(connect=CONNECT, read=timeout)
        self._options: dict[str, Any] = {"ssl_context": context, "maxsize": KEPT}
        self._direct = direct
        self._lock = threading.Lock()
        self._managers: dict[str, PoolManager] = {}
        """By the proxy they go through."""
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.close()

    def request(self, method: str, url: str, headers: Mapping[str, str], *body: bytes) -> Answer:
        """Ask, and follow nobody's redirect.

        :param body: its pieces, so that they are put together once; none: there is no body.
        :raises NoAnswer: there was none.
        :raises InputRefused: the environment names a proxy that there is no way through.
        """
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
        sent = {"Accept": "*/*", "Accept-Encoding": _ENCODINGS, **headers}
        _leaving.begun = False
        pool = self._pool(parts)
        head = request_head(method, parts, target, sent, sum(map(len, body))) if body else b""
        try:
            if head and isinstance(pool, _Pool) and (connection := pool.idle()):
                return pool.exchange(connection, method, b"".join((head, *body)), self._wait)
            whole = b"".join(body) if body else None
            answer = pool.urlopen(method, target, whole, sent, retries=False, redirect=False, timeout=self._timeout)
        except (HTTPError, HTTPException, OSError) as error:
            raise NoAnswer(error, left=_leaving.begun) from None
        return Answer(answer.status, answer.headers, answer.data)

    def _pool(self, parts: SplitResult) -> HTTPConnectionPool:
        """The connections to a host."""
        with self._lock:
            key = parts.scheme, parts.netloc
            if key not in self._pools:
                proxy = "" if self._direct else _proxy_of(parts)
                manager = self._managers.setdefault(proxy, _manager(proxy, self._options))
                self._pools[key] = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
            return self._pools[key]


class _Connection(HTTPSConnection):
    """A connection that notes when a request begins to leave, and grows old."""

    used = 0.0

    def request(self, *arguments: Any, **options: Any) -> None:
        _leaving.begun = True
        self.timeout = WRITE
        super().request(*arguments, **options)

    def getresponse(self) -> Any:
        answer = super().getresponse()
        self.used = time.monotonic() if answer.status >= FINAL else -math.inf
        return answer

    @property
    def is_connected(self) -> bool:
        """What came beyond an answer, and nobody took, is no answer to what is asked next."""
        left = type(self.sock) is ssl.SSLSocket and self.sock.pending()
        return not left and time.monotonic() - self.used < IDLE and super().is_connected


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection

    def idle(self) -> _Connection | None:
        """A connection that is open and waits for a request; its taker gives it back."""
        try:
            connection = self.pool.get(block=False) if self.pool else None
        except queue.Empty:
            return None
        if connection is not None and type(connection.sock) is ssl.SSLSocket and connection.is_connected:
            return connection  # type: ignore[no-any-return]
        self._put_conn(connection)
        return None

    def exchange(self, connection: _Connection, method: str, message: bytes, wait: float) -> Answer:
        """Send a whole request and read its answer; raises as :func:`exchange`."""
        kept = False
        _leaving.begun = True
        try:
            answer, kept = exchange(cast("ssl.SSLSocket", connection.sock), method, message, wait)
        finally:
            connection.used = time.monotonic()
            if not kept:
                connection.close()
            self._put_conn(connection if kept else None)
        return answer


def _manager(proxy: str, options: Mapping[str, Any]) -> PoolManager:
    made = _by_proxy(proxy, options) if proxy else PoolManager(**options)
    made.pool_classes_by_scheme = {**made.pool_classes_by_scheme, "https": _Pool}
    return made


def _by_proxy(proxy: str, options: Mapping[str, Any]) -> ProxyManager:
    try:
        parts = urlsplit(proxy)
        named = unquote(f"{parts.username}:{parts.password or ''}") if parts.username else None
        headers = make_headers(proxy_basic_auth=named, proxy_basic_auth_encoding="utf-8")
        return ProxyManager(proxy, proxy_headers=headers, **options)
    except ProxySchemeUnknown:
        what, remedy = f"a proxy of the kind {parts.scheme}", "name one with http:// or https://"
    except ValueError:  # its text may hold a piece of the password
        what, remedy = "a proxy that cannot be read", "write it as http://host:port, a password in it percent-encoded"
    raise InputRefused(f"the environment names {what}", where="HTTPS_PROXY", remedy=remedy)


def _proxy_of(url: SplitResult) -> str:
    """The environment's proxy for a host, which ``NO_PROXY`` may name with its port; empty: none."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all") or ""
    if not proxy or any(map(proxy_bypass, (url.hostname or "", url.netloc))):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and what it follows from, the last of all at the end."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        inner = [part for part in error.args if isinstance(part, BaseException)]
        error = error.__cause__ or (inner[0] if inner else None) or error.__context__
    return found


def _words(error: BaseException) -> str:
    """What happened, without the connection it happened to: that one's text may name a proxy and its password."""
    last = causes(error)[-1]
    return str(last).rstrip(".") or type(last).__name__
