"""A tenant: objects, links and counters in SQLite, and the operations of the service upon them.

Its operations take and give values, not messages (``server`` has the wire). A clock is passed in; one call at a time
is processed, as a lock sees to. ``portal`` is the other side: what administrators do in the cloud.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from syncramp.endpoint.contract import BUSY, BUSY_TEXT, NOT_ACTIVATED_TEXT, SyncResult
from syncramp.endpoint.soap import V1_APPLICATION
from syncramp.model.wire import Company, ReadBackPage, SyncObject
from syncramp.simulator.graph_reader import GraphReader, Told
from syncramp.simulator.journal import Journal
from syncramp.simulator.lifecycle import HOUR, overdue, purge, quarantined, release
from syncramp.simulator.memberships import links_of
from syncramp.simulator.portal import Portal
from syncramp.simulator.provisioning import Call
from syncramp.simulator.readback import Place, Reader, opened
from syncramp.simulator.refusals import Fault
from syncramp.simulator.seeding import Joining, seed
from syncramp.simulator.settings import Duplicates, TenantSettings
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link, State, connect
from syncramp.simulator.throttle import WriteLimit
from syncramp.simulator.uniqueness import ADDRESS_RESILIENCY, UPN_RESILIENCY
from syncramp.simulator.view import View

CONNECT_BUILD = "2.4.21.0"
"""Of a published answer of GetCompanyConfiguration."""
_LIVE = "FROM objects WHERE state = ? AND flags & 1 AND kind = coalesce(?, kind)"
_SIZES = (
    "SELECT g.source_anchor, count(*) FROM links l JOIN objects g ON g.id = l.group_id "
    "WHERE g.state = ? AND l.state = ? AND g.source_anchor IS NOT NULL GROUP BY g.id"
)
_MEMBER_OF = (
    "SELECT g.source_anchor FROM objects m JOIN links l ON l.member_id = m.id JOIN objects g ON g.id = l.group_id "
    "WHERE m.source_anchor = ? AND g.state = ? AND l.state = ?"
)
_MEMBERS = (
    "SELECT m.source_anchor FROM links l JOIN objects g ON g.id = l.group_id JOIN objects m "
    "ON m.id = l.member_id WHERE g.source_anchor = ? AND g.state = ? AND l.state = ?"
)
_CLOUD_GROUPS = (
    "SELECT cloud_anchor FROM objects WHERE kind = 'Group' AND state = ? AND source_anchor IS NULL AND NOT flags & 1"
)
_CLOUD_MEMBERS = (
    "SELECT g.cloud_anchor, m.cloud_anchor FROM objects g JOIN links l ON l.group_id = g.id "
    "JOIN objects m ON m.id = l.member_id WHERE g.kind = 'Group' AND g.state = ? AND g.source_anchor IS NULL "
    "AND NOT g.flags & 1 AND l.state = ?"
)


class Tenant:
    """One tenant.

    :param clock: seconds, never less than before.
    :param path: its file; None: in memory.
    :raises InputRefused: the file was written by another version.
    """

    def __init__(self, settings: TenantSettings, clock: Callable[[], float], path: Path | None = None) -> None:
        self.settings = settings
        self.calls: Counter[str] = Counter()
        """Operations processed, by name, and ``objects`` and ``links`` written."""
        self._clock = clock
        self._storage = Storage(connect(path))
        self._limit = WriteLimit(settings.writes_per_five_minutes)
        self._lock = threading.RLock()
        self.journal = Journal(self._storage, self._lock)
        self._key = self._storage.kept("key") or secrets.token_bytes(16)
        self._last = int(self._storage.kept("last_call") or 0)
        if not self._storage.one("SELECT count(*) FROM objects"):
            with self.changing() as view:
                self._storage.keep("key", self._key)
                seed(view, settings)
                self._look_after(HOUR)
            if settings.client_machine:
                self.note_client(V1_APPLICATION, CONNECT_BUILD, settings.client_machine)
        self._next_look = float(self._storage.kept("next_look") or 0)
        self._joining = Joining(self._storage, settings)
        self.portal = Portal(self, self._storage, self._lock)

    def close(self) -> None:
        """End the connection to the file."""
        with self._lock:
            self._storage.close()

    @contextmanager
    def changing(self) -> Iterator[View]:
        """A change under a number of its own: the whole block, or nothing of it."""
        with self._lock:
            with self._storage.transaction():
                view = View(self._storage, self._clock(), self._last + 1)
                yield view
                view.save()
                self._storage.keep("last_call", b"%d" % view.changed)
            self._last = view.changed

    @property
    def features(self) -> int:
        """The feature mask."""
        with self._lock:
            mask = int(self._storage.kept("features") or self.settings.features)
        refuses = self.settings.duplicates is Duplicates.REFUSE
        return mask & ~(UPN_RESILIENCY | ADDRESS_RESILIENCY) if refuses else mask

    def company(self) -> Company:
        """GetCompanyConfiguration."""
        with self._lock:
            self.calls["company"] += 1
            return Company(
                tenant_id=self.settings.tenant_id,
                display_name=self.settings.display_name,
                syncing=self.settings.syncing,
                anchor_attribute=self.settings.anchor_attribute,
                max_links=self.settings.most_links,
                interval=self.settings.interval,
                delete_threshold=self.settings.delete_threshold,
                known_objects=int(self._storage.kept("known_objects") or self.count()),
                client_machine=self._text("client_machine"),
                client_version=self._text("client_version"),
                client_application=self._text("client_application"),
                features=self.features,
                allowed_features=("ObjectWriteback", "PasswordWriteback"),
                tracking_changes=self.settings.tracking_changes,
                deletion_prevention=self.settings.deletion_prevention.value,
                delete_percentage=self.settings.delete_percentage,
            )

    def provision(self, objects: Sequence[SyncObject], version: int = 2) -> list[SyncResult]:
        """ProvisionAzureADSyncObjects2: results in the order of the objects.

        :param version: 1: ProvisionAzureADSyncObjects, where members come as a list that replaces the membership.
        :raises Fault: the whole call is refused, and nothing of it is applied.
        """
        with self._lock:
            links = sum(map(links_of, objects))
            self._check(len(objects), links, version)
            self._pass_time()
            with self.changing() as view:
                call = Call(view, self.settings, self.features, version)
                results = call.run(objects)
                self._joining.join(view, call.made)
            self.calls.update({"provision": 1, "objects": len(objects), "links": links})
            return results

    def read_back(self, cookie: bytes | None, version: int = 2) -> ReadBackPage:
        """ReadBackAzureADSyncObjects2: one page, from the beginning without a cookie.

        :param version: 1: ReadBackAzureADSyncObjects, which shows empty attributes too, and members as a list.
        :raises Fault: the cookie is not one of this tenant, or too old.
        """
        with self._lock:
            self._check_syncing()
            now = self._clock()
            place = Place() if cookie is None else self.unsealed(cookie)
            if place is None:
                raise Fault("", self.settings.bad_cookie)
            self._pass_time()
            self.calls["read_back"] += 1
            return Reader(self._storage, self.settings, version, now, self._key).page(place, self._last)

    def graph_page(self, place: Place, size: int) -> tuple[list[Told], Place]:
        """A page of the delta query on groups, and where it goes on."""
        with self._lock:
            self._pass_time()
            return GraphReader(self._storage, self.settings, size).page(place, self._last)

    def sealed(self, place: Place) -> bytes:
        """A place as a token that nobody else can write."""
        return place.seal(self._key, self._clock())

    def unsealed(self, token: bytes) -> Place | None:
        """The place of a token; None: it is not one of this tenant, or too old."""
        place, lifetime = opened(token, self._key), self.settings.cookie_lifetime
        late = place is not None and lifetime and self._clock() - place.sealed > lifetime
        return None if late else place

    def group_of(self, cloud_anchor: str) -> Held | None:
        """A group that is there, or in the bin."""
        with self._lock:
            self._pass_time()
            found = [held for held in self._storage.held("cloud_anchor", [cloud_anchor]) if held.kind == "Group"]
            return found[0] if found else None

    def set_features(self, mask: int) -> None:
        """SetCompanyDirsyncFeatures: the whole mask is replaced, and bits that were set stay set.

        Microsoft documents most of them as not to be switched off again.
        """
        with self._lock:
            self.calls["features"] += 1
            before = int(self._storage.kept("features") or self.settings.features)
            self._storage.keep("features", b"%d" % (before | mask))

    def note_client(self, application: str, build: str, machine: str = "") -> None:
        """Remember who exported last, and how many objects there are since; GetCompanyConfiguration tells it.

        :param machine: no public message carries its name, so only tests give one.
        """
        with self._lock:
            self._storage.keep("client_application", application.encode())
            self._storage.keep("client_version", build.encode())
            self._storage.keep("client_machine", machine.encode())
            self._storage.keep("known_objects", b"%d" % self.count())

    def finalize(self, exported: int, applied: int) -> None:
        """FinalizeExport: the counts are kept."""
        with self._lock:
            self.calls["finalize"] += 1
            self._storage.keep("exported", b"%d" % exported)
            self._storage.keep("applied", b"%d" % applied)

    def finalized(self) -> tuple[int, int] | None:
        """What the last FinalizeExport said: exported and applied objects."""
        with self._lock:
            exported, applied = self._storage.kept("exported"), self._storage.kept("applied")
            return (int(exported), int(applied)) if exported and applied else None

    def count(self, kind: str | None = None) -> int:
        """Live objects that are synchronised, of one kind or of all."""
        with self._lock:
            return int(self._storage.one(f"SELECT count(*) {_LIVE}", (int(State.LIVE), kind)))

    def attributes(self, anchor: str) -> dict[str, Any] | None:
        """The attributes of a live object by name in PascalCase; None when there is none with this source anchor."""
        with self._lock:
            found = [held for held in self._storage.held("source_anchor", [anchor]) if held.state is State.LIVE]
            return found[0].values if found else None

    def members(self, anchor: str) -> set[str]:
        """Source anchors of a group's members."""
        with self._lock:
            rows = self._storage.rows(_MEMBERS, (anchor, int(State.LIVE), int(Link.ALIVE)))
            return {row[0] for row in rows if row[0]}

    def sizes(self) -> dict[str, int]:
        """Source anchor of each group that has members -> how many."""
        with self._lock:
            return dict(self._storage.rows(_SIZES, (int(State.LIVE), int(Link.ALIVE))))

    def cloud_groups(self) -> dict[str, set[str]]:
        """Cloud anchor of each group that is mastered in the cloud -> those of its members."""
        with self._lock:
            found: dict[str, set[str]] = {
                row[0]: set() for row in self._storage.rows(_CLOUD_GROUPS, (int(State.LIVE),))
            }
            for group, member in self._storage.rows(_CLOUD_MEMBERS, (int(State.LIVE), int(Link.ALIVE))):
                found[group].add(member)
            return found

    def groups_of(self, anchor: str) -> set[str]:
        """Source anchors of the groups that somebody is a member of."""
        with self._lock:
            rows = self._storage.rows(_MEMBER_OF, (anchor, int(State.LIVE), int(Link.ALIVE)))
            return {row[0] for row in rows if row[0]}

    def anchors(self, kind: str | None = None) -> set[str]:
        """Source anchors of the live objects."""
        with self._lock:
            return {row[0] for row in self._storage.rows(f"SELECT source_anchor {_LIVE}", (int(State.LIVE), kind))}

    def _text(self, key: str) -> str:
        return (self._storage.kept(key) or b"").decode()

    def _check(self, objects: int, links: int, version: int) -> None:
        self._check_syncing()
        settings = self.settings
        if objects > settings.objects_per_call:
            raise Fault("", f"The request has {objects} objects; {settings.objects_per_call} are allowed.")
        if version > 1 and links > settings.most_links:
            raise Fault("", f"The request has {links} links; {settings.most_links} are allowed.")
        writes = objects + (-(-links // settings.links_per_write) if settings.links_per_write else 0)
        if not self._limit.take(writes, self._clock()):
            self.calls["busy"] += 1
            raise Fault(BUSY, BUSY_TEXT)

    def _check_syncing(self) -> None:
        if not self.settings.syncing:
            raise Fault("", NOT_ACTIVATED_TEXT)

    def _pass_time(self) -> None:
        """Empty the bin of what was long enough in it, and once an hour look at the quarantine."""
        now = self._clock()
        gone, waiting = overdue(self._storage, now, self.settings), list[Held]()
        if now >= self._next_look:
            self._look_after(HOUR)
            waiting = quarantined(self._storage)
        if gone or waiting:
            with self.changing() as view:
                for held in gone:
                    purge(view, held)
                for held in waiting:
                    release(view, held)

    def _look_after(self, seconds: float) -> None:
        self._next_look = self._clock() + seconds
        self._storage.keep("next_look", repr(self._next_look).encode())
