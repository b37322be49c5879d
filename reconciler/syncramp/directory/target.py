"""Active Directory as the target of a run (``model.seams.DirectoryTarget``): chosen, looked at, written to.

One object of a call is one request, or few: there is no batch, and nothing is sent side by side, since a controller
does the changes of one group one after the other anyway. After each call the controller is asked how far it counts
its changes, which is what the controller of the next run must have; to ask costs a thousandth of what a modify does.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncramp.directory import container, pin, schema
from syncramp.directory.controller import Controller
from syncramp.directory.looking import Look
from syncramp.directory.replication import Replication
from syncramp.directory.requests import Requests, nothing_to_see
from syncramp.directory.roster import Roster
from syncramp.directory.tokens import Tokens
from syncramp.directory.writing import Writer
from syncramp.endpoint.throttle import REAL, Timing
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.errors import AnswerLost, CallTooLarge, SourceUnavailable, SyncrampError
from syncramp.model.measures import Traffic
from syncramp.model.wire import Company, Outcome, ReadBackPage, SyncObject
from syncramp.model.written import LookCookie, Lost, Pinned, Shown, Standing, WriteTimed
from syncramp.source import dn
from syncramp.source.ldap import freshness
from syncramp.source.ldap.directory import LdapSource, innermost
from syncramp.source.ldap.freshness import Horizon
from syncramp.spec.types import WritebackGroups


@dataclass
class _Pinned:
    """What a run has of its controller."""

    controller: Controller
    requests: Requests
    writer: Writer
    schema: schema.Schema
    replication: Replication
    tokens: Tokens


@dataclass
class LdapTarget:
    """A directory that groups are written to.

    :param account: its servers, and the account that writes.
    :param reads: the directory as it is read in the same run: the server that answered there is chosen first.
    :param look_first: called right before each request that changes something; what it raises is why it is not sent.
    """

    account: LdapSource
    groups: WritebackGroups
    reads: LdapSource | None = None
    tenant: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    look_first: Callable[[], None] = nothing_to_see
    timing: Timing = REAL
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    _doubt: float | None = field(default=None, init=False)
    """Since when it is not known whether the controller did what was sent last."""
    _horizon: Horizon = field(default_factory=Horizon, init=False)
    _roster: Roster = field(default_factory=Roster, init=False)
    _run: _Pinned | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._traffic = TrafficCounter(self.timing.now)
        self._timed: list[WriteTimed] = []

    def close(self) -> None:
        """End the connection."""
        if self._run is not None:
            self._run.controller.close()

    def pin(self, written: bytes | None) -> Pinned:
        """Choose the domain controller of this run, and see what can be written there.

        :param written: what ``written`` gave after earlier runs.
        :raises DirectoryBehind: none that answers has that.
        :raises InputRefused: the container is not there, or groups must not be made in it.
        :raises SyncrampError: none answers, or the account is refused.
        """
        self.close()
        self._horizon, self._roster, self._doubt = freshness.decode(written), Roster(), pin.doubt_of(written)
        doubted = self._doubt is not None and self.clock() - self._doubt < pin.DOUBT_SECONDS
        place = dn.canonical(self.groups.container)
        choice = pin.Choice(self.account, place, self._horizon, self._answered_for, doubted, self.timing.now)
        controller, pinned = choice.choose()
        self._doubt = None
        try:
            unit = container.find(controller.session(), controller.root, self.groups.container)
            found = schema.look(controller.session(), controller.root, unit.partition)
        except BaseException:
            controller.close()
            raise
        requests = Requests(controller, self._traffic, self.stop, self.look_first, self.timing, self._timed)
        writer = Writer(requests, self._roster, unit.dn, found.recycle_bin)
        replication = Replication(self.account, controller, self.timing.now)
        self._run = _Pinned(controller, requests, writer, found, replication, Tokens(requests.entry))
        return pinned

    @property
    def attributes(self) -> frozenset[str]:
        """Those that groups can have, in small letters."""
        return self._chosen.schema.attributes

    @property
    def recycle_bin(self) -> bool:
        """What is deleted can be brought back with its members."""
        return self._chosen.schema.recycle_bin

    def look(self, cookie: bytes | None, known: Mapping[bytes, str]) -> Iterator[Shown | Lost | LookCookie]:
        """All groups with our mark, with the members of those that changed since a cookie.

        :raises SyncrampError: it broke off; what came before is true, and absence says nothing.
        """
        controller, writer = self._chosen.controller, self._chosen.writer
        look = Look(controller.session(), controller.partition, writer.container, self.attributes)
        self._roster.begin(known)
        try:
            for seen in look.groups(cookie, known):
                if isinstance(seen, Shown):
                    self._roster.note(seen.anchor, seen.guid, seen.dn)
                elif isinstance(seen, Lost):
                    (self._roster.deleted if seen.deleted else self._roster.forget)(seen.anchor)
                else:
                    self._roster.hidden = frozenset(seen.hidden)
                yield seen
        except SourceUnavailable:
            controller.close()
            raise

    def provision(self, objects: Sequence[SyncObject], patience: float) -> Sequence[Outcome]:
        """Write these groups, one after the other.

        :param patience: seconds from now; no request leaves later.
        :raises AnswerLost: something of it may have been done.
        :raises SyncrampError: nothing of it was done.
        """
        chosen = self._chosen
        chosen.requests.begin(patience)
        try:
            return [chosen.writer.write(one) for one in objects]
        except (AnswerLost, CallTooLarge):
            raise
        except SyncrampError as error:
            if chosen.requests.changed:
                raise AnswerLost(error.what, where=error.where, remedy=error.remedy) from error
            raise
        finally:
            self._count(chosen)

    def written(self) -> bytes | None:
        """What the domain controller of a later run must have; None: nothing was ever written."""
        return pin.encoded(self._horizon, self._doubt) if self._horizon.positions else None

    def measured(self) -> Sequence[WriteTimed]:
        """Requests since it was asked last."""
        timed = list(self._timed)
        self._timed.clear()
        return timed

    def standing(self, horizons: Sequence[bytes] = ()) -> Sequence[Standing]:
        """Every writable controller, that of this run first, and whether it has our last write.

        :param horizons: what ``written`` gave after earlier runs, the oldest first.
        """
        return self._chosen.replication.standing(self._horizon, [freshness.decode(one) for one in horizons])

    def link_interval(self) -> float | None:
        """Seconds between two replications over the slowest site link; None: it cannot be asked."""
        return self._chosen.replication.link_interval()

    def compare(self, guids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]] | None:
        """How many members groups have here and at a second controller that has our last write; None: none has."""
        return self._chosen.replication.compare(guids)

    def tokens(self, guids: Sequence[bytes]) -> Iterator[tuple[bytes, int | None]]:
        """How many groups each is in at a sign-in (tokenGroups, MS-ADTS 3.1.1.4.5.19); None: it cannot be asked."""
        for guid in guids:
            yield guid, self._chosen.tokens.of(guid)

    def company(self) -> Company:
        """How many members one request may carry."""
        return Company(self.tenant, "", syncing=True, max_links=self.groups.values_per_modify)

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        """A directory has no throttle that it tells of."""
        return not self.stop.is_set()

    def spend(self, writes: int, links: int) -> None:
        """Nothing is counted."""

    def finalize(self, exported: int, applied: int) -> None:
        """Nobody is told."""

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        """It is looked at in another way.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError

    def traffic(self) -> Traffic:
        """Requests since it was asked last, and those that a busy controller put off."""
        return self._traffic.taken()

    def put_off(self) -> int:
        """How often the controller was too busy for this thread so far."""
        return self._traffic.put_off()

    @property
    def certificate_until(self) -> datetime | None:
        """Nobody signs in with one."""
        return None

    @property
    def _chosen(self) -> _Pinned:
        if self._run is None:
            raise LookupError("no domain controller was chosen yet")
        return self._run

    def _answered_for(self, place: str) -> str:
        """The server that the directory was read from in this run; empty where nobody knows."""
        answered = self.reads.answered if self.reads is not None else {}
        return answered.get(innermost(place, tuple(answered)), "")

    def _count(self, chosen: _Pinned) -> None:
        """What the next controller must have, if something was sent."""
        if not chosen.requests.sent:
            return
        self._doubt = None if chosen.controller.count() else self.clock()
        self._horizon = pin.extended(self._horizon, chosen.controller)
