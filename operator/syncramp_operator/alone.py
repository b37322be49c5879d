"""The operator as ``kopf run`` starts it: settings of the environment, no Lease, no probes of its own."""

from typing import Any

import kopf

from syncramp_operator.actors.handlers import Handlers, configure, login, post
from syncramp_operator.actors.office import Office, execution_of
from syncramp_operator.api.cluster import connected
from syncramp_operator.settings import Settings

GRACE = 4.0
"""Seconds that children have to end: Kopf itself waits no longer for what is left at its end."""


def register(registry: kopf.OperatorRegistry) -> None:
    """Put everything into a registry of Kopf; the office opens when Kopf starts."""
    offices: list[Office] = []

    async def open_office(settings: kopf.OperatorSettings, **_: Any) -> None:
        own = Settings.of()
        configure(settings, own)
        cluster = connected()
        offices.append(Office(own, cluster, execution_of(own, cluster), post))

    async def close_office(**_: Any) -> None:
        while offices:
            await offices.pop().close(GRACE)

    kopf.on.startup(registry=registry)(open_office)
    kopf.on.cleanup(registry=registry)(close_office)
    kopf.on.login(registry=registry, errors=kopf.ErrorsMode.PERMANENT)(login)
    Handlers(lambda: offices[0]).register(registry, Settings.of())
