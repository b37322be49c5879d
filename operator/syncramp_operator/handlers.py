"""The handler: each time the API server shows a document, the verdict on it is put on its status.

A bare event handler is all there is, on purpose. Kopf's handlers of changes, its daemons and its timers write a
finalizer or annotations of their own onto every object; an event handler writes nothing but what it is told to. It
sees every object at the start, every change, and its own writes as well, so it compares before it writes.
"""

import platform
from datetime import UTC, datetime
from typing import Any

import kopf

from syncramp.check import verdict_of
from syncramp_operator.judgements import UNJUDGED, Judgement, judgement_on, said_before, status_with

SYNCCONFIGS = ("syncramp.io", "v1alpha1", "syncconfigs")


def register(registry: kopf.OperatorRegistry) -> None:
    """Put the operator's handlers into a registry of Kopf."""
    kopf.on.startup(registry=registry)(configure)
    kopf.on.event(*SYNCCONFIGS, registry=registry)(judge)


def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Settings that hold however the operator is started."""
    # Otherwise Kopf lists namespaces and CRDs of the whole cluster, and without that right waits 54 seconds.
    settings.scanning.disabled = True
    # Otherwise, where another operator brought KopfPeerings, ours would watch them, which its Role does not allow.
    settings.peering.standalone = True
    # Kopf takes its finalizer away where no handler needs it; one of the default name may be another operator's.
    settings.persistence.finalizer = "syncramp.io/operator"
    settings.posting.reporting_component = "syncramp-operator"
    settings.posting.reporting_instance = platform.node() or "unknown"
    settings.posting.event_name_prefix = "syncramp-"
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30


async def judge(type: str | None, body: kopf.Body, patch: kopf.Patch, logger: kopf.Logger, **_: Any) -> None:  # noqa: A002
    """Put the verdict on a document, if it does not stand there yet; an object that goes away is left alone."""
    if type == "DELETED" or body.metadata.get("deletionTimestamp"):
        return
    judgement = _judgement(body, logger)
    status = status_with(body, judgement, datetime.now(UTC))
    if any(body.status.get(name) != value for name, value in status.items()):
        patch.status.update(status)
    if not said_before(body, judgement):
        kind = "Normal" if judgement.ready else "Warning"
        kopf.event(body, type=kind, reason=judgement.reason, message=judgement.message)


def _judgement(body: kopf.Body, logger: kopf.Logger) -> Judgement:
    """The verdict on everything but our own status; a fault of ours goes to the log, never onto the resource."""
    try:
        document = {name: body[name] for name in body if name != "status"}
        return judgement_on(verdict_of(document), document)
    except Exception:
        logger.exception("The verdict on this document failed")
        return UNJUDGED
