"""Every CEL rule of the CRD, as Python: what the API server refuses, an offline check refuses with the same words.

A twin is found by the place of its rule in the schema and by the rule's text; a test fails when a rule has no twin
or a twin no rule. Rules with ``oldSelf`` compare a document with the one before; offline there is none, so they are
asked only where there is: ``transition``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from syncramp.check.correlation import GONE, before
from syncramp.check.findings import Finding
from syncramp.check.ramp_twins import RAMP_MESSAGES, RAMP_TWINS
from syncramp.check.remedies import of_rule
from syncramp.check.values import below, show
from syncramp.check.writeback_twins import GROUPS as WRITTEN
from syncramp.check.writeback_twins import SAME_SOURCE, WRITEBACK_TWINS
from syncramp.spec.durations import TooLong, parse_duration
from syncramp.spec.schema import schema

Rule = tuple[str, str]
"""Place in the schema (``[]`` for the items of a list) and text."""


def _exactly_one(*names: str) -> Callable[[Any], bool]:
    return lambda value: sum(value.get(name) is not None for name in names) == 1


def _at_most_an_hour(value: Any) -> bool:
    return _within("0s", value, "1h")


def _within(least: str, value: Any, most: str) -> bool:
    try:
        return parse_duration(least) <= parse_duration(value) <= parse_duration(most)
    except TooLong:
        return False
    except ValueError:
        return True  # no duration: the pattern has refused it


def _not_longer(shorter: Any, longer: Any) -> bool:
    """Whether one duration is at most another; what is missing or no duration is the schema's business."""
    try:
        return parse_duration(shorter) <= parse_duration(longer)
    except TooLong:
        return False
    except (TypeError, ValueError):
        return True


def _retries_in_time(spec: Any) -> bool:
    """An interval that is too short itself is told alone."""
    short = not _not_longer("5m", spec.get("interval"))
    return short or _not_longer(spec.get("retryInterval"), spec.get("interval"))


def _lower(text: str) -> str:
    """Letters of ASCII in lower case, and no others: CEL's lowerAscii."""
    return text.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


def _spelled(anchor: Any) -> bool:
    known = ("mS-DS-ConsistencyGuid", "objectGUID")
    return anchor in known or _lower(anchor) not in map(_lower, known)


def _only_while_true(conditions: Any) -> bool:
    return all(
        condition.get("type") not in ("Reconciling", "Stalled") or condition.get("status") == "True"
        for condition in conditions
        if isinstance(condition, dict)
    )


def _ranked_apart(rules: Any) -> bool:
    ranks = [rule["precedence"] for rule in rules if isinstance(rule, dict) and type(rule.get("precedence")) is int]
    return len(set(ranks)) == len(ranks)


def _not_set_and_cleared(rule: Any) -> bool:
    given, cleared = rule.get("set"), rule.get("clear")
    if not isinstance(given, dict) or not isinstance(cleared, list):
        return True
    return not any(isinstance(name, str) and name in given for name in cleared)


