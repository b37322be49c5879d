"""The wire profile: what one endpoint was seen to do on one day, fact by fact.

A probe writes it, a SyncConfig names it, and what it observed stands in for settings that the document leaves unset.
It is read whole or not at all, and belongs to a cloud: a profile of one is no proof of another.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from syncramp.endpoint.clouds import ADDRESSES, onward
from syncramp.endpoint.facts import NO_MEMBERS, Fact, Observed, Verdict, differing
from syncramp.errors import InputRefused
from syncramp.model.report import WireReport
from syncramp.model.seams import SecretReader
from syncramp.spec.document import documents_of
from syncramp.spec.scalars import meaning
from syncramp.spec.types import Cloud, MembersFrom, ReadBackNames, Target

VERSION = 1
OLD = timedelta(days=180)
"""Age from which a profile is worth making again; our own choice, no public source says how often the wire changes.
Microsoft stopped old builds of its client on 1 October 2023 and on 30 September 2026 (version release history)."""
HEAD = "# What this endpoint was seen to do, written by syncramp endpoint probe. docs/wire.md tells what it is for.\n"
AGAIN = "make it again: syncramp endpoint probe"

_TEXT = {"type": "string", "maxLength": 500}
_OBSERVED = {"type": ["string", "number", "boolean", "null"], "maxLength": 500}
_FACT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["asked", "observed", "verdict"],
    "properties": {
        "asked": _TEXT,
        "observed": _OBSERVED,
        "evidence": _TEXT,
        "verdict": {"enum": [verdict.value for verdict in Verdict]},
    },
}


def _observing(kind: str, **limits: Any) -> dict[str, Any]:
    observed = {"type": [kind, "null"], **limits}
    return {**_FACT, "properties": {**_FACT["properties"], "observed": observed}}  # type: ignore[dict-item]


_MEMBER = _observing("string", pattern=r"^[A-Za-z_][A-Za-z0-9._-]{0,127}\Z")
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "probed", "syncramp", "cloud", "host", "tenantID", "facts"],
    "properties": {
        "version": {"const": VERSION},
        "probed": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z"},
        "syncramp": _TEXT,
        "cloud": {"enum": [cloud.value for cloud in Cloud]},
        "host": {"type": "string", "minLength": 1, "maxLength": 260},
        "tenantID": _TEXT,
        "facts": {
            "type": "object",
            "maxProperties": 200,
            "properties": {
                "readBack.cookieMember": _MEMBER,
                "readBack.moreMember": _MEMBER,
                "linksPerCall": _observing("integer", minimum=1),
                "visibilityDelay": _observing("number", minimum=0),
            },
            "additionalProperties": _FACT,
        },
    },
}


@dataclass(frozen=True, slots=True)
class WireProfile:
    """What one endpoint was seen to do."""

    probed: datetime
    """In UTC, to the second."""
    syncramp: str
    """The version that asked."""
    cloud: Cloud
    host: str
    """The first host of the calls, with its port if it is not 443."""
    tenant_id: str
    """Of the tenant that was asked; another one than that of the documents that use it."""
    facts: Mapping[str, Fact]

    def observed(self, name: str) -> Observed:
        """What was seen; None where nothing was, or nobody looked."""
        fact = self.facts.get(name)
        return fact.observed if fact and fact.verdict is not Verdict.NOT_TRIED else None

    def text(self) -> str:
        """As the YAML document that ``parse`` reads."""
        facts = {name: {**asdict(fact), "verdict": fact.verdict.value} for name, fact in self.facts.items()}
        body = {
            "version": VERSION,
            "probed": f"{self.probed:%Y-%m-%dT%H:%M:%SZ}",
            "syncramp": self.syncramp,
            "cloud": self.cloud.value,
            "host": self.host,
            "tenantID": self.tenant_id,
            "facts": facts,
        }
        return HEAD + yaml.dump(body, Dumper=_Dumper, sort_keys=False, width=110)


class _Dumper(yaml.SafeDumper):
    """Quotes what our reader would take for something else than text: ``N`` is false to kubectl, not to PyYAML."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = meaning(text) == text
    except ValueError:
        plain = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Dumper.add_representer(str, _quoted)


