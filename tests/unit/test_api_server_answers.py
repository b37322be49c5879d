"""Documents and what a real API server (1.36, by ``kubectl apply``) answered to them: the verdict and its words.

The words are the server's own without their framing (``Invalid value: "x": spec.mode in body``), for a field of ours
with the same keywords. The server stops at what blocks it (a wrong type, enum or number of items, a missing field)
and runs no rules then; ours goes on and tells everything at once.
"""

from typing import Any

import pytest

from support.documents import CERTIFICATE, GONE, LDAP, findings, minimal
from syncramp.check import verdict_of

AUTH = "spec.target.auth"
CLIENT = f"{AUTH}.clientSecret.clientID"
VERSION = "spec.target.endpoint.version"
TIMEOUT = "spec.target.endpoint.callTimeout"
UNVERIFIED = "spec.target.endpoint.unverified"
MEMBERS, DELETES, SHARE = "spec.groups.maxMembers", "spec.failsafe.deletes.count", "spec.target.writes.share"
KINDS = "spec.sources[0].scope[0].kinds"
SERVER = "spec.sources[0].ldap.servers[0]"
SOURCE = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp"}]}
ONE_AUTH = "exactly one of certificate, clientSecret, workloadIdentity, account must be set"
ONE_SOURCE = "exactly one of ldap, ldif must be set"
GERMANY = "the German cloud (Microsoft Cloud Deutschland) was closed in October 2021"
V1 = "the V1 endpoint is not supported, it cannot hold groups above 50,000 members; remove the field or say V2"
NAME = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DURATION = "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
MODES = 'Unsupported value: supported values: "Plan", "Staging", "Sync"'
SEVENTEEN = [{**SOURCE, "name": f"s{number}"} for number in range(17)]
BOTH = {**SOURCE, "name": "labs", "ldif": {"path": "x.ldif"}}
OVER_HTTP = {**SOURCE, "ldap": {**LDAP, "servers": ["http://dc1"]}}

ANSWERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "cloud: Germany": ({"spec.target.cloud": "Germany"}, "spec.target.cloud", GERMANY),
    "a cloud in small letters": (
        {"spec.target.cloud": "commercial"},
        "spec.target.cloud",
        "must be Commercial, China or USGovernment",
    ),
    "version: V1": ({VERSION: "V1"}, VERSION, V1),
    "two auths": ({f"{AUTH}.certificate": CERTIFICATE}, AUTH, ONE_AUTH),
    "no auth": ({f"{AUTH}.clientSecret": None}, AUTH, ONE_AUTH),
    "auth: {}": ({AUTH: {}}, AUTH, ONE_AUTH),
    "auth missing": ({AUTH: GONE}, AUTH, "Required value"),
    "auth: null": ({AUTH: None}, AUTH, "Required value"),
    "ldap and ldif": ({"spec.sources[1]": BOTH}, "spec.sources[1]", ONE_SOURCE),
    "neither ldap nor ldif": ({"spec.sources[0].ldif": GONE}, "spec.sources[0]", ONE_SOURCE),
    "two sources of a name": ({"spec.sources[1]": SOURCE}, "spec.sources[1]", 'Duplicate value: {"name":"corp"}'),
    "sources: []": ({"spec.sources": []}, "spec.sources", "should have at least 1 items"),
    "17 sources": ({"spec.sources": SEVENTEEN}, "spec.sources", "Too many: 17: must have at most 16 items"),
    "a name in capitals": ({"spec.sources[0].name": "Corp"}, "spec.sources[0].name", f"should match '{NAME}'"),
    "too many members": ({MEMBERS: 300_000}, MEMBERS, "should be less than or equal to 250000"),
    "101 percent": ({SHARE: 101}, SHARE, "should be less than or equal to 100"),
    "a number as text": ({MEMBERS: "10%"}, MEMBERS, 'must be of type integer: "string"'),
    "half a delete": ({DELETES: 1.5}, DELETES, 'must be of type int32: "float64"'),
    "yes in quotes": ({UNVERIFIED: "yes"}, UNVERIFIED, 'must be of type boolean: "string"'),
    "a day": ({TIMEOUT: "1d"}, TIMEOUT, f"should match '{DURATION}'"),
    "a duration as number": ({TIMEOUT: 30}, TIMEOUT, 'must be of type duration: "int64"'),
    "a kind twice": ({KINDS: ["User", "User"]}, f"{KINDS}[1]", 'Duplicate value: "User"'),
    "no GUID": ({CLIENT: "abc"}, CLIENT, "must be of type uuid"),
    "a server over HTTP": ({"spec.sources[0]": OVER_HTTP}, SERVER, "should match '^ldaps?://"),
    "a name of 53 letters": ({"metadata.name": "a" * 53}, "metadata.name", "Too long: may not be more than 52 bytes"),
    "no spec": ({"spec": GONE}, "spec", "Required value"),
    "mode: sync": ({"spec.mode": "sync"}, "spec.mode", MODES),
    "an unknown field": (
        {"spec.target.tenantId": "x"},
        "spec.target.tenantId",
        'unknown field "spec.target.tenantId"',
    ),
    "too many annotations": (
        {"metadata.annotations": {"a": "x" * 300_000}},
        "metadata.annotations",
        "Too long: may not be more than 262144 bytes",
    ),
}
BY_NAME = ("cloud: Germany", "version: V1")
"""What the server calls ``Forbidden``."""


@pytest.mark.parametrize("name", ANSWERS)
def test_a_new_document_is_refused_with_the_words_of_the_server(name: str) -> None:
    changes, path, words = ANSWERS[name]
    (found,) = findings(minimal(changes))
    assert (found.path, found.forbidden) == (path, name in BY_NAME)
    assert found.reason.startswith(words)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_change_that_makes_it_so_is_refused_too(name: str) -> None:
    changes, _, _ = ANSWERS[name]
    assert [found for found in verdict_of(minimal(changes), minimal()) if not found.stands]


CHANGED = {
    "spec.target.tenantID": (
        "11111111-1ad7-40f4-bee8-d3ab9877f0a8",
        "is immutable; make a new SyncConfig for another tenant",
    ),
    "spec.identity.sourceAnchor": (
        "objectGUID",
        "is immutable (was mS-DS-ConsistencyGuid): every",
    ),
}


@pytest.mark.parametrize("path", CHANGED)
def test_a_change_of_what_is_immutable_is_refused_and_nothing_is_if_it_is_new(path: str) -> None:
    value, words = CHANGED[path]
    (found,) = verdict_of(minimal({path: value}), minimal())
    assert found.path == path and found.reason.startswith(words)
    assert findings(minimal({path: value})) == []


@pytest.mark.parametrize(
    "changes",
    [
        {f"{AUTH}.certificate": None},
        {"spec.target.endpoint": None},
        {"spec.identity": None},
        {"spec.mode": None},
        {"metadata.labels": None},
    ],
)
def test_an_explicit_null_is_nothing(changes: dict[str, Any]) -> None:
    assert findings(minimal(changes)) == []
    assert verdict_of(minimal(changes), minimal()) == []


def test_what_blocks_the_server_does_not_keep_the_rules_from_telling() -> None:
    told = {found.path for found in findings(minimal({"spec.mode": "sync", "spec.target.cloud": "Germany"}))}
    assert told == {"spec.mode", "spec.target.cloud"}
