"""For every CEL rule of the SyncConfig: changes of a document that it accepts, and some that it refuses."""

from dataclasses import dataclass
from typing import Any

from support.documents import CERTIFICATE, GONE, LDAP
from support.ramp_cases import CASES as RAMP_CASES
from support.written_cases import CASES as WRITTEN_CASES
from syncramp.check.twins import TWINS, Rule

ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
ONLY_TRUE = "self.all(c, !(c.type in ['Reconciling', 'Stalled']) || c.status == 'True')"
ONE_AUTH = "exactly one of certificate, clientSecret, workloadIdentity, account must be set"
AUTH_RULE = (
    "[has(self.certificate), has(self.clientSecret), has(self.workloadIdentity), has(self.account)].exists_one(x, x)"
)
WORKLOAD = {"clientID": CERTIFICATE["clientID"]}
ACCOUNT = {"secretRef": {"name": "dirsync"}}
ONE_KEY = "exactly one of secretKeyRef, configMapKeyRef must be set"
ONE_SOURCE = "exactly one of ldap, ldif must be set"
GERMANY = (
    "the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 endpoint; tenants "
    "that were migrated use Commercial"
)
V1 = "the V1 endpoint is not supported, it cannot hold groups above 50,000 members; remove the field or say V2"
TLS_CA = "spec.sources[0].ldap.tls.ca"
CLOUD_CA = "spec.target.endpoint.ca"
DELAY = "spec.target.endpoint.visibilityDelay"
TIMEOUT = "spec.target.endpoint.callTimeout"
ANCHOR = "spec.identity.sourceAnchor"
SPELLED, NO_ANCHOR = (rule for place, rule in TWINS if place == ANCHOR)
NOT_AN_ANCHOR = "has values that no anchor may have, such as addresses and names of entries"
BACK = "spec.identity.writeBackAnchor"
WRITES_BACK = "!has(self.writeBackAnchor) || !self.writeBackAnchor || self.sourceAnchor == 'mS-DS-ConsistencyGuid'"
BACK_NEEDS = "writeBackAnchor writes mS-DS-ConsistencyGuid, so it needs sourceAnchor: mS-DS-ConsistencyGuid"
OVER_LDAP = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp"}]}
LONG = "must not be longer than 1h"
RETRY_RULE = (
    "!has(self.retryInterval) || !has(self.interval) || duration(self.interval) < duration('5m') || "
    "duration(self.retryInterval) <= duration(self.interval)"
)
RETRY_LONG = "retryInterval must not be longer than interval"
TIMEOUT_RULE = "!has(self.timeout) || !has(self.interval) || duration(self.timeout) >= duration(self.interval)"
TIMEOUT_SHORT = "timeout must not be shorter than interval"
WINDOW = {"kind": "Deny", "schedule": "0 8 1 1 *", "duration": "10h"}
OPEN = "spec.syncWindows[0].duration"
ONE_FILE = "exactly one of path, configMapKeyRef must be set"
ONLY = "Reconciling and Stalled are present only while True"
RANKED = "self.all(a, self.exists_one(b, b.precedence == a.precedence))"
JOINED_BY = "[has(self.by), has(self.expression)].exists_one(x, x)"
ONE_JOIN = "exactly one of by, expression must be set"
DOES = "[has(self.exclude), has(self.set), has(self.clear)].exists(x, x)"
ALONE = "!has(self.exclude) || !(has(self.set) || has(self.clear))"
EITHER = "!has(self.set) || !has(self.clear) || !self.clear.exists(name, name in self.set)"
EXCLUDED = "what is excluded has no attributes; exclude cannot stand beside set or clear"
NOTHING = "at least one of exclude, set, clear must be set"
BOTH = "an attribute cannot be both set and cleared"
RULE = {"name": "one", "precedence": 10, "kind": "User", "when": "source == 'corp'", "clear": ["mobile"]}
OTHER = {"name": "other", "precedence": 20, "kind": "User", "set": {"city": "'Ulm'"}}
SECRET, MAP = {"secretKeyRef": {"name": "ca"}}, {"configMapKeyRef": {"name": "ca"}}


@dataclass(frozen=True)
class Case:
    """Changes of a document, and what the rule says: nothing, or a sentence at a path."""

    rule: Rule
    changes: dict[str, Any]
    path: str = ""
    sentence: str = ""


def condition(kind: str, status: str) -> dict[str, Any]:
    return {
        "status.conditions": [
            {
                "type": kind,
                "status": status,
                "reason": "Accepted",
                "message": "",
                "lastTransitionTime": "2026-11-24T10:00:00Z",
            }
        ]
    }


def cases(place: str, rule: str, *told: tuple[dict[str, Any], str, str]) -> list[Case]:
    return [Case((place, rule), changes, path, sentence) for changes, path, sentence in told]


