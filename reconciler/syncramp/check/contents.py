"""What a schema cannot judge: distinguished names, filters, anchors, addresses of directories, ports, and scopes
that are named twice."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.remedies import form
from syncramp.check.values import items, members, show
from syncramp.errors import InputRefused
from syncramp.model.acceptances import ANNOTATION as ACCEPTS
from syncramp.model.acceptances import malformed as malformed_acceptance
from syncramp.model.approvals import ADOPTS, ANNOTATION, DIGEST, DIGITS, FEWEST, named_digests
from syncramp.model.orders import COMMANDS, malformed
from syncramp.model.stages import RELEASABLE, RELEASES, named_stages
from syncramp.rules.secrets import is_secret
from syncramp.source.dn import DnError, canonical, fold
from syncramp.source.filter import FilterError, parse
from syncramp.source.ldap.address import parse as parse_address

_PORTS = range(1, 65536)
_ANNOTATIONS = "metadata.annotations."


def contents_findings(data: Mapping[str, Any], refused: Container[str]) -> Iterator[Finding]:
    """What is wrong with the texts in a document.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; they are not judged again.
    """
    seen: dict[tuple[str, bytes], str] = {}
    for path, text in _texts(data):
        if isinstance(text, str) and path not in refused:
            if path.endswith(".dn"):
                yield from _dn(path, text, seen)
            elif path.endswith(".filter"):
                yield from _filter(path, text)
            elif path.endswith(".sourceAnchor"):
                yield from _anchor(path, text)
            elif path.endswith((ANNOTATION, ADOPTS)):
                yield from _digests(path, text)
            elif path.endswith(ACCEPTS):
                yield from _acceptances(path, text)
            elif path.endswith(RELEASES):
                yield from _stages(path, text)
            elif path.startswith(_ANNOTATIONS):
                yield from _orders(path, text)
            elif "servers" in path:
                yield from _server(path, text)
            else:
                yield from _port(path, text)


def request_findings(annotations: Mapping[str, Any]) -> dict[str, Finding]:
    """What is wrong with annotations that ask for something, by their names; those without a finding are left out."""
    found = contents_findings({"metadata": {"annotations": annotations}}, ())
    return {finding.path.removeprefix(_ANNOTATIONS): finding for finding in found}


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is judged here, and its path."""
    annotations = members(members(data.get("metadata")).get("annotations"))
    for name in (ANNOTATION, ADOPTS, ACCEPTS, RELEASES, *COMMANDS):
        yield f"{_ANNOTATIONS}{name}", annotations.get(name)
    spec = members(data.get("spec"))
    endpoint = members(members(spec.get("target")).get("endpoint"))
    for name in ("host", "authority"):
        yield f"spec.target.endpoint.{name}", endpoint.get(name)
    groups = members(members(spec.get("writeback")).get("groups"))
    yield from items("spec.writeback.groups.servers", groups.get("servers"))
    yield "spec.writeback.groups.graph.host", members(groups.get("graph")).get("host")
    yield "spec.identity.sourceAnchor", members(spec.get("identity")).get("sourceAnchor")
    for path, source in items("spec.sources", spec.get("sources")):
        yield from items(f"{path}.ldap.servers", members(members(source).get("ldap")).get("servers"))
        for place, scope in items(f"{path}.scope", members(source).get("scope")):
            yield f"{place}.dn", members(scope).get("dn")
            yield f"{place}.filter", members(scope).get("filter")


def _server(path: str, server: str) -> Iterator[Finding]:
    try:
        parse_address(server)
    except InputRefused:
        yield Finding(path, "is not the address of a directory server", form(path, ""), show(path, server))
    else:
        yield from _port(path, server)


def _port(path: str, address: str) -> Iterator[Finding]:
    port = address.rpartition("]")[2].rpartition(":")[2]  # a colon in brackets belongs to an IPv6 address
    if port.isdecimal() and ":" in address and int(port) not in _PORTS:
        yield Finding(path, "the port must be from 1 to 65535", form(path, ""), show(path, address))


def _dn(path: str, dn: str, seen: dict[tuple[str, bytes], str]) -> Iterator[Finding]:
    """A scope's DN; the schema compares text, so a second spelling of a DN is found here."""
    try:
        key = fold(dn)
    except DnError as error:
        reason = f"is no distinguished name: {str(error).removesuffix(f' in {dn!r}')}"
        yield Finding(path, reason, form(path, ""), show(path, dn))
        return
    source = path[: path.index("]")]
    if not key:
        yield Finding(path, "is no distinguished name: it is empty", form(path, ""), show(path, dn))
    elif seen.setdefault((source, key), dn) != dn:
        reason = f"names the same entry as {canonical(seen[source, key])!r}, which stands above"
        yield Finding(path, reason, "remove one of them, or change it", show(path, dn))


def _digests(path: str, text: str) -> Iterator[Finding]:
    if not all(map(DIGEST.fullmatch, named_digests(text))):
        reason = f"is no list of digests: each has {FEWEST} to {DIGITS} hexadecimal digits"
        yield Finding(path, reason, form(path, ""))


def _acceptances(path: str, text: str) -> Iterator[Finding]:
    if part := malformed_acceptance(text):
        yield Finding(path, f"{part!r} accepts nothing of a source", form(path, ""), show(path, text))


def _stages(path: str, text: str) -> Iterator[Finding]:
    if not named_stages(text) <= set(RELEASABLE):
        yield Finding(path, f"names something else than {' and '.join(RELEASABLE)}", form(path, ""), show(path, text))


def _orders(path: str, text: str) -> Iterator[Finding]:
    if part := malformed(text):
        reason = f"{part} is no ramp: its name, and behind it a step as /2 or a word of your own as @again"
        yield Finding(path, reason, form(path, ""), show(path, text))


def _anchor(path: str, name: str) -> Iterator[Finding]:
    if is_secret(name):
        yield Finding(path, "holds secrets, which no anchor may tell the cloud", form(path, ""), show(path, name))


def _filter(path: str, text: str) -> Iterator[Finding]:
    try:
        named = parse(text).attributes
    except FilterError as error:
        yield Finding(path, f"is no LDAP filter: {error}", form(path, ""), show(path, text))
    else:
        for name in sorted(filter(is_secret, named)):
            reason = f"{name} holds secrets, which are not read"
            yield Finding(path, reason, "ask for another attribute", show(path, text))