_ONE_AUTH = (
    "[has(self.certificate), has(self.clientSecret), has(self.workloadIdentity), has(self.account)].exists_one(x, x)"
)
_RETRIES = (
    "!has(self.retryInterval) || !has(self.interval) || duration(self.interval) < duration('5m') || "
    "duration(self.retryInterval) <= duration(self.interval)"
)
_SPELLED = (
    "!(self.lowerAscii() in ['ms-ds-consistencyguid', 'objectguid']) || "
    "self in ['mS-DS-ConsistencyGuid', 'objectGUID']"
)
_NO_ANCHOR = (
    "!(self.lowerAscii() in ['userprincipalname', 'mail', 'proxyaddresses', 'targetaddress', 'distinguishedname', "
    "'manager', 'member', 'memberof', 'objectclass'])"
)
_NO_ANCHORS = (
    *("userprincipalname", "mail", "proxyaddresses", "targetaddress"),
    *("distinguishedname", "manager", "member", "memberof", "objectclass"),
)
_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
TWINS: Mapping[Rule, Callable[[Any], bool]] = {
    **RAMP_TWINS,
    **WRITEBACK_TWINS,
    ("spec.target.cloud", "self != 'Germany'"): lambda value: value != "Germany",
    ("spec.target.cloud", "self in ['Commercial', 'China', 'USGovernment', 'Germany']"): lambda value: (
        value in ("Commercial", "China", "USGovernment", "Germany")
    ),
    (
        "spec.interval",
        "duration(self) >= duration('5m') && duration(self) <= duration('24h')",
    ): lambda value: _within("5m", value, "24h"),
    ("spec", _RETRIES): _retries_in_time,
    (
        "spec",
        "!has(self.timeout) || !has(self.interval) || duration(self.timeout) >= duration(self.interval)",
    ): lambda spec: _not_longer(spec.get("interval"), spec.get("timeout")),
    (
        "spec.retryInterval",
        "duration(self) >= duration('10s') && duration(self) <= duration('24h')",
    ): lambda value: _within("10s", value, "24h"),
    (
        "spec.timeout",
        "duration(self) >= duration('5m') && duration(self) <= duration('72h')",
    ): lambda value: _within("5m", value, "72h"),
    (
        "spec.syncWindows[].duration",
        "duration(self) >= duration('1m') && duration(self) <= duration('744h')",
    ): lambda value: _within("1m", value, "744h"),
    ("spec.target.auth", _ONE_AUTH): _exactly_one("certificate", "clientSecret", "workloadIdentity", "account"),
    ("spec.target.endpoint.version", "self != 'V1'"): lambda value: value != "V1",
    ("spec.target.endpoint.version", "self in ['V1', 'V2']"): lambda value: value in ("V1", "V2"),
    ("spec.target.endpoint.ca", _ONE_CA): _exactly_one("secretKeyRef", "configMapKeyRef"),
    ("spec.target.endpoint.visibilityDelay", "duration(self) <= duration('1h')"): _at_most_an_hour,
    (
        "spec.target.endpoint.callTimeout",
        "duration(self) >= duration('1m') && duration(self) <= duration('1h')",
    ): lambda value: _within("1m", value, "1h"),
    (
        "spec.approvalExpiry",
        "duration(self) >= duration('1m') && duration(self) <= duration('720h')",
    ): lambda value: _within("1m", value, "720h"),
    ("spec.sources[]", "[has(self.ldap), has(self.ldif)].exists_one(x, x)"): _exactly_one("ldap", "ldif"),
    ("spec.sources[].ldif", "[has(self.path), has(self.configMapKeyRef)].exists_one(x, x)"): _exactly_one(
        "path", "configMapKeyRef"
    ),
    ("spec.sources[].ldap.tls.ca", _ONE_CA): _exactly_one("secretKeyRef", "configMapKeyRef"),
    ("spec.identity.joins[]", "[has(self.by), has(self.expression)].exists_one(x, x)"): _exactly_one(
        "by", "expression"
    ),
    ("spec.identity.sourceAnchor", _SPELLED): _spelled,
    ("spec.identity.sourceAnchor", _NO_ANCHOR): lambda value: _lower(value) not in _NO_ANCHORS,
    ("spec.rules", "self.all(a, self.exists_one(b, b.precedence == a.precedence))"): _ranked_apart,
    ("spec.rules[]", "[has(self.exclude), has(self.set), has(self.clear)].exists(x, x)"): lambda rule: any(
        rule.get(name) is not None for name in ("exclude", "set", "clear")
    ),
    ("spec.rules[]", "!has(self.exclude) || !(has(self.set) || has(self.clear))"): lambda rule: (
        rule.get("exclude") is None or not any(rule.get(name) is not None for name in ("set", "clear"))
    ),
    (
        "spec.rules[]",
        "!has(self.set) || !has(self.clear) || !self.clear.exists(name, name in self.set)",
    ): _not_set_and_cleared,
    (
        "spec.identity",
        "!has(self.writeBackAnchor) || !self.writeBackAnchor || self.sourceAnchor == 'mS-DS-ConsistencyGuid'",
    ): lambda value: not value.get("writeBackAnchor") or value.get("sourceAnchor") == "mS-DS-ConsistencyGuid",
    (
        "status.conditions",
        "self.all(c, !(c.type in ['Reconciling', 'Stalled']) || c.status == 'True')",
    ): _only_while_true,
}
TRANSITIONS: Mapping[Rule, Callable[[Any, Any], bool]] = {
    ("spec.target.cloud", "self == oldSelf || oldSelf == 'Germany'"): lambda value, old: old in (value, "Germany"),
    ("spec.target.tenantID", "self == oldSelf"): lambda value, old: value == old,
    ("spec.identity.sourceAnchor", "self == oldSelf"): lambda value, old: value == old,
    (f"{WRITTEN}.source", SAME_SOURCE): lambda value, old: value == old,
}
MESSAGES: Mapping[Rule, Callable[[Any], str]] = {
    ("spec.identity.sourceAnchor", "self == oldSelf"): lambda old: (
        f"is immutable (was {old}): every user of the tenant would be created again"
    ),
    (f"{WRITTEN}.source", SAME_SOURCE): lambda old: (
        f"is immutable (was {old}): the groups there would be left behind"
    ),
}
"""Rules of a change with a messageExpression: what it says, given the value before."""
_TYPES = {"string": str, "object": dict, "array": list}


