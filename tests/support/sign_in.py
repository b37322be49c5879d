"""Every way to sign in, as a document says it, and what a client makes of it in front of the simulator's issuer."""

from contextlib import closing
from typing import Any

import pytest

from support.build import CLIENT
from support.walk import Walk
from syncramp.check import load
from syncramp.endpoint.client import V2Endpoint
from syncramp.errors import SyncrampError
from syncramp.model.wire import Company
from syncramp.spec.secrets import FileSecrets

TOKEN = "secrets/entra-sync-token/token"
PEM = {"certificate": {"clientID": CLIENT, "secretRef": {"name": "entra-sync"}}}
PFX = {"certificate": {**PEM["certificate"], "format": "PKCS12"}}
SECRET = {"clientSecret": {"clientID": CLIENT, "secretKeyRef": {"name": "entra-sync-secret"}}}
WORKLOAD = {"workloadIdentity": {"clientID": CLIENT, "tokenFile": TOKEN}}
ACCOUNT = {"account": {"secretRef": {"name": "entra-sync-account"}}}
WAYS = {"PEM": PEM, "PFX": PFX, "secret": SECRET, "workload": WORKLOAD, "account": ACCOUNT}


def client_of(walk: Walk, auth: dict[str, Any], **endpoint: str) -> V2Endpoint:
    walk.spec["target"]["auth"] = auth
    walk.spec["target"]["endpoint"] |= endpoint
    walk.write()
    config = load(str(walk.document))
    return V2Endpoint(config.target, FileSecrets(walk.folder / "secrets"), busy_first=0.001)


def company(walk: Walk, auth: dict[str, Any], **endpoint: str) -> Company:
    with closing(client_of(walk, auth, **endpoint)) as client:
        return client.company()


def refused(walk: Walk, auth: dict[str, Any], kind: type[SyncrampError], *words: str) -> str:
    """What a person is told when they cannot sign in."""
    with pytest.raises(kind) as caught:
        company(walk, auth)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert caught.value.remedy and caught.value.where
    return str(caught.value)


def put(walk: Walk, name: str, content: bytes | str | None) -> None:
    path = walk.folder / "secrets" / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def asked(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The forms of all token requests from now on."""
    forms: list[dict[str, str]] = []
    issuer = walk.simulator.issuer
    original = issuer.token

    def token(tenant: str, form: dict[str, str], endpoint: str) -> Any:
        forms.append(form)
        return original(tenant, form, endpoint)

    monkeypatch.setattr(issuer, "token", token)
    return forms
