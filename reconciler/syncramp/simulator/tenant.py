"""A tenant: objects, links and counters in SQLite, and the operations of the service upon them.

Its operations take and give values, not messages (``server`` has the wire). A clock is passed in; one call at a time
is processed, as a lock sees to.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from syncramp.endpoint.contract import BUSY, BUSY_TEXT, NOT_ACTIVATED_TEXT, SyncResult
from syncramp.model.wire import Company, ReadBackPage, SyncObject
from syncramp.simulator.journal import Journal
from syncramp.simulator.provisioning import Call
from syncramp.simulator.readback import Place, opened, read_page
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link, State, connect
from syncramp.simulator.throttle import WriteLimit

FEATURES = 41016
"""DirSyncFeatures of an ordinary tenant: duplicate resiliency, soft match on UPN, UPN changes, one unknown bit."""
_LIVE = "FROM objects WHERE state = ? AND source_anchor IS NOT NULL AND kind = coalesce(?, kind)"


class Fault(Exception):
    """A whole call is refused.

    :param code: ErrorCode, empty where none is known.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Tenant:
    """One tenant.

    :param clock: seconds, never less than before.
    :param path: its file; None: in memory.
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
            self._seed()

    def close(self) -> None:
        """End the connection to the file."""
        with self._lock:
            self._storage.close()

    def company(self) -> Company:
        """GetCompanyConfiguration."""
        with self._lock:
            self.calls["company"] += 1
            return Company(
                tenant_id=self.settings.tenant_id,
                display_name=self.settings.display_name,
                syncing=self.settings.syncing,
                anchor_attribute="mS-DS-ConsistencyGuid",
                max_links=self.settings.most_links,
                interval="PT30M",
                delete_threshold=self.settings.delete_threshold,
                known_objects=self.count(),
                client_machine="",
                client_version=self._text("client_version"),
                client_application=self._text("client_application"),
                features=int(self._storage.kept("features") or FEATURES),
            )

    def provision(self, objects: Sequence[SyncObject]) -> list[SyncResult]:
        """ProvisionAzureADSyncObjects2: results in the order of the objects.

        :raises Fault: the whole call is refused, and nothing of it is applied.
        """
        with self._lock:
            links = sum(obj.links for obj in objects)
            self._check(len(objects), links)
            with self._storage.transaction():
                results = Call(self._storage, self.settings, self._clock(), self._last + 1).run(objects)
                self._storage.keep("last_call", b"%d" % (self._last + 1))
            self._last += 1
            self.calls.update({"provision": 1, "objects": len(objects), "links": links})
            return results

    def read_back(self, cookie: bytes | None) -> ReadBackPage:
        """ReadBackAzureADSyncObjects2: one page, from the beginning without a cookie.

        :raises Fault: the cookie is not one of this tenant.
        """
        with self._lock:
            self._check_syncing()
            place = Place() if cookie is None else opened(cookie, self._key)
            if place is None:
                raise Fault("", self.settings.bad_cookie)
            self.calls["read_back"] += 1
            return read_page(self._storage, self.settings, place, self._last, self._key)

    def set_features(self, mask: int) -> None:
        """SetCompanyDirsyncFeatures: the whole mask is replaced, and bits that were set stay set.

        Microsoft documents most of them as not to be switched off again.
        """
        with self._lock:
            self.calls["features"] += 1
            self._storage.keep("features", b"%d" % (int(self._storage.kept("features") or FEATURES) | mask))

    def note_client(self, application: str, build: str) -> None:
        """Remember who exported last; GetCompanyConfiguration tells it."""
        with self._lock:
            self._storage.keep("client_application", application.encode())
            self._storage.keep("client_version", build.encode())

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
        query = f"SELECT count(*) {_LIVE}"
        with self._lock:
            return int(self._storage.one(query, (int(State.LIVE), kind)))

    def attributes(self, anchor: str) -> dict[str, Any] | None:
        """The attributes of a live object by name in PascalCase; None when there is none with this source anchor."""
        with self._lock:
            found = [held for held in self._storage.held("source_anchor", [anchor]) if held.state is State.LIVE]
            return found[0].values if found else None

    def members(self, anchor: str) -> set[str]:
        """Source anchors of a group's members."""
        query = (
            "SELECT m.source_anchor FROM links l JOIN objects g ON g.id = l.group_id JOIN objects m "
            "ON m.id = l.member_id WHERE g.source_anchor = ? AND g.state = ? AND l.state = ?"
        )
        with self._lock:
            rows = self._storage.rows(query, (anchor, int(State.LIVE), int(Link.ALIVE)))
            return {row[0] for row in rows if row[0]}

    def anchors(self, kind: str | None = None) -> set[str]:
        """Source anchors of the live objects."""
        query = f"SELECT source_anchor {_LIVE}"
        with self._lock:
            return {row[0] for row in self._storage.rows(query, (int(State.LIVE), kind))}

    def _text(self, key: str) -> str:
        return (self._storage.kept(key) or b"").decode()

    def _check(self, objects: int, links: int) -> None:
        self._check_syncing()
        if objects > self.settings.objects_per_call:
            raise Fault("", f"The request has {objects} objects; {self.settings.objects_per_call} are allowed.")
        if links > self.settings.most_links:
            raise Fault("", f"The request has {links} links; {self.settings.most_links} are allowed.")
        if not self._limit.take(objects, self._clock()):
            self.calls["busy"] += 1
            raise Fault(BUSY, BUSY_TEXT)

    def _check_syncing(self) -> None:
        if not self.settings.syncing:
            raise Fault("", NOT_ACTIVATED_TEXT)

    def _seed(self) -> None:
        """An administrator who was made in the cloud."""
        values = {
            "AccountEnabled": True,
            "DisplayName": "Administrator",
            "UserPrincipalName": f"admin@{self.settings.initial_domain}",
            "UserType": "Member",
        }
        admin = Held(1, "User", None, f"User_{uuid4()}", values, self._clock() - self.settings.visibility_delay)
        with self._storage.transaction():
            self._storage.keep("key", self._key)
            self._storage.save([admin], 0)
            self._storage.own(admin.id, [f"upn:{values['UserPrincipalName']}"])
