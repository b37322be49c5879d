"""What a run in a cluster will hardly find, though the command line does."""

from typing import Any

import pytest

from support.documents import CERTIFICATE, GONE, LDAP, minimal
from syncramp.check import cluster_warnings, verdict_of

TOKEN = "spec.target.auth.workloadIdentity.tokenFile"
WORKLOAD = {"clientID": CERTIFICATE["clientID"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["spec.sources[0].ldif.path"]),
        ({"spec.sources[0].ldif.path": "/data/corp.ldif"}, []),
        ({"spec.sources[0].ldif": {"configMapKeyRef": {"name": "corp"}}}, []),
        ({"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": LDAP}, []),
        (
            {"spec.target.auth": {"workloadIdentity": WORKLOAD | {"tokenFile": "token"}}},
            [TOKEN, "spec.sources[0].ldif.path"],
        ),
        (
            {
                "spec.target.auth": {"workloadIdentity": WORKLOAD | {"tokenFile": "/run/token"}},
                "spec.sources[0].ldif.path": "/data/corp.ldif",
            },
            [],
        ),
    ],
)
def test_a_relative_path_is_told_and_stays_acceptable(changes: dict[str, Any], expected: list[str]) -> None:
    document = minimal(changes)
    assert [found.path for found in cluster_warnings(document)] == expected
    assert verdict_of(document) == []


@pytest.mark.parametrize(
    "spec", [None, [], {"sources": 5}, {"sources": [None, {"ldif": {"path": 5}}]}, {"target": []}]
)
def test_what_has_a_wrong_shape_is_the_business_of_the_schema(spec: Any) -> None:
    assert list(cluster_warnings({"spec": spec})) == []
