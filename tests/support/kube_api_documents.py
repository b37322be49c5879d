"""SyncConfigs for clusters: a good one, and for every CEL rule of the CRD one that breaks this rule and no other."""

import copy
from dataclasses import dataclass
from typing import Any

from support.kube_api_patches import merged
from support.ramp_cases import CASES as RAMP_CASES
from support.written_cases import CASES as WRITTEN_CASES
from support.written_cases import written
from syncramp.check.twins import TWINS

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
ROOT = "OU=People,DC=corp,DC=example,DC=com"
_CERTIFICATE = {"clientID": CLIENT, "secretRef": {"name": "entra"}}
_BIND = {"secretRef": {"name": "reader"}}
_LDAP = {"servers": ["ldaps://dc1.corp.example.com"], "bind": _BIND}
_BOTH = {"secretKeyRef": {"name": "ca"}, "configMapKeyRef": {"name": "ca"}}
_RULE = {"name": "one", "precedence": 10, "kind": "User", "clear": ["mobile"]}

Object = dict[str, Any]


def source(**members: Any) -> Object:
    """One source, with a scope of its own."""
    return {"name": "corp", "scope": [{"dn": ROOT}], **members}


def scoped(**members: Any) -> Object:
    """A merge patch that changes what the scope says beside its dn."""
    return {"spec": {"sources": [source(ldap=_LDAP, scope=[{"dn": ROOT, **members}])]}}


_GOOD: Object = {
    "apiVersion": "syncramp.io/v1alpha1",
    "kind": "SyncConfig",
    "spec": {
        "target": {
            "tenantID": TENANT,
            "auth": {"clientSecret": {"clientID": CLIENT, "secretKeyRef": {"name": "entra"}}},
        },
        "sources": [source(ldap=_LDAP)],
    },
}


def document(name: str, namespace: str, patch: Object | None = None) -> Object:
    """A document that is accepted, with its changes."""
    made = merged(copy.deepcopy(_GOOD), patch or {})
    made["metadata"] = {"name": name, "namespace": namespace}
    return made


@dataclass(frozen=True)
class Broken:
    """A change of the good document that one rule refuses."""

    name: str
    place: str
    rule: str
    patch: Any
    before: Any = None
    """What the good document says beside, where the change is one of that."""


def _target(**members: Any) -> Object:
    return {"spec": {"target": members}}


def _anchor(attribute: str, **members: Any) -> Object:
    return {"spec": {"identity": {"sourceAnchor": attribute, **members}}}


_WRITES_BACK = "!has(self.writeBackAnchor) || !self.writeBackAnchor || self.sourceAnchor == 'mS-DS-ConsistencyGuid'"
_SPELLED, _NO_ANCHOR = (rule for place, rule in TWINS if place == "spec.identity.sourceAnchor")


def _rule(**members: Any) -> Object:
    return {"spec": {"rules": [_RULE | members]}}


def _joined(join: Object) -> Object:
    return {"spec": {"identity": {"joins": [join]}}}


_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
_ONE_AUTH = (
    "[has(self.certificate), has(self.clientSecret), has(self.workloadIdentity), has(self.account)].exists_one(x, x)"
)
_ONE_JOIN = "[has(self.by), has(self.expression)].exists_one(x, x)"
_RETRIES = (
    "!has(self.retryInterval) || !has(self.interval) || duration(self.interval) < duration('5m') || "
    "duration(self.retryInterval) <= duration(self.interval)"
)
_ONE_FILE = "[has(self.path), has(self.configMapKeyRef)].exists_one(x, x)"
_ONE_SOURCE = "[has(self.ldap), has(self.ldif)].exists_one(x, x)"
_CLOUDS = "self in ['Commercial', 'China', 'USGovernment', 'Germany']"