def parse(data: bytes, where: str) -> WireProfile:
    """A profile from its document.

    :param where: how people find it.
    :raises InputRefused: it is no profile, or not one of this version.
    """
    try:
        documents = documents_of(data.decode("utf-8-sig"), where)
    except UnicodeDecodeError:
        raise InputRefused("this is no UTF-8 text", where=where, remedy=AGAIN) from None
    if len(documents) != 1:
        raise InputRefused("a wire profile is one YAML document", where=where, remedy=AGAIN)
    _check(documents[0].data, where)
    body = documents[0].data
    facts = {
        name: Fact(said["asked"], said["observed"], Verdict(said["verdict"]), said.get("evidence", ""))
        for name, said in body["facts"].items()
    }
    try:
        probed = datetime.strptime(body["probed"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise InputRefused("probed is no moment in UTC", where=where, remedy=AGAIN) from None
    return WireProfile(probed, body["syncramp"], Cloud(body["cloud"]), body["host"], body["tenantID"], facts)


def _check(data: Any, where: str) -> None:
    """The schema's verdict; it repeats no value, because a wrong key may lead to a secret."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(SCHEMA).iter_errors(data))
    if error is None:
        return
    place = ".".join(map(str, error.absolute_path)) or "the document"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        raise InputRefused(f"this is no wire profile: {place} has no {missing}", where=where, remedy=AGAIN)
    told = f"must be {error.validator_value}" if error.validator in ("const", "enum", "type") else "cannot be so"
    raise InputRefused(f"this is no wire profile: {place} {told} ({error.validator})", where=where, remedy=AGAIN)


def named_by(target: Target, secrets: SecretReader) -> WireProfile | None:
    """The profile that a document names, which must be one of its cloud.

    :returns: None where it names none.
    :raises InputRefused: it cannot be read, is none, or is one of another endpoint.
    """
    reference = target.endpoint.profile
    if reference is None:
        return None
    where = f"ConfigMap {reference.name}, key {reference.key}"
    profile = parse(secrets.read(reference.name, reference.key), where)
    if reason := stranger(profile, target):
        raise InputRefused(reason, where=where, remedy="name a profile of this endpoint, or probe it")
    return profile


def stranger(profile: WireProfile, target: Target) -> str:
    """Why a profile says nothing of a document's endpoint; empty when it does."""
    if profile.cloud is not target.cloud:
        return f"this wire profile is one of the cloud {profile.cloud}, not of {target.cloud}"
    host = target.endpoint.host or ADDRESSES[target.cloud].sync
    if profile.host.lower() == host.lower() or (_of(target.cloud, profile.host) and _of(target.cloud, host)):
        return ""
    return f"this wire profile is one of {profile.host}, not of {host}"


def _of(cloud: Cloud, host: str) -> bool:
    return onward(cloud, "", f"https://{host}") is not None


def settled(target: Target, profile: WireProfile | None) -> Target:
    """The target with what its profile observed in place of what its document leaves unset."""
    if profile is None:
        return target
    own = target.endpoint.read_back
    names = ReadBackNames(
        own.cookie or _text(profile.observed("readBack.cookieMember")),
        own.more or _text(profile.observed("readBack.moreMember")),
    )
    links = target.endpoint.links_per_call or _number(profile.observed("linksPerCall"))
    return replace(target, endpoint=replace(target.endpoint, read_back=names, links_per_call=links))


def members_told_by(asked: MembersFrom, profile: WireProfile | None) -> MembersFrom:
    """Who tells members of groups of the cloud: where the document leaves it open, Graph if the read-back tells none.

    :param asked: what the document asks for.
    """
    if asked is not MembersFrom.AUTO:
        return asked
    tells_none = profile is not None and profile.observed("readBack.members") == NO_MEMBERS
    return MembersFrom.GRAPH if tells_none else MembersFrom.READ_BACK


def _text(value: Observed) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Observed) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def reported(target: Target, profile: WireProfile | None, now: datetime) -> WireReport:
    """What a run says of the wire it speaks.

    :param now: in UTC.
    """
    if profile is None:
        return WireReport(accepted=target.endpoint.unverified)
    report = WireReport(f"{profile.probed:%Y-%m-%dT%H:%M:%SZ}", profile.syncramp, profile.host, accepted=True)
    report.differing = differing(profile.facts)
    delay = profile.observed("visibilityDelay")
    if now - profile.probed > OLD:
        report.warning = f"the wire profile is {(now - profile.probed).days} days old; {AGAIN}"
    elif isinstance(delay, float | int) and delay > target.endpoint.visibility_delay.total_seconds():
        report.warning = f"a new object was seen after {delay:g} seconds only; raise endpoint.visibilityDelay to that"
    return report
