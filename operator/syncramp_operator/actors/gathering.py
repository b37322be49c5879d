"""What an actor must know before it decides, as the cluster holds it now: runs, Secrets, and the verdict."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syncramp.errors import Stalled, SyncrampError
from syncramp_operator.actors.known import Judged, concern, is_over, judged, own_runs
from syncramp_operator.actors.office import Office, call
from syncramp_operator.api.resources import CONFIG_LABEL, GROUP, SYNCCONFIGS, SYNCRUNS, Object
from syncramp_operator.execution.secrets import gathered
from syncramp_operator.runs.syncruns import interrupted

OLD = timedelta(minutes=5)
"""After this time Secrets are read again, though a run is under way that cannot take new ones."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The Secrets and ConfigMaps of a document."""

    digest: str = ""
    trouble: SyncrampError | None = None
    """Why they could not be read."""
    at: datetime | None = None


class Gatherer:
    """Reads for one SyncConfig; what it keeps is a cache."""

    def __init__(self, office: Office, namespace: str, name: str, uid: str) -> None:
        self._office = office
        self._namespace, self._name, self._uid = namespace, name, uid
        self._judged: tuple[Any, Judged] | None = None
        self._credentials = Credentials()
        self.highest = 0
        """The highest number that a SyncRun of this name has, be it of an earlier SyncConfig."""
        self.taken = 0
        """The highest number whose name something else was found to have."""

    async def runs(self, now: datetime) -> list[Object]:
        """The SyncRuns of this very object, the newest last; one whose process is gone is told to be over."""
        labels = f"{CONFIG_LABEL}={self._name}"
        found = await call(self._office.cluster.list, SYNCRUNS, self._namespace, labels=labels)
        self.highest = max((int(run["spec"]["number"]) for run in found), default=0)
        return [await self._ended(run, now) for run in own_runs(found, self._uid)]

    async def newest(self, body: Object) -> Object:
        """The object as it is now, asked for right before a run: a watch shows a suspension late, and an object that
        was torn out without its finalizer perhaps never. One that is gone counts as being deleted.

        :returns: the same, where nothing of it changed that matters.
        """
        asked = f"metadata.name={self._name}"
        found = await call(self._office.cluster.list, SYNCCONFIGS, self._namespace, fields=asked)
        now = [one for one in found if one["metadata"]["uid"] == self._uid]
        if not now:
            return {**body, "metadata": {**body["metadata"], "deletionTimestamp": ""}}
        return body if concern(now[0]) == concern(body) else now[0]

    async def verdict(self, body: Object) -> Judged:
        """The verdict on the document as it is; the same document is judged once."""
        document = {name: value for name, value in body.items() if name != "status"}
        key = (body["metadata"]["generation"], _ours(body))
        if self._judged is None or self._judged[0] != key:
            self._judged = key, await call(judged, document)
        return self._judged[1]

    async def credentials(self, body: Object, now: datetime, *, running: bool) -> Credentials:
        """The digest of what the document names; while a run is under way not read at each look."""
        known = self._credentials
        fresh = known.at is not None and timedelta() <= now - known.at < OLD
        if not (running and fresh):
            self._credentials = await self._read(body, now)
        return self._credentials

    async def _read(self, body: Object, now: datetime) -> Credentials:
        try:
            contents = await call(gathered, self._office.cluster, self._namespace, body["spec"])
            contents.require()
        except Stalled as error:  # a Secret is missing, or the API server forbids it
            return Credentials(trouble=error, at=now)
        return Credentials(contents.digest(self._uid), at=now)

    async def _ended(self, run: Object, now: datetime) -> Object:
        if is_over(run) or not (loss := await self._office.runs.lost(run)):
            return run
        patch = interrupted(run, now.timestamp(), loss)
        return await call(
            self._office.cluster.patch, SYNCRUNS, self._namespace, run["metadata"]["name"], patch, "status"
        )


def _ours(body: Object) -> dict[str, str]:
    annotations = body["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name.startswith(f"{GROUP}/")}