CASES = [
    *(Case((one.place, one.rule), {"spec.groups": one.groups}, one.path, one.sentence) for one in RAMP_CASES),
    *(
        Case(
            (one.place, one.rule),
            {"spec.sources": [OVER_LDAP], "spec.writeback": one.groups},
            one.path,
            one.sentence,
        )
        for one in WRITTEN_CASES
    ),
    *cases(
        "spec.approvalExpiry",
        "duration(self) >= duration('1m') && duration(self) <= duration('720h')",
        ({"spec.approvalExpiry": "59s"}, "spec.approvalExpiry", "must be from 1m to 720h"),
        ({"spec.approvalExpiry": "720h1s"}, "spec.approvalExpiry", "must be from 1m to 720h"),
        ({"spec.approvalExpiry": "1m"}, "", ""),
        ({"spec.approvalExpiry": "720h"}, "", ""),
    ),
    *cases(
        "spec.target.cloud",
        "self != 'Germany'",
        ({"spec.target.cloud": "Germany"}, "spec.target.cloud", GERMANY),
        ({"spec.target.cloud": "USGovernment"}, "", ""),
    ),
    *cases(
        "spec.target.cloud",
        "self in ['Commercial', 'China', 'USGovernment', 'Germany']",
        ({"spec.target.cloud": "commercial"}, "spec.target.cloud", "must be Commercial, China or USGovernment"),
        ({"spec.target.cloud": ""}, "spec.target.cloud", "must be Commercial, China or USGovernment"),
        ({"spec.target.cloud": "China"}, "", ""),
        ({"spec.target.cloud": None}, "", ""),
    ),
    *cases(
        "spec.target.auth",
        AUTH_RULE,
        ({"spec.target.auth.certificate": CERTIFICATE}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {}}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.clientSecret": None}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {"workloadIdentity": WORKLOAD, "account": ACCOUNT}}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.workloadIdentity": WORKLOAD}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.account": ACCOUNT}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {"certificate": CERTIFICATE, "clientSecret": None}}, "", ""),
        ({"spec.target.auth": {"workloadIdentity": WORKLOAD}}, "", ""),
        ({"spec.target.auth": {"account": ACCOUNT}}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.version",
        "self != 'V1'",
        ({"spec.target.endpoint.version": "V1"}, "spec.target.endpoint.version", V1),
        ({"spec.target.endpoint.version": "V2"}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.version",
        "self in ['V1', 'V2']",
        ({"spec.target.endpoint.version": "v2"}, "spec.target.endpoint.version", "must be V2"),
        ({"spec.target.endpoint.version": None}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.ca",
        ONE_CA,
        ({CLOUD_CA: {}}, CLOUD_CA, ONE_KEY),
        ({CLOUD_CA: SECRET | MAP}, CLOUD_CA, ONE_KEY),
        ({CLOUD_CA: SECRET}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.visibilityDelay",
        "duration(self) <= duration('1h')",
        ({DELAY: "90m"}, DELAY, LONG),
        ({DELAY: "1h0m1s"}, DELAY, LONG),
        ({DELAY: "999999999999999h"}, DELAY, LONG),
        ({DELAY: "60m"}, "", ""),
        ({DELAY: "0s"}, "", ""),
    ),
    *cases(
        TIMEOUT,
        "duration(self) >= duration('1m') && duration(self) <= duration('1h')",
        ({TIMEOUT: "59s"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "1h1s"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "999999999999999h"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "1m"}, "", ""),
        ({TIMEOUT: "60m"}, "", ""),
    ),
    *cases(
        "spec.interval",
        "duration(self) >= duration('5m') && duration(self) <= duration('24h')",
        ({"spec.interval": "4m59s"}, "spec.interval", "must be from 5m to 24h"),
        ({"spec.interval": "24h1s"}, "spec.interval", "must be from 5m to 24h"),
        ({"spec.interval": "5m"}, "", ""),
        ({"spec.interval": "24h"}, "", ""),
    ),
    *cases(
        "spec",
        RETRY_RULE,
        ({"spec.interval": "10m", "spec.retryInterval": "10m1s"}, "spec", RETRY_LONG),
        ({"spec.interval": "5m", "spec.retryInterval": "1h"}, "spec", RETRY_LONG),
        ({"spec.interval": "5m"}, "", ""),
        ({"spec.interval": "10m", "spec.retryInterval": "600s"}, "", ""),
    ),
    *cases(
        "spec",
        TIMEOUT_RULE,
        ({"spec.interval": "24h", "spec.timeout": "23h59m59s"}, "spec", TIMEOUT_SHORT),
        ({"spec.timeout": "29m"}, "spec", TIMEOUT_SHORT),
        ({"spec.timeout": "30m"}, "", ""),
        ({"spec.interval": "24h"}, "", ""),
    ),
    *cases(
        "spec.retryInterval",
        "duration(self) >= duration('10s') && duration(self) <= duration('24h')",
        ({"spec.retryInterval": "9s"}, "spec.retryInterval", "must be from 10s to 24h"),
        ({"spec.retryInterval": "10s"}, "", ""),
    ),
    *cases(
        "spec.timeout",
        "duration(self) >= duration('5m') && duration(self) <= duration('72h')",
        ({"spec.timeout": "72h1s"}, "spec.timeout", "must be from 5m to 72h"),
        ({"spec.timeout": "99999h"}, "spec.timeout", "must be from 5m to 72h"),
        ({"spec.timeout": "72h"}, "", ""),
    ),
    *cases(
        "spec.syncWindows[].duration",
        "duration(self) >= duration('1m') && duration(self) <= duration('744h')",
        ({"spec.syncWindows": [WINDOW | {"duration": "59s"}]}, OPEN, "must be from 1m to 744h"),
        ({"spec.syncWindows": [WINDOW | {"duration": "744h1s"}]}, OPEN, "must be from 1m to 744h"),
        ({"spec.syncWindows": [WINDOW | {"duration": "1m"}]}, "", ""),
    ),
    *cases(
        "spec.sources[].ldif",
        "[has(self.path), has(self.configMapKeyRef)].exists_one(x, x)",
        ({"spec.sources[0].ldif.configMapKeyRef": {"name": "corp"}}, "spec.sources[0].ldif", ONE_FILE),
        ({"spec.sources[0].ldif": {"entries": 3}}, "spec.sources[0].ldif", ONE_FILE),
        ({"spec.sources[0].ldif": {"configMapKeyRef": {"name": "corp"}}}, "", ""),
    ),
    *cases(
        "spec.sources[]",
        "[has(self.ldap), has(self.ldif)].exists_one(x, x)",
        ({"spec.sources[0].ldap": LDAP}, "spec.sources[0]", ONE_SOURCE),
        ({"spec.sources[0].ldif": GONE}, "spec.sources[0]", ONE_SOURCE),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP}, "", ""),
    ),
    *cases(
        "spec.sources[].ldap.tls.ca",
        ONE_CA,
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: {}}, TLS_CA, ONE_KEY),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: SECRET | MAP}, TLS_CA, ONE_KEY),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: MAP}, "", ""),
    ),
    *cases(
        ANCHOR,
        SPELLED,
        ({ANCHOR: "objectguid"}, ANCHOR, "must be spelled mS-DS-ConsistencyGuid or objectGUID"),
        ({ANCHOR: "ms-DS-ConsistencyGUID"}, ANCHOR, "must be spelled mS-DS-ConsistencyGuid or objectGUID"),
        ({ANCHOR: "objectGUID"}, "", ""),
        ({ANCHOR: "employeeid"}, "", ""),
    ),
    *cases(
        ANCHOR,
        NO_ANCHOR,
        ({ANCHOR: "UserPrincipalName"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "mail"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "memberOf"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "extensionAttribute1"}, "", ""),
    ),
    *cases(
        "spec.identity",
        WRITES_BACK,
        ({"spec.sources[0]": OVER_LDAP, ANCHOR: "objectGUID", BACK: True}, "spec.identity", BACK_NEEDS),
        ({"spec.sources[0]": OVER_LDAP, ANCHOR: "employeeID", BACK: True}, "spec.identity", BACK_NEEDS),
        ({"spec.sources[0]": OVER_LDAP, BACK: True}, "", ""),
        ({ANCHOR: "objectGUID", BACK: False}, "", ""),
    ),
    *cases(
        "spec.rules",
        RANKED,
        ({"spec.rules": [RULE, OTHER | {"precedence": 10}]}, "spec.rules", "two rules have the same precedence"),
        ({"spec.rules": [RULE, OTHER]}, "", ""),
    ),
    *cases(
        "spec.identity.joins[]",
        JOINED_BY,
        ({"spec.identity.joins": [{"by": "mail", "expression": "source"}]}, "spec.identity.joins[0]", ONE_JOIN),
        ({"spec.identity.joins": [{}]}, "spec.identity.joins[0]", ONE_JOIN),
        ({"spec.identity.joins": [{"by": "mail"}, {"expression": "source"}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        DOES,
        ({"spec.rules": [RULE | {"clear": None}]}, "spec.rules[0]", NOTHING),
        ({"spec.rules": [RULE]}, "", ""),
        ({"spec.rules": [OTHER]}, "", ""),
        ({"spec.rules": [OTHER | {"set": None, "exclude": {}}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        ALONE,
        ({"spec.rules": [RULE | {"exclude": {}}]}, "spec.rules[0]", EXCLUDED),
        ({"spec.rules": [OTHER | {"exclude": {}}]}, "spec.rules[0]", EXCLUDED),
        ({"spec.rules": [RULE | {"exclude": None}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        EITHER,
        ({"spec.rules": [OTHER | {"clear": ["city"]}]}, "spec.rules[0]", BOTH),
        ({"spec.rules": [OTHER | {"clear": ["state"]}]}, "", ""),
    ),
    *cases(
        "status.conditions",
        ONLY_TRUE,
        (condition("Stalled", "False"), "status.conditions", ONLY),
        (condition("Reconciling", "Unknown"), "status.conditions", ONLY),
        (condition("Stalled", "True"), "", ""),
        (condition("Ready", "False"), "", ""),
    ),
]  # fmt: skip
