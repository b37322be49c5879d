"""Builders: a test names only what matters to it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.spec.failsafe import DeleteLimits
from syncramp.spec.references import KeyRef
from syncramp.spec.sign_in import ClientSecretAuth
from syncramp.spec.types import (
    Cloud,
    EndpointOverrides,
    LdifFile,
    Mode,
    Scope,
    SourceAnchor,
    SourceSpec,
    SyncConfig,
    Target,
    WriteBudget,
)

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
BASE = "DC=corp,DC=example,DC=com"
DOCUMENT = f"""\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: contoso, namespace: default}}
spec:
  target:
    tenantID: {TENANT}
    auth: {{clientSecret: {{clientID: {CLIENT}, secretKeyRef: {{name: entra}}}}}}
  sources:
  - name: corp
    ldif: {{path: corp.ldif}}
    scope:
    - {{dn: "{BASE}"}}
"""
"""For the command line, of which no secret is asked for: commands that know the store alone."""
SCOPE = Scope(BASE, frozenset(Kind))
SID = b"\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00"
"""An objectSid: the entry is a security principal of Active Directory."""


def guid(number: int) -> bytes:
    """The objectGUID of entry number so-and-so."""
    return number.to_bytes(16, "big")


def user_dn(number: int, ou: str = "People") -> str:
    return f"CN=User {number},OU={ou},{BASE}"


def user(number: int, ou: str = "People", **attributes: str | bytes | Sequence[str]) -> Entry:
    """A person; keyword arguments are attributes, with ``_`` for ``-``."""
    values: dict[str, str | bytes | Sequence[str]] = {
        "cn": f"User {number}",
        "displayName": f"User {number}",
        "sAMAccountName": f"user{number}",
        "userPrincipalName": f"user{number}@corp.example.com",
        "userAccountControl": "512",
    }
    return entry(Kind.USER, number, user_dn(number, ou), {**values, **attributes})


def group(number: int, **attributes: str | bytes | Sequence[str]) -> Entry:
    """A security group."""
    values: dict[str, str | bytes | Sequence[str]] = {
        "cn": f"Group {number}",
        "sAMAccountName": f"group{number}",
        "groupType": "-2147483646",
    }
    return entry(Kind.GROUP, number, f"CN=Group {number},OU=Groups,{BASE}", {**values, **attributes})


def without(entry: Entry, *names: str) -> Entry:
    """The entry as a reader sees it who may not read these attributes."""
    return replace(entry, attributes={key: value for key, value in entry.attributes.items() if key not in names})


def entry(kind: Kind, number: int, dn: str, values: dict[str, str | bytes | Sequence[str]]) -> Entry:
    """An entry with a GUID of its own."""
    attributes = {name.lower().replace("_", "-"): _values(value) for name, value in values.items()}
    attributes["objectguid"] = (guid(number),)
    return Entry(guid(number), kind, dn, attributes)


def _values(value: str | bytes | Sequence[str]) -> tuple[bytes, ...]:
    if isinstance(value, bytes):
        return (value,)
    texts: Iterable[str] = [value] if isinstance(value, str) else value
    return tuple(sorted(text.encode() for text in texts))


def config(
    *,
    sources: Sequence[str] = ("corp",),
    mode: Mode = Mode.SYNC,
    endpoint: EndpointOverrides | None = None,
    writes: WriteBudget | None = None,
    max_members: int = 250_000,
    source_anchor: SourceAnchor = SourceAnchor.CONSISTENCY_GUID,
) -> SyncConfig:
    """A document as the engine sees it."""
    target = Target(
        Cloud.COMMERCIAL,
        TENANT,
        ClientSecretAuth(CLIENT, KeyRef("entra-sync-secret", "clientSecret")),
        endpoint or EndpointOverrides(),
        writes or WriteBudget(1_000_000, 100, 10_000_000),
    )
    specs = tuple(SourceSpec(name, LdifFile(Path(f"{name}.ldif")), (SCOPE,)) for name in sources)
    return SyncConfig("default", "contoso", mode, target, specs, source_anchor, max_members)


def deletes_up_to(document: SyncConfig, count: int) -> SyncConfig:
    """The document with another ``failsafe.deletes.count``."""
    return replace(document, failsafe=replace(document.failsafe, deletes=DeleteLimits(count=count)))