def rule_findings(data: Any) -> Iterator[Finding]:
    """What the rules have against a document with its defaults; values of a wrong type are the schema's business."""
    for place, path, rule, value in _ruled(data):
        twin = TWINS.get((place, rule["rule"]))
        if twin is not None and not twin(value):
            says = RAMP_MESSAGES.get((place, rule["rule"]), lambda _, rule=rule: rule["message"])
            yield _finding(place, path, rule, value, says(value))


def transition(new: Any, old: Any) -> Iterator[Finding]:
    """What the rules have against a change; both documents with their defaults."""
    for place, path, rule, value in _ruled(new):
        twin = TRANSITIONS.get((place, rule["rule"]))
        was = before(path, new, old) if twin is not None else GONE
        if twin is not None and was is not GONE and not twin(value, was):
            says = MESSAGES.get((place, rule["rule"]), lambda _, rule=rule: rule["message"])
            yield _finding(place, path, rule, value, says(was))


def _finding(place: str, path: str, rule: Mapping[str, Any], value: Any, reason: str) -> Finding:
    forbidden = rule.get("reason") == "FieldValueForbidden"
    remedy = of_rule(place, rule["rule"], rule["message"])
    return Finding(path, reason, remedy, show(path, value), forbidden=forbidden)


def _ruled(data: Any) -> Iterator[tuple[str, str, Mapping[str, Any], Any]]:
    """Every value with a rule: its place in the schema, its path, the rule, itself."""
    for place, path, node, value in _placed(data, schema(), "", ""):
        for rule in node.get("x-kubernetes-validations", ()):
            yield place, path, rule, value


def _placed(
    data: Any, node: Mapping[str, Any], place: str, path: str
) -> Iterator[tuple[str, str, Mapping[str, Any], Any]]:
    """Every value of a document that has the type of its schema."""
    if not isinstance(data, _TYPES.get(node.get("type", ""), object)):
        return
    yield place, path, node, data
    if isinstance(data, dict):
        for name, child in node.get("properties", {}).items():
            if name in data:
                yield from _placed(data[name], child, below(place, name), below(path, name))
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from _placed(item, node.get("items", {}), f"{place}[]", f"{path}[{number}]")