BROKEN = (
    Broken("germany", "spec.target.cloud", "self != 'Germany'", _target(cloud="Germany")),
    Broken("cloud", "spec.target.cloud", _CLOUDS, _target(cloud="commercial")),
    Broken("two-auths", "spec.target.auth", _ONE_AUTH, _target(auth={"certificate": _CERTIFICATE})),
    Broken("no-auth", "spec.target.auth", _ONE_AUTH, _target(auth={"clientSecret": None})),
    Broken("v1", "spec.target.endpoint.version", "self != 'V1'", _target(endpoint={"version": "V1"})),
    Broken("version", "spec.target.endpoint.version", "self in ['V1', 'V2']", _target(endpoint={"version": "V3"})),
    Broken("two-cas", "spec.target.endpoint.ca", _ONE_CA, _target(endpoint={"ca": _BOTH})),
    Broken(
        "delay",
        "spec.target.endpoint.visibilityDelay",
        "duration(self) <= duration('1h')",
        _target(endpoint={"visibilityDelay": "1h1s"}),
    ),
    Broken(
        "timeout",
        "spec.target.endpoint.callTimeout",
        "duration(self) >= duration('1m') && duration(self) <= duration('1h')",
        _target(endpoint={"callTimeout": "30s"}),
    ),
    Broken(
        "interval",
        "spec.interval",
        "duration(self) >= duration('5m') && duration(self) <= duration('24h')",
        {"spec": {"interval": "4m59s"}},
    ),
    Broken(
        "retry-interval",
        "spec.retryInterval",
        "duration(self) >= duration('10s') && duration(self) <= duration('24h')",
        {"spec": {"retryInterval": "9s"}},
    ),
    Broken(
        "run-timeout",
        "spec.timeout",
        "duration(self) >= duration('5m') && duration(self) <= duration('72h')",
        {"spec": {"timeout": "72h1s"}},
    ),
    Broken(
        "retry-longer-than-interval",
        "spec",
        _RETRIES,
        {"spec": {"interval": "10m", "retryInterval": "11m"}},
    ),
    Broken(
        "timeout-shorter-than-interval",
        "spec",
        "!has(self.timeout) || !has(self.interval) || duration(self.timeout) >= duration(self.interval)",
        {"spec": {"interval": "1h", "timeout": "59m"}},
    ),
    Broken(
        "window",
        "spec.syncWindows[].duration",
        "duration(self) >= duration('1m') && duration(self) <= duration('744h')",
        {"spec": {"syncWindows": [{"kind": "Deny", "schedule": "0 0 1 1 *", "duration": "745h"}]}},
    ),
    Broken(
        "no-file",
        "spec.sources[].ldif",
        _ONE_FILE,
        {"spec": {"sources": [source(ldif={"entries": 3})]}},
    ),
    Broken(
        "two-files",
        "spec.sources[].ldif",
        _ONE_FILE,
        {"spec": {"sources": [source(ldif={"path": "/directory.ldif", "configMapKeyRef": {"name": "people"}})]}},
    ),
    Broken(
        "expiry",
        "spec.approvalExpiry",
        "duration(self) >= duration('1m') && duration(self) <= duration('720h')",
        {"spec": {"approvalExpiry": "30s"}},
    ),
    Broken("spelling", "spec.identity.sourceAnchor", _SPELLED, _anchor("objectguid")),
    Broken("address", "spec.identity.sourceAnchor", _NO_ANCHOR, _anchor("mail")),
    Broken("back", "spec.identity", _WRITES_BACK, _anchor("objectGUID", writeBackAnchor=True)),
    Broken("no-join", "spec.identity.joins[]", _ONE_JOIN, _joined({"kinds": ["User"]})),
    Broken("two-joins", "spec.identity.joins[]", _ONE_JOIN, _joined({"by": "mail", "expression": "'all'"})),
    Broken("no-source", "spec.sources[]", _ONE_SOURCE, {"spec": {"sources": [source()]}}),
    Broken(
        "two-sources",
        "spec.sources[]",
        _ONE_SOURCE,
        {"spec": {"sources": [source(ldap=_LDAP, ldif={"path": "corp.ldif"})]}},
    ),
    Broken(
        "no-ca",
        "spec.sources[].ldap.tls.ca",
        _ONE_CA,
        {"spec": {"sources": [source(ldap=_LDAP | {"tls": {"ca": {}}})]}},
    ),
    Broken(
        "same-precedence",
        "spec.rules",
        "self.all(a, self.exists_one(b, b.precedence == a.precedence))",
        {"spec": {"rules": [_RULE, _RULE | {"name": "other"}]}},
    ),
    Broken(
        "rule-of-nothing",
        "spec.rules[]",
        "[has(self.exclude), has(self.set), has(self.clear)].exists(x, x)",
        _rule(clear=None),
    ),
    Broken(
        "exclude-and-clear",
        "spec.rules[]",
        "!has(self.exclude) || !(has(self.set) || has(self.clear))",
        _rule(exclude={}),
    ),
    Broken(
        "set-and-clear",
        "spec.rules[]",
        "!has(self.set) || !has(self.clear) || !self.clear.exists(name, name in self.set)",
        _rule(set={"mobile": "'1'"}),
    ),
    *(
        Broken(f"groups-{number}", case.place, case.rule, {"spec": {"groups": case.groups}})
        for number, case in enumerate(RAMP_CASES)
        if case.sentence
    ),
    *(
        Broken(f"writeback-{number}", case.place, case.rule, {"spec": {"writeback": case.groups}})
        for number, case in enumerate(WRITTEN_CASES)
        if case.sentence
    ),
)

