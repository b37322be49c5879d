"""One request that changes the directory, sent until it is answered with more than a plea for patience.

Nothing is sent before it was looked whether that is still ours to do, and none after the patience of its call ended.
A request without an answer may have been done: that ends the connection, not the call, which asks again.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from syncramp.directory.controller import Controller
from syncramp.directory.refusals import Family, failure, family_of, name_of
from syncramp.endpoint.throttle import REAL, Timing
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.errors import AnswerLost, SourceUnavailable, Stopped
from syncramp.model.written import WriteTimed
from syncramp.source.dn import DnError
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.messages import Done, Found
from syncramp.source.ldap.session import NoSuchEntry, Session

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds before a request goes again to a controller that is busy; doubled each time, with half of it up or down by
chance."""

Send = Callable[[Session], Done]


def nothing_to_see() -> None:
    """Nobody has anything against a request."""


@dataclass
class Requests:
    """The requests of one run.

    :param look: called right before each request; what it raises is why it is not sent.
    """

    controller: Controller
    traffic: TrafficCounter
    stop: threading.Event = field(default_factory=threading.Event)
    look: Callable[[], None] = nothing_to_see
    timing: Timing = REAL
    timed: list[WriteTimed] = field(default_factory=list)
    """Those that were answered."""
    until: float = 0.0
    """No request of the present call begins later; of ``timing``."""
    sent: bool = False
    """One of the present call left."""
    changed: bool = False
    """One of the present call was done."""

    def begin(self, patience: float) -> None:
        """A call begins, which has so many seconds."""
        self.until, self.sent, self.changed = self.timing.now() + patience, False, False

    def ask(self, operation: str, doing: str, send: Send, values: int = 0) -> Done:
        """Send one request; busy controllers are waited for.

        :param doing: what it does, for people.
        :param values: how many members it carries.
        :returns: any result that is none of a busy controller.
        :raises AnswerLost: it may have been done.
        :raises SyncrampError: nothing of it was done.
        """
        pause = FIRST_PAUSE
        with self.traffic.patience() as pushed:
            while True:
                done = self._once(operation, send, values)
                if family_of(done) is not Family.BUSY:
                    self.changed = self.changed or done.code == 0
                    return done
                pushed()
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311
                if self.timing.now() + wait > self.until:
                    raise failure(done, self.controller.url, doing)
                if self.timing.wait(self.stop, wait):
                    raise Stopped(
                        "the run was stopped while the domain controller was busy", where=self.controller.url
                    )
                pause = min(pause * 2, LONGEST_PAUSE)

    def entry(self, name: str, attributes: Sequence[str]) -> Mapping[str, Sequence[bytes]] | None:
        """Read one entry at the same controller: attributes in small letters, and its DN as ``dn``.

        :returns: None: it is not there.
        :raises SyncrampError: there was no answer.
        """
        with self._read(), suppress(NoSuchEntry):
            return _told(self.controller.session().entry(name, attributes))
        return None

    def first(self, filter_: str, attributes: Sequence[str]) -> Mapping[str, Sequence[bytes]] | None:
        """The first entry of the naming context that a filter finds, as ``entry``."""
        session, partition = self.controller.session(), self.controller.partition
        with (
            self._read(),
            suppress(NoSuchEntry),
            closing(session.pages(partition, filter_, attributes, size=1)) as all_,
        ):
            return next((_told(found) for found in all_ if isinstance(found, Found)), None)
        return None

    def members(self, guid: bytes, dn: str) -> frozenset[bytes]:
        """objectGUIDs of the members of a group at the same controller; none of one that is not there, or has a
        member that is no name.

        :raises SyncrampError: there was no answer.
        """
        session, controller = self.controller.session(), self.controller
        with self._read(), suppress(NoSuchEntry, DnError):
            entries = Entries(session, controller.root, controller.partition, frozenset())
            return frozenset(entries.members(guid, dn).guids)
        return frozenset()

    @contextmanager
    def _read(self) -> Iterator[None]:
        try:
            yield
        except SourceUnavailable:
            self.controller.close()
            raise

    def _once(self, operation: str, send: Send, values: int) -> Done:
        session = self.controller.session()
        self.look()
        began = self.timing.now()
        self.traffic.sent()
        self.sent = True
        try:
            done = send(session)
        except SourceUnavailable as error:
            self.controller.close()
            raise AnswerLost(error.what, where=error.where, remedy="it is sent again, which converges") from error
        self.timed.append(WriteTimed(operation, self.timing.now() - began, values, name_of(done.code)))
        return done


def _told(found: Found) -> dict[str, Sequence[bytes]]:
    return {"dn": (found.dn,), **{name.lower(): given for name, given in found.values.items()}}
