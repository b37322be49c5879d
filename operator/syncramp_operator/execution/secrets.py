"""Secrets and ConfigMaps of a document: read by name, never listed; known by a keyed digest; files while a run lasts.

The digest is keyed with the uid of the SyncConfig, because it stands on a status and a short secret could be guessed
from a plain one. It is made of the contents: a resourceVersion changes with every label that somebody puts there.
"""

import hashlib
import hmac
import os
import shutil
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncramp.errors import Stalled
from syncramp.spec.mentions import Mentions, mentioned
from syncramp_operator.api.cluster import Cluster, ObjectMissing
from syncramp_operator.api.resources import CONFIG_MAPS, SECRETS, Resource
from syncramp_operator.settings import Settings

DIGITS = 32
"""Of a digest, as hexadecimal text."""


class SecretMissing(Stalled):
    """A Secret or ConfigMap that the document names is not there."""

    reason = "SecretMissing"


@dataclass(frozen=True, slots=True, repr=False)
class Contents:
    """What Secrets and ConfigMaps of a document hold. It has no ``repr``: it would hold them, too."""

    config_maps: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    missing: tuple[tuple[str, str], ...] = ()
    """Kind and name of those that are not there."""

    def require(self) -> None:
        """:raises SecretMissing: one of them is not there."""
        if self.missing:
            kind, name = self.missing[0]
            more = f" (and {len(self.missing) - 1} more)" if len(self.missing) > 1 else ""
            raise SecretMissing(
                f"there is no {kind} {name}{more}",
                where="spec",
                remedy=f"make the {kind} in the namespace of the SyncConfig, or name one that is there",
            )

    def digest(self, uid: str) -> str:
        """The same for the same contents of the same SyncConfig.

        :param uid: of the SyncConfig; it is the key.
        """
        keyed = hmac.new(uid.encode(), digestmod=hashlib.sha256)
        for part in self._parts():
            keyed.update(len(part).to_bytes(8, "big") + part)
        return keyed.hexdigest()[:DIGITS]

    def _parts(self) -> Iterator[bytes]:
        """Everything in its order, so that no two contents have the same parts."""
        for kind, objects in ((b"ConfigMap", self.config_maps), (b"Secret", self.secrets)):
            for name, keys in sorted(objects.items()):
                yield from (kind, name.encode(), str(len(keys)).encode())
                for key, value in sorted(keys.items()):
                    yield from (key.encode(), value)


def gathered(cluster: Cluster, namespace: str, spec: Mapping[str, Any]) -> Contents:
    """What a document mentions, as it is now; it blocks.

    :param spec: of the SyncConfig.
    :raises SyncrampError: the API server does not answer, or forbids it; one that is not there is no error here.
    """
    names: Mentions = mentioned(spec)
    missing: list[tuple[str, str]] = []

    def read(resource: Resource, wanted: tuple[str, ...]) -> dict[str, dict[str, bytes]]:
        found = {}
        for name in wanted:
            try:
                found[name] = _keys(cluster.get(resource, namespace, name), secret=resource is SECRETS)
            except ObjectMissing:
                missing.append((resource.kind, name))
        return found

    return Contents(read(CONFIG_MAPS, names.config_maps), read(SECRETS, names.secrets), tuple(missing))


def state_contents(cluster: Cluster, settings: Settings) -> Contents:
    """The Secret of the server that stores are in; nothing where they are files. A document never sees it.

    :raises SecretMissing: it is not there.
    """
    if not (name := settings.state_secret):
        return Contents()
    try:
        return Contents(secrets={name: _keys(cluster.get(SECRETS, settings.home, name), secret=True)})
    except ObjectMissing:
        raise SecretMissing(
            f"there is no Secret {name} in {settings.home}",
            where="SYNCRAMP_STATE",
            remedy="make it, with the key uri",
        ) from None


def _keys(body: Mapping[str, Any], *, secret: bool) -> dict[str, bytes]:
    plain, encoded = ("", "data") if secret else ("data", "binaryData")
    texts = {key: value.encode() for key, value in (body.get(plain) or {}).items()}
    return texts | {key: b64decode(value) for key, value in (body.get(encoded) or {}).items()}


def lay_out(folder: Path, contents: Contents) -> None:
    """Write ``FOLDER/<name>/<key>``, for nobody but us to read; where both kinds have it, the Secret's counts.

    :param folder: it is made; it must not be there yet.
    """
    folder.mkdir(mode=0o700, parents=True)
    for name in sorted({*contents.config_maps, *contents.secrets}):
        keys = {**contents.config_maps.get(name, {}), **contents.secrets.get(name, {})}
        place = folder / _part(name)
        place.mkdir(mode=0o700)
        for key, value in keys.items():
            write(place / _part(key), value)


def write(path: Path, content: bytes) -> None:
    """A new file that nobody but us can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def sweep(folder: Path) -> None:
    """Remove a folder and what it holds; one that is gone already is no error."""
    shutil.rmtree(folder, ignore_errors=True)


def _part(name: str) -> str:
    """A name as one part of a path. An API server takes no other; what is written must not depend on that."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise SecretMissing("a Secret or ConfigMap has a name or a key that is none", where="spec")
    return name
