"""A simulated tenant for stories: reached over TLS at an address that stays, away and back when a test says so.

It can be frozen in front of a call: the call has arrived, nothing is processed or answered until it is let go. So a
test can kill whoever calls at a moment it knows.
"""

import asyncio
import itertools
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from syncramp.simulator.behaviour import Behaviour
from syncramp.simulator.faults import Script
from syncramp.simulator.server import Simulator, listening, make_simulator
from syncramp.simulator.settings import TenantSettings

Object = dict[str, Any]


class Cloud:
    """One tenant, with a GUID of its own; new objects can be referred to at once, and writes are not counted."""

    def __init__(self, script: Script | None = None, behaviour: Behaviour | None = None, **settings: Any) -> None:
        own = {"tenant_id": str(uuid.uuid4()), "visibility_delay": 0.0, "writes_per_five_minutes": 0}
        more = {"behaviour": behaviour} if behaviour else {}
        self.simulator: Simulator = make_simulator(TenantSettings(**{**own, **settings}), faults=script, **more)
        self._loop = asyncio.new_event_loop()
        self._listening: Any = None
        self._port = 0

    @contextmanager
    def running(self) -> Iterator["Cloud"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            self.come_back()
            yield self
        finally:
            self.go_away()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()
            self.simulator.tenant.close()

    def come_back(self) -> None:
        """Listen, at the address it had before."""
        self._listening = listening(self.simulator, self._port)
        self._done(self._listening.__aenter__())
        self._port = self.simulator.ports[0]

    def go_away(self) -> None:
        """Connections are refused from now on."""
        if self._listening:
            self._done(self._listening.__aexit__(None, None, None))
            self._listening = None

    @contextmanager
    def frozen(self, operation: str, after: int = 0) -> Iterator[threading.Event]:
        """Stop in front of a call of an operation, by a part of its name; the event says that it has come.

        :param after: so many calls of it pass before.

        It thaws at the end of the block, and processes the call even if nobody waits for it any more.
        """
        service, reached, thaw = self.simulator.service, threading.Event(), threading.Event()
        original, passing = service.answer, itertools.count()

        def answer(data: bytes, *more: Any, **named: Any) -> Any:
            if operation.encode() in data and next(passing) >= after and not thaw.is_set():
                reached.set()
                thaw.wait(60)
            return original(data, *more, **named)

        service.answer = answer  # type: ignore[method-assign]
        try:
            yield reached
        finally:
            thaw.set()
            service.answer = original  # type: ignore[method-assign]

    @property
    def tenant_id(self) -> str:
        return self.simulator.tenant.settings.tenant_id

    @property
    def users(self) -> int:
        """Live users that are synchronised."""
        return self.simulator.tenant.count("User")

    @property
    def groups(self) -> dict[str, int]:
        """Members by the anchor of their group."""
        return self.simulator.tenant.sizes()

    @property
    def exports(self) -> int:
        """Export calls that were processed."""
        return self.simulator.exports

    def target(self, secret: str, authority: str) -> Object:
        """``spec.target`` of a document that writes to it.

        :param secret: the Secret with the key ``secret``.
        :param authority: the Secret with the key ``ca.crt``.
        """
        host = self.simulator.host
        return {
            "tenantID": self.tenant_id,
            "auth": {
                "clientSecret": {
                    "clientID": self.simulator.client_id,
                    "secretKeyRef": {"name": secret, "key": "secret"},
                }
            },
            "endpoint": {
                "host": host,
                "authority": f"https://{host}",
                "ca": {"secretKeyRef": {"name": authority, "key": "ca.crt"}},
                "visibilityDelay": "0s",
                "unverified": True,
            },
        }

    def _done(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
