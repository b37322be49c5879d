"""What to do about a finding: one sentence for each field whose form a person has to know, and one for each rule."""

import re
from collections.abc import Mapping

from syncramp.model.orders import COMMANDS

FORMS: Mapping[str, str] = {
    "spec.target.cloud": "write Commercial, China or USGovernment",
    "spec.interval": "write hours, minutes and seconds, 5m to 24h, as 30m",
    "spec.retryInterval": "write hours, minutes and seconds, 10s to 24h, as 5m",
    "spec.timeout": "write hours, minutes and seconds, 5m to 72h, as 6h",
    "syncWindows[].schedule": "write one minute, hour, day of the month, month and day of the week, as 0 8 * * 1-5",
    "syncWindows[].duration": "write hours, minutes and seconds, 1m to 744h, as 10h",
    "syncWindows[].timeZone": "write a name of the IANA database, as Europe/Paris",
    "target.tenantID": "write the directory (tenant) ID, as 57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8",
    "target.auth": "write auth with certificate, clientSecret, workloadIdentity or account",
    ".clientID": "write the application (client) ID, as 0b1c2d3e-0000-4000-8000-000000000001",
    "ecretRef.name": "write the name of a Secret: lower-case letters, digits, dashes and dots",
    "ecretKeyRef.name": "write the name of a Secret: lower-case letters, digits, dashes and dots",
    "configMapKeyRef.name": "write the name of a ConfigMap: lower-case letters, digits, dashes and dots",
    "Ref.key": "write the name of a key: letters, digits, dashes, dots and underscores",
    "ecretRef": "write secretRef: {name: NAME}, and put the secret itself into that Secret",
    "ecretKeyRef": "write secretKeyRef: {name: NAME, key: KEY}, and put the secret itself into that Secret",
    "endpoint.version": "write version: V2 or remove the field",
    "endpoint.host": "write host or host:port, without https:// and without a path",
    "endpoint.authority": "write https://host or https://host:port, without a path",
    "endpoint.buildNumber": "write four numbers with dots between them, as 2.6.92.0",
    "endpoint.applicationID": "write an application ID, as 6eb59a73-39b2-4c23-a70f-e2e3ce8965b1",
    "readBack.cookieMember": "write the name of a member, without its namespace and prefix",
    "readBack.moreMember": "write the name of a member, without its namespace and prefix",
    "endpoint.callTimeout": "write hours, minutes and seconds, 1m to 1h, as 10m",
    "endpoint.visibilityDelay": "write hours, minutes and seconds, as 30s or 1m30s",
    "spec.approvalExpiry": "write hours, minutes and seconds, 1m to 720h, as 72h",
    "syncramp.io/approve": "write digests as a plan tells them, with commas between them",
    "syncramp.io/accept-source": "write SOURCE=NUMBER, SOURCE=ATTRIBUTE or SOURCE=older, with ; between them",
    "syncramp.io/release": "write Canary, Tenth, or both with a comma between them",
    **dict.fromkeys(COMMANDS, "write names of ramps, as large or large/2, with commas between them"),
    "syncramp.io/adopt": "write the digest that syncramp adopt --dry-run tells",
    "target.verifiedDomains": "write the domains of the tenant, at least its initial one, or remove the field",
    "target.verifiedDomains[]": "write a domain, as contoso.com",
    "target.takeOver": "write the name that syncramp plan tells of the other client, or remove the field",
    "target.objectQuota": "write how many objects the tenant may hold, or remove the field",
    "sources[].name": "write lower-case letters, digits and dashes, as corp",
    "ldap.servers[]": "write ldaps://host[:port], or ldap://host[:port] for StartTLS",
    "ldap.bind": "write bind: {secretRef: {name: NAME}}, a Secret with username, password, or principal, keytab",
    "certificate.format": "write PEM or PKCS12",
    "workloadIdentity.tokenFile": "write the path of a file, or remove the field where a cluster mounts the token",
    "ldif.path": "write the path of a file: relative to the document's folder, in a cluster absolute",
    "identity.sourceAnchor": "write mS-DS-ConsistencyGuid, objectGUID or another attribute, as employeeID",
    "attributes[].name": "write the name of the attribute in the directory, as contosoBadge",
    "rules[].name": "write lower-case letters, digits and dashes, as hide-service-accounts",
    "rules[].precedence": "write a number from 0 to 99 that no other rule has",
    "rules[].source": "write the name of a source of this document, or remove the field",
    "rules[].when": "write an expression that is true or false, as entry.department == 'Sales'",
    "rules[].exclude": "write exclude: {}",
    "rules[].set": "write set: {NAME: EXPRESSION}, as set: {usageLocation: \"'FR'\"}",
    "rules[].clear": "write clear: [NAME], as clear: [mobile]",
    "ramps[].name": "write lower-case letters, digits and dashes, as licences; built-in and writeback are taken",
    "writeback.groups": "write groups with source, container and bind",
    "writeback.groups.source": "write the name of a source of this document that is read over LDAP",
    "writeback.groups.container": "write an organisational unit, as OU=Cloud groups,DC=corp,DC=example,DC=com",
    "writeback.groups.bind": "write bind: {secretRef: {name: NAME}}, a Secret with username, password, or principal, "
    "keytab",
    "groups.servers[]": "write ldaps://host[:port], or ldap://host[:port] for StartTLS",
    "graph.host": "write host or host:port, without https:// and without a path",
    "writeback.groups.match.where": "write an expression that is true or false, as "
    "object.displayName.startsWith('Project')",
    "match.where": "write an expression that is true or false, as object.displayName.startsWith('LIC-')",
    "ramps[].order": "write FirstSeen or an expression, as object.?department.orValue('') != 'IT'",
    "ramps[].timeZone": "write a name of the IANA database, as Europe/Paris",
    "ramp.timeZone": "write a name of the IANA database, as Europe/Paris",
    "steps[].pause": "write pause: {}",
    "soak.duration": "write hours, minutes and seconds, at most 2160h, as 24h",
    "ramp.gates[].hold.maxDuration": "write hours, minutes, seconds and milliseconds, at most 720h, as 500ms",
    "ramp.gates[].abort.maxDuration": "write hours, minutes, seconds and milliseconds, at most 720h, as 500ms",
    ".maxDuration": "write hours, minutes and seconds, at most 720h, as 30m",
    ".maxPercent": 'write a percentage in quotes, as "0.1"',
    ".maxPoints": 'write percentage points in quotes, as "0.5"',
    ".maxFactor": 'write a decimal number in quotes, as "3"',
    ".maxValue": 'write a decimal number in quotes, as "20"',
    "prometheus.url": "write https://host[:port][/path], without a user or a password",
    "webhook.url": "write https://host[:port][/path], without a user or a password",
    "scope[].dn": "write a distinguished name, as OU=People,DC=corp,DC=example,DC=com",
    "scope[].guid": "write the objectGUID or entryUUID, as 9f0c1d52-6b1e-4c53-8f0e-2f6a3a6f7c11",
    "scope[].exclude[]": "write a DN below the scope's, as OU=Service,OU=People,DC=corp,DC=example,DC=com",
    "scope[].group": "write the DN or the GUID of a group, as CN=Pilot,OU=Groups,DC=corp,DC=example,DC=com",
    "scope[].filter": "write an LDAP filter (RFC 4515), as (!(cn=tmp-*))",
}
"""End of a place in the schema -> how its value is written; the first that fits counts."""

