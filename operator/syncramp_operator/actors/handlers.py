"""The handlers of Kopf: events wake, and one daemon for each SyncConfig is its actor's life.

There are no handlers of changes: Kopf would write annotations of its own for them, and would not look at an object
while a run of it lasts. A daemon makes Kopf put a finalizer on the object, so that the run under way is ended before
the object goes. No handler returns a value (Kopf would write it into status), and none raises: Kopf writes the text
of an exception into its log, and retries by rules of its own.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import kopf

from syncramp.schedule.timing import spread
from syncramp_operator.actors.actor import Actor
from syncramp_operator.actors.known import concern
from syncramp_operator.actors.mailboxes import first_of
from syncramp_operator.actors.office import PACE, Office
from syncramp_operator.api.resources import (
    CONFIG_LABEL,
    FINALIZER,
    GROUP,
    JOBS,
    MANAGED_BY,
    SYNCCONFIGS,
    SYNCRUNS,
    Object,
)
from syncramp_operator.settings import Execution, Settings

LATEST = 30.0
"""Seconds until each of many SyncConfigs was looked at for the first time."""
RUNS = ",".join(f"{name}={value}" for name, value in MANAGED_BY.items())
"""The selector of what the operator makes."""


def configure(settings: kopf.OperatorSettings, own: Settings) -> None:
    """Settings that hold however the operator is started."""
    # Otherwise Kopf lists namespaces and CRDs of the whole cluster, and without that right waits 54 seconds.
    settings.scanning.disabled = True
    # Otherwise, where another operator brought KopfPeerings, ours would watch them, which its Role does not allow.
    settings.peering.standalone = True
    settings.persistence.finalizer = FINALIZER
    # Nothing of either is written as long as there are no handlers of changes. The prefix is not that of people's
    # annotations: Kopf hides annotations of its prefix from itself.
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"kopf.{GROUP}", v1=False)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=f"kopf.{GROUP}", v1=False)
    # A deletion is over in a quarter of a second when the daemon ends at once, instead of at the next look.
    settings.background.instant_exit_timeout = 2.0
    settings.background.cancellation_polling = 2.0
    settings.posting.reporting_component = "syncramp-operator"
    settings.posting.reporting_instance = own.name
    settings.posting.event_name_prefix = "syncramp-"
    settings.watching.label_selectors[SYNCRUNS.group, SYNCRUNS.version, SYNCRUNS.plural] = RUNS
    settings.watching.label_selectors[JOBS.group, JOBS.version, JOBS.plural] = RUNS
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30


def post(body: Object, kind: str, reason: str, message: str) -> None:
    """An Event on an object; Kopf sends it later, and drops what it cannot send."""
    kopf.event(kopf.Body(cast("kopf.RawBody", body)), type=kind, reason=reason, message=message)


async def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    """As our own calls sign in: as a Pod, else by KUBECONFIG."""
    return await asyncio.to_thread(partial(kopf.login_via_client, **arguments))


class Handlers:
    """The handlers around one office."""

    def __init__(self, office: Callable[[], Office]) -> None:
        """:param office: asked for once Kopf has started."""
        self._office = office
        self._actors: dict[str, Actor] = {}

    def register(self, registry: kopf.OperatorRegistry, settings: Settings) -> None:
        """Put them into a registry of Kopf."""
        kopf.on.event(SYNCCONFIGS.group, SYNCCONFIGS.version, SYNCCONFIGS.plural, registry=registry)(self.changed)
        kopf.on.event(SYNCRUNS.group, SYNCRUNS.version, SYNCRUNS.plural, registry=registry)(self.run_changed)
        if settings.execution is Execution.JOB:
            kopf.on.event(JOBS.group, JOBS.version, JOBS.plural, registry=registry)(self.run_changed)
        kopf.daemon(SYNCCONFIGS.group, SYNCCONFIGS.version, SYNCCONFIGS.plural, registry=registry)(self.attend)

    async def changed(self, body: kopf.Body, uid: str, memo: Any, **_: Any) -> None:
        """A SyncConfig changed: its actor looks again, unless it is as the actor itself left it."""
        known, memo.concern = memo.get("concern"), concern(body)
        actor = self._actors.get(uid)
        if known != memo.concern or (actor is not None and actor.concerns(dict(body))):
            self._office().mailboxes.wake(uid)

    async def run_changed(self, labels: Mapping[str, str], namespace: str | None, **_: Any) -> None:
        """A SyncRun or a Job changed: the actor of its SyncConfig looks again."""
        self._office().mailboxes.wake_at(namespace or "", labels.get(CONFIG_LABEL, ""))

    async def attend(
        self, *, body: kopf.Body, uid: str, namespace: str | None, name: str, stopped: kopf.DaemonStopped, **_: Any
    ) -> None:
        """The life of an actor: it looks whenever it is woken, or when the time has come that it named itself."""
        office, place = self._office(), namespace or ""
        box = office.mailboxes.open(uid, place, name)
        actor = self._actors[uid] = Actor(office, place, name, uid)
        try:
            await first_of(stopped.wait(), timeout=_first(uid, len(office.mailboxes)))
            while not stopped and not office.closing.is_set():
                box.clear()  # before looking, so that what comes meanwhile is not lost
                pause = await _unless(office.closing, actor.step(dict(body)))
                await first_of(stopped.wait(), box.wait(), office.closing.wait(), timeout=pause)
            await first_of(
                stopped.wait()
            )  # Kopf takes the finalizer away from an object whose daemon ended by itself
            if kopf.DaemonStoppingReason.RESOURCE_DELETED in (stopped.reason or ()):
                await actor.leave(dict(body))
        finally:
            self._actors.pop(uid, None)
            office.mailboxes.close(uid, place, name)
            office.metrics.forget(place, name)


def _first(uid: str, many: int) -> float:
    """Seconds until the first look: of many SyncConfigs, each has its own moment."""
    return min(many / PACE, LATEST) * spread(uid, "look") if many > PACE else 0.0


async def _unless(closing: asyncio.Event, step: Any) -> float:
    """The result of a step, which is broken off when the operator ends."""
    task = asyncio.ensure_future(step)
    await first_of(asyncio.shield(task), closing.wait())
    if task.done():
        return float(task.result())
    task.cancel()
    await asyncio.wait({task})
    return 0.0
