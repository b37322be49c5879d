"""The webhook as a part of the operator: its certificate lies in a Secret, and the API server is told whom to trust.

Replicas share the certificate: who finds no Secret makes one, and who is second takes what the first one made. Once
a minute each looks again, so a certificate that was made anew is served, and a Secret that somebody deleted or a
configuration that was applied again is mended, without a restart. A failure is logged and tried again; the operator
works without its webhook as well as with it.

The ValidatingWebhookConfiguration is the manifests'; only its ``caBundle`` is written here.
"""

import asyncio
import base64
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from syncramp.errors import SyncrampError
from syncramp_operator import logs
from syncramp_operator.admission.certificates import Serving
from syncramp_operator.admission.review import application
from syncramp_operator.api.cluster import Cluster, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import MANAGED_BY, SECRETS, WEBHOOKS, Object
from syncramp_operator.settings import Settings
from syncramp_operator.web import listening

NAME = "syncramp-webhook"
"""Of the Service, of the Secret, and of the ValidatingWebhookConfiguration."""
LOOK = 60.0
"""Seconds until the certificate is looked at again."""
RETRY = 5.0
"""The same after a failure."""
_LOG = logging.getLogger("syncramp.webhook")
_KEYS = ("ca.crt", "tls.crt", "tls.key")


class Trust:
    """The certificate in the cluster; its calls block.

    :param now: the clock, in UTC.
    """

    def __init__(self, cluster: Cluster, home: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._cluster, self._home, self._now = cluster, home, now
        self.server = f"{NAME}.{home}.svc"
        """What the API server calls us."""

    def serving(self) -> Serving:
        """What all replicas serve with now; it is made, or made anew, if need be.

        :raises ClusterUnavailable, ClusterRefused: the Secret cannot be read or written.
        """
        stored = self._stored()
        held = _held(stored)
        if held is not None and held.good(self.server, self._now()):
            return held
        fresh = Serving.made(self.server, self._now(), held)
        try:
            stored = self._cluster.replace(SECRETS, self._home, {**stored, "data": _data(fresh)})
        except ObjectConflict:  # another replica was first
            stored = self._cluster.get(SECRETS, self._home, NAME)
        return _held(stored) or fresh

    def _stored(self) -> Object:
        try:
            return self._cluster.get(SECRETS, self._home, NAME)
        except ObjectMissing:
            pass
        made = {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {"name": NAME, "namespace": self._home, "labels": MANAGED_BY},
            "data": _data(Serving.made(self.server, self._now())),
        }
        try:
            return self._cluster.create(SECRETS, self._home, made)
        except ObjectConflict:
            return self._cluster.get(SECRETS, self._home, NAME)

    def tell(self, serving: Serving) -> None:
        """Let the API server trust it, unless it does.

        :raises ClusterUnavailable, ClusterRefused: the configuration cannot be read or written, or there is none.
        """
        configuration = self._cluster.get(WEBHOOKS, "", NAME)
        bundle = base64.b64encode(serving.authorities).decode()
        hooks = configuration.get("webhooks", [])
        if all(hook["clientConfig"].get("caBundle") == bundle for hook in hooks):
            return
        told = [{**hook, "clientConfig": {**hook["clientConfig"], "caBundle": bundle}} for hook in hooks]
        version = configuration["metadata"]["resourceVersion"]
        body = {"metadata": {"resourceVersion": version}, "webhooks": told}
        self._cluster.patch(WEBHOOKS, "", NAME, body)


class Webhook:
    """The server of one replica; started and ended from the operator's loop."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._trust = Trust(cluster, settings.home)
        self._settings = settings
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._runner = web.AppRunner(application(), access_log=None, shutdown_timeout=1.0)
        self._loaded: Serving | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; it listens as soon as it has a certificate."""
        await self._runner.setup()
        self._keeping = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Answer what was asked, and listen no more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        await self._runner.cleanup()

    async def _keep(self) -> None:
        while True:
            rest = RETRY
            try:
                await self._look_at_it()
                rest = LOOK
            except SyncrampError as error:
                _LOG.error("The webhook's certificate cannot be kept: %s", error)
            except Exception as error:  # noqa: BLE001 - the operator goes on without its webhook
                _LOG.error("The webhook failed", extra={"trace": logs.trace(error)})
            await asyncio.sleep(rest)

    async def _look_at_it(self) -> None:
        """Trusted first, served then: until the API server is told, it is answered with the certificate before."""
        serving = await asyncio.to_thread(self._trust.serving)
        await asyncio.to_thread(self._trust.tell, serving)
        if serving == self._loaded:
            return
        serving.load(self._context, self._settings.runtime)
        if self._loaded is None:
            await self._listen()
        self._loaded = serving

    async def _listen(self) -> None:
        site = web.SockSite(self._runner, listening(self._settings.webhook_port), ssl_context=self._context)
        await site.start()
        _LOG.info("The webhook answers on port %s", self._settings.webhook_port)


def _data(serving: Serving) -> dict[str, str]:
    parts = (serving.authorities, serving.certificate, serving.key)
    return {key: base64.b64encode(part).decode() for key, part in zip(_KEYS, parts, strict=True)}


def _held(secret: Object) -> Serving | None:
    """What a Secret holds; None if that is no certificate of ours."""
    data = secret.get("data") or {}
    if not set(_KEYS) <= set(data):
        return None
    return Serving(*(base64.b64decode(data[key]) for key in _KEYS))
