"""The seams of the engine: what its rooms ask of each other, as protocols.

Each has a real side and a side for tests, and the deciding rooms see only these.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from syncramp.model.cloud import GroupsPage
from syncramp.model.facts import Fact
from syncramp.model.measures import Asked, Told, Traffic
from syncramp.model.values import Kind
from syncramp.model.wire import Company, Outcome, ReadBackPage, SyncObject
from syncramp.model.written import LookCookie, Lost, Pinned, Shown, Standing, WriteTimed


class Known(Protocol):
    """What is known of a partition when it is read again."""

    @property
    def watermark(self) -> bytes | None:
        """Where the last read ended that was proven; None: everything must be read."""

    @property
    def horizon(self) -> bytes | None:
        """What was ever seen of the partition; None: it was never read."""

    @property
    def sentinels(self) -> Mapping[bytes, frozenset[str]]:
        """Entries that are looked at again, by GUID, with the attributes that the account saw of each."""

    def returned(self) -> Sequence[bytes]:
        """GUIDs of entries that this read told, up to now, and that were gone before: their old memberships are
        forgotten, and a delta does not tell them again.
        """

    def unseen(self, guids: bytes) -> Sequence[bytes]:
        """GUIDs of what is known to be there, entries and containers, and is none of these.

        :param guids: 16 bytes each, in any order, also more than once.
        """

    @property
    def keyed(self) -> bool:
        """Members may be told by keys of their names (``facts.Links``)."""

    def spelled(self, guid: bytes, attribute: str) -> bytes:
        """Marks of values of an entry as they were told before, and then as many keys; empty: none were."""


class Source(Protocol):
    """A directory that can be read; several partitions at once, each in a thread of its own."""

    @property
    def name(self) -> str:
        """The name in the document."""

    def partitions(self) -> Sequence[str]:
        """Names of the parts that are read and proven one by one (naming contexts; one for a file).

        :raises SyncrampError: the directory cannot be reached or refuses us.
        """

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        """Does the document still ask for a part of an earlier run that the directory does not name any more?

        :param named: the parts it names.
        """

    def reads(self, kind: Kind, dn: str) -> bool:
        """Does it ask for entries of a kind at a DN? Of what it does not ask for, absence says nothing."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        """All entries of a partition that are of a kind we know, with the ``wanted`` attributes (lower case); or what
        changed since ``known.watermark``, if the source can tell.

        Ends with exactly one Proof. Every entry comes once, before its links; after a Restart everything comes again.

        :param known: None: nothing is known, and everything is read.
        :raises SyncrampError: the stream broke off; what came before is true, what is missing is unknown.
        """


class Whereabouts(Protocol):
    """What a source was seen to hold: where the scopes of a document are."""

    def named(self, guid: bytes) -> str | None:
        """The canonical DN of the entry or container with a GUID; None: it is not there."""

    @property
    def proven(self) -> bool:
        """Its last read was: everything that a scope names was there."""

    def names(self) -> Iterator[str]:
        """The canonical DNs of all that is there."""

    def members(self, group: bytes | str) -> frozenset[bytes] | None:
        """GUIDs of the direct members of a group of this source that are entries of it, too.

        :param group: its GUID, or its canonical DN.
        :returns: None: there is no such group.
        """


@runtime_checkable
class Interruptible(Protocol):
    """A source whose reads may wait for somebody else."""

    def interrupt(self) -> None:
        """Reads under way in other threads end at once, each with an error, and none begins any more; called again
        until all have ended.
        """


class AnchorWriter(Protocol):
    """A directory whose users can be given their anchor: objectGUID in an empty mS-DS-ConsistencyGuid."""

    def write_anchors(self, users: Iterable[tuple[bytes, str]]) -> Generator[str]:
        """Write the anchor of each user, by GUID and canonical DN; a value that is there is never changed.

        :yields: for each user, once it is written, an empty text, if the value surely stands there, or why it does
            not, as a clause.
        :raises SyncrampError: the directory cannot be reached or refuses us; of the others nothing is known.
        """


class Endpoint(Protocol):
    """The V2 endpoint of one tenant; blocking, and shared by the threads of an export."""

    @property
    def certificate_until(self) -> datetime | None:
        """Until when the certificate is valid that signed in last; None where none did."""

    def company(self) -> Company:
        """GetCompanyConfiguration."""

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        """Pages of ReadBackAzureADSyncObjects2: of everything without a cookie, of what changed since with one.

        :raises CookieRefused: the service does not take the cookie.
        :raises SyncrampError: a page could not be had.
        """

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        """Room for so many objects with so many links in our share of the tenant's throttle, for one call.

        Asked for by the run's thread alone.

        :param wait: until there is room.
        :returns: False: there is none now, or the run was stopped while it waited.
        """

    def spend(self, writes: int, links: int) -> None:
        """So much goes now, whatever room there is: what takes rights away waits for no budget."""

    def provision(self, objects: Sequence[SyncObject], patience: float) -> Sequence[Outcome]:
        """ProvisionAzureADSyncObjects2: one outcome for each object, in their order.

        :param patience: seconds from now; no request leaves later.
        :raises AnswerLost: the call may have been processed.
        :raises SyncrampError: nothing of it was processed.
        """

    def finalize(self, exported: int, applied: int) -> None:
        """FinalizeExport: how many objects were sent in this run, and how many of them applied."""

    def traffic(self) -> Traffic:
        """What went over the wire since it was asked last."""

    def put_off(self) -> int:
        """How often the service asked the calls of this thread for patience so far."""


class GroupsReader(Protocol):
    """Who tells of groups of the cloud beside the read-back."""

    def groups(self, cursor: str | None) -> Iterator[GroupsPage]:
        """Groups that are mastered in the cloud, and their changes, page by page.

        :param cursor: of an earlier page; None: everything.
        :raises CookieRefused: it is not known any more.
        :raises SyncrampError: it broke off; what came before is true.
        """

    def hard_deleted(self, object_id: str) -> bool:
        """A group cannot come back any more.

        :raises SyncrampError: it cannot be found out now.
        """


class DirectoryTarget(Endpoint, Protocol):
    """A directory that groups are written to, as an endpoint: the same calls, and a look in the place of a read-back.

    One object of a call is one request to the directory. ``read_back`` is not asked.
    """

    def pin(self, written: bytes | None) -> Pinned:
        """Choose the domain controller of this run.

        :param written: what ``written`` gave after earlier runs: it must cover that.
        :raises DirectoryBehind: none that answers does.
        :raises SyncrampError: none answers, or the account is refused.
        """

    @property
    def attributes(self) -> frozenset[str]:
        """Those of the schema that groups can have, in small letters."""

    @property
    def recycle_bin(self) -> bool:
        """What is deleted can be brought back with its members."""

    def look(self, cookie: bytes | None, known: Mapping[bytes, str]) -> Iterator[Shown | Lost | LookCookie]:
        """All groups with our mark, with the members of those that changed since a cookie.

        :param known: objectGUID -> anchor of groups that were there; each that is not there any more is told.
        :returns: the cookie comes last.
        :raises SyncrampError: it broke off; what came before is true, and absence says nothing.
        """

    def written(self) -> bytes | None:
        """What the domain controller of a later run must cover; None: nothing was ever written."""

    def measured(self) -> Sequence[WriteTimed]:
        """Requests since it was asked last."""

    def standing(self, horizons: Sequence[bytes] = ()) -> Sequence[Standing]:
        """Every writable domain controller, that of this run included, and whether it has our last write.

        :param horizons: what ``written`` gave after earlier runs, the oldest first.
        """

    def link_interval(self) -> float | None:
        """Seconds between two replications over the slowest site link; None: it cannot be asked."""

    def compare(self, guids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]] | None:
        """How many members groups have at the controller of this run, and at a second one that has our last write.

        ``standing`` must have been asked in this run.

        :returns: by objectGUID, of groups that both show; None: no second one has it yet.
        """

    def tokens(self, guids: Sequence[bytes]) -> Iterator[tuple[bytes, int | None]]:
        """How many groups each is in at a sign-in (tokenGroups); None: it cannot be asked."""


class Fence(Protocol):
    """The right to write to a tenant, which one holder has at a time, whatever store it goes by."""

    @property
    def token(self) -> int:
        """A number that is higher with each new holder: an earlier one must not write after a later one."""

    def check(self) -> None:
        """Looked at before anything is written down that will be sent; it talks to nobody.

        :raises FenceLost: it is not ours any more, or that cannot be known.
        """


class OutsideMetric(Protocol):
    """A number of another system, which a gate of a ramp is judged by."""

    def ask(self, about: Asked) -> Told:
        """The number as it is now; whatever goes wrong is told, nothing is raised.

        :param about: the ramp that asks.
        """


class SecretReader(Protocol):
    """Secrets and ConfigMaps as files: ``DIR/<name>/<key>``, as Kubernetes mounts them."""

    def read(self, name: str, key: str) -> bytes:
        """:raises InputRefused: there is no such file; the text names the path, never a content."""