_RETRIES = (
    "!has(self.retryInterval) || !has(self.interval) || duration(self.interval) < duration('5m') || "
    "duration(self.retryInterval) <= duration(self.interval)"
)
RULES: Mapping[tuple[str, str], str] = {
    ("spec.target.cloud", "self != 'Germany'"): "set cloud: Commercial if the tenant was migrated",
    ("spec.target.endpoint.version", "self != 'V1'"): "remove the field or set version: V2",
    ("spec", _RETRIES): "shorten retryInterval, or lengthen interval",
    (
        "spec",
        "!has(self.timeout) || !has(self.interval) || duration(self.timeout) >= duration(self.interval)",
    ): "lengthen timeout, or remove it",
    ("spec.target.endpoint.visibilityDelay", "duration(self) <= duration('1h')"): "write 1h or less",
    (
        "spec.groups.ramps[].gates[]",
        "self.metric != 'RemovalLatencyP95' || !self.disabled",
    ): "remove disabled, or set hold and abort",
    ("spec.rules", "self.all(a, self.exists_one(b, b.precedence == a.precedence))"): "give each rule a precedence of "
    "its own, 0 to 99",
    (
        "spec.rules[]",
        "[has(self.exclude), has(self.set), has(self.clear)].exists(x, x)",
    ): "write exclude: {}, set or clear, or remove the rule",
    ("spec.rules[]", "!has(self.exclude) || !(has(self.set) || has(self.clear))"): "make two rules of it",
    (
        "spec.rules[]",
        "!has(self.set) || !has(self.clear) || !self.clear.exists(name, name in self.set)",
    ): "remove it from one of them",
    ("spec.target.cloud", "self == oldSelf || oldSelf == 'Germany'"): "set it back, or make a new SyncConfig",
    ("spec.target.tenantID", "self == oldSelf"): "set it back, or make a new SyncConfig",
    ("spec.identity.sourceAnchor", "self == oldSelf"): "set it back",
    ("spec.writeback.groups.source", "self == oldSelf"): (
        "set it back; or remove writeback, apply that and delete the ledger"
    ),
    (
        "spec.identity",
        "!has(self.writeBackAnchor) || !self.writeBackAnchor || self.sourceAnchor == 'mS-DS-ConsistencyGuid'",
    ): "remove sourceAnchor, or set writeBackAnchor: false",
}
_STATUS = "remove status; only the operator writes it"
_TYPES = {
    "string": "write one text, in quotes if it looks like a number or a word such as yes",
    "integer": "write a whole number without quotes",
    "boolean": "write true or false without quotes",
    "object": "write an object: its fields indented below it",
    "array": "write a list: each item with a dash",
}


def place_of(path: str) -> str:
    """The place in the schema: a path without the numbers of items."""
    return re.sub(r"\[\d+\]", "[]", path)


def form(path: str, otherwise: str) -> str:
    """How the value of a field is written."""
    place = place_of(path)
    if place.startswith("status"):
        return _STATUS
    return next((remedy for end, remedy in FORMS.items() if place.endswith(end)), otherwise)


def of_type(path: str, expected: str) -> str:
    """What to do about a value of a wrong type."""
    return form(path, _TYPES[expected])


def of_rule(place: str, rule: str, message: str) -> str:
    """What to do about a broken rule."""
    if "exactly one of" in message:
        return "keep one of them, or add the one that is missing"
    return RULES.get((place, rule)) or form(place, message)
