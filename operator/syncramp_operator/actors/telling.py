"""What is told on a SyncConfig: its status, written when it says something new, and changes as Events and log lines.

A change of conditions or of runs is written at once. Numbers that move while a run is under way are written every
five seconds at most: each write is one in etcd and a message to everybody who watches. What is equal is not written.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from syncramp_operator.actors.office import Office, call
from syncramp_operator.api.cluster import ObjectMissing
from syncramp_operator.api.resources import SYNCCONFIGS, Object
from syncramp_operator.logs import about
from syncramp_operator.status.facts import Facts
from syncramp_operator.status.whole import changes_told, status_of

PACE = timedelta(seconds=5)
"""Between two writes that only carry on numbers."""
_AT_ONCE = ("observedGeneration", "runs", "activeRun", "lastRun", "lastHandled", "observedSecrets", "retryTime")


class Teller:
    """Tells of one SyncConfig, and knows what it told last, which Kopf shows only a moment later."""

    def __init__(self, office: Office, namespace: str, name: str) -> None:
        self._office, self._namespace, self._name = office, namespace, name
        self._log = about(f"{namespace}/{name}")
        self._latest: Object | None = None
        self._written: datetime | None = None

    def newest(self, seen: Object) -> Object:
        """The newer one of what Kopf saw and of what our own last write answered."""
        latest = self._latest
        if latest is None or latest["metadata"]["uid"] != seen["metadata"]["uid"]:
            return seen
        return latest if version(latest) > version(seen) else seen

    def said(self, body: Object) -> bool:
        """Whether the object's status is as it was told last, or older than that."""
        latest = self._latest
        if latest is None or version(body) < version(latest):
            return True
        return (latest.get("status") or {}) == (body.get("status") or {})

    async def tell(self, body: Object, facts: Facts, now: datetime) -> timedelta | None:
        """Write what is new, post Events of it, and let the metrics know.

        :returns: after how long something that is new may be written.
        :raises SyncrampError: the API server does not take it.
        """
        before = dict(body.get("status") or {})
        patch = status_of(body, facts, now)
        after = merged(before, patch)
        self._office.observe(body, {**body, "status": after}, facts, now)
        if after == before:
            return None
        waited = now - self._written if self._written else PACE
        if not _urgent(before, after) and timedelta() <= waited < PACE:
            return PACE - waited
        write, status = self._office.cluster.patch, {"status": patch}
        try:
            self._latest = await call(write, SYNCCONFIGS, self._namespace, self._name, status, "status")
        except ObjectMissing:
            return None
        self._written = now
        self._log_end(before, after)
        for told in changes_told(before, after):
            self._office.tell(body, told.type, told.reason, told.message)
            level = logging.WARNING if told.type == "Warning" else logging.INFO
            self._log.log(level, "%s: %s", told.reason, told.message)
        return None

    def _log_end(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        last = after.get("lastRun") or {}
        if last and last != before.get("lastRun"):
            self._log.info(
                "A run ended: %s after %s", last["phase"], last.get("duration"), extra={"run": last["name"]}
            )


def version(body: Object) -> int:
    """The resourceVersion, as a number that grows with each write (Kubernetes 1.35 promises that it is one)."""
    text = str(body["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdecimal() else 0


def merged(target: Any, patch: Any) -> Any:
    """What a JSON merge patch makes of a document (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


def _urgent(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return _states(before) != _states(after) or any(before.get(name) != after.get(name) for name in _AT_ONCE)


def _states(status: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["type"], one["status"], one["reason"]) for one in status.get("conditions") or ()}