MOVED = (
    Broken("cloud", "spec.target.cloud", "self == oldSelf || oldSelf == 'Germany'", _target(cloud="China")),
    Broken("tenant", "spec.target.tenantID", "self == oldSelf", _target(tenantID=CLIENT)),
    Broken(
        "anchor",
        "spec.identity.sourceAnchor",
        "self == oldSelf",
        _anchor("objectGUID"),
    ),
    Broken(
        "writeback-source",
        "spec.writeback.groups.source",
        "self == oldSelf",
        {"spec": {"writeback": {"groups": {"source": "labs"}}}},
        {"spec": {"sources": [source(ldap=_LDAP), {**source(ldap=_LDAP), "name": "labs"}], "writeback": written()}},
    ),
)
"""Changes that are refused because there is a document before."""

MISSHAPEN = (
    ("spec.mode", {"spec": {"mode": "sync"}}),
    ("spec.target.tenantID", _target(tenantID=None)),
    ("spec.sources", {"spec": {"sources": []}}),
    ("spec.failsafe.deletes.count", {"spec": {"failsafe": {"deletes": {"count": "many"}}}}),
    ("spec.sources[0].name", {"spec": {"sources": [source(name="Corp", ldap=_LDAP)]}}),
    ("spec.sources[1]", {"spec": {"sources": [source(ldap=_LDAP), source(ldap=_LDAP)]}}),
    # 64 bits of nanoseconds end at 2,562,047 hours: a longer time would be a short one to the rule that limits it.
    (
        "spec.groups.ramps[0].steps[0].soak.duration",
        {
            "spec": {
                "groups": {"ramps": [{"name": "one", "steps": [{"ceiling": 5, "soak": {"duration": "2562048h"}}]}]}
            }
        },
    ),
    (
        "spec.groups.ramps[0].gates[0].hold.maxDuration",
        {
            "spec": {
                "groups": {
                    "ramps": [
                        {
                            "name": "one",
                            "gates": [{"metric": "ExportLatencyP95", "hold": {"maxDuration": "9999999999h"}}],
                        }
                    ]
                }
            }
        },
    ),
)
"""Changes that the schema refuses, and where."""

UNREADABLE_FILTER = scoped(filter="(cn=Smith")
"""What no schema can judge: every API server stores it."""
