"""What a check without a connection cannot know is told, and only of what a document has."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.documents import GONE, LDAP, minimal
from syncramp.check.offline import unchecked
from syncramp.spec.schema import with_defaults

TENANT = "the tenant (sign-in, verified domains, the attribute of its anchors)"
CLUSTER = "other SyncConfigs of the cluster"
SECRETS = "Secrets and ConfigMaps"
BEFORE = "what must not change (--old)"
OVER_LDAP = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp"}]}


def told(changes: dict[str, Any], *, compared: bool = True) -> list[str]:
    return unchecked(with_defaults(minimal(changes)), compared=compared)


def test_a_document_is_told_what_nobody_looked_at() -> None:
    assert told({}) == [SECRETS, "the LDIF files", TENANT, CLUSTER]
    assert told({}, compared=False) == [SECRETS, "the LDIF files", TENANT, CLUSTER, BEFORE]
    assert told({"spec.sources[0]": OVER_LDAP}) == [SECRETS, "the directories", TENANT, CLUSTER]
    workload = {"workloadIdentity": {"clientID": "0b1c2d3e-0000-4000-8000-000000000001"}}
    assert told({"spec.target.auth": workload, "spec.sources": GONE}) == [TENANT, CLUSTER]


def test_attributes_that_not_every_directory_has_are_named() -> None:
    filtered = {**OVER_LDAP, "scope": [{"dn": "DC=corp", "filter": "(&(cn=a*)(contosoRole=x)(ObjectSid=1))"}]}
    changes = {"spec.sources[0]": filtered, "spec.identity.sourceAnchor": "employeeCode"}
    assert "whether the directories have contosorole, employeeCode" in told(changes)
    assert "whether the directories have contosoShift" in told({"spec.attributes": [{"name": "contosoShift"}]})
    assert not any("whether" in noun for noun in told({"spec.identity.sourceAnchor": "objectGUID"}))


def test_pilot_groups_are_told_where_there_are_some() -> None:
    piloted = {**OVER_LDAP, "scope": [{"dn": "DC=corp"}, {"dn": "OU=a,DC=corp", "group": "CN=Pilot,DC=corp"}]}
    assert told({"spec.sources[0]": piloted}) == [SECRETS, "the directories", "the pilot groups", TENANT, CLUSTER]


def test_a_right_to_write_is_told_where_something_is_written() -> None:
    changes = {"spec.sources[0]": OVER_LDAP, "spec.identity.writeBackAnchor": True}
    assert "the right to write mS-DS-ConsistencyGuid" in told(changes)
    assert "the right to write mS-DS-ConsistencyGuid" not in told({**changes, "spec.identity.writeBackAnchor": False})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING)
def test_of_whatever_a_document_is_something_is_told(value: Any) -> None:
    assert unchecked(value, compared=True)


@pytest.mark.parametrize(
    "path", ["spec", "spec.sources", "spec.sources[0].scope", "spec.identity", "spec.target.auth"]
)
@pytest.mark.parametrize("value", [None, 5, "text", [], {}, [None], True])
def test_a_part_of_any_type_is_no_matter(path: str, value: Any) -> None:
    assert unchecked(minimal({path: value}), compared=True)
