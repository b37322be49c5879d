"""What no schema can tell of groups that are written to a directory, and what becomes of what a document says."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.documents import LDAP, findings, full, minimal, said
from support.written_cases import written
from syncramp.spec.ramps import WRITTEN_STEPS, Gate, Metric, Step, built_in_writeback, written_gates
from syncramp.spec.references import KeyRef
from syncramp.spec.schema import with_defaults
from syncramp.spec.structure import structure
from syncramp.spec.types import LdapAccess, WritebackGroups
from syncramp.spec.writeback import writeback_ramp_document

GROUPS = "spec.writeback.groups"
CORP = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp,DC=example,DC=com"}]}


def document(changes: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return minimal({"spec.sources": [CORP], "spec.writeback": written(**members), **(changes or {})})


def groups_of(data: dict[str, Any]) -> WritebackGroups:
    assert findings(data) == []
    groups = structure(with_defaults(data), Path("/srv")).writeback
    assert groups is not None
    return groups


def test_what_a_document_does_not_say_has_the_defaults_of_the_types() -> None:
    assert groups_of(document()) == WritebackGroups(
        "corp",
        "OU=Cloud,DC=corp,DC=example,DC=com",
        LdapAccess(("ldaps://dc1.corp.example.com",), "writer"),
        built_in_writeback(),
    )


def test_nothing_goes_back_unless_a_document_says_so() -> None:
    assert structure(with_defaults(minimal()), Path("/srv")).writeback is None


def test_servers_and_ca_are_those_of_the_source_and_the_account_is_not() -> None:
    ca = {"configMapKeyRef": {"name": "corp-ca", "key": "ca.crt"}}
    source = CORP | {"ldap": LDAP | {"tls": {"ca": ca}, "bind": {**LDAP["bind"], "method": "Kerberos"}}}
    access = groups_of(document({"spec.sources": [source]})).access
    known = KeyRef("corp-ca", "ca.crt", config_map=True)
    assert access == LdapAccess(("ldaps://dc1.corp.example.com",), "writer", known)
    assert groups_of(document({"spec.sources": [source]}, tls={})).access.ca is None


def test_the_steps_stay_below_the_borders_where_readers_of_a_directory_break() -> None:
    ceilings = [step.ceiling for step in WRITTEN_STEPS]
    assert ceilings == [1400, 4900, None, 25_000, 50_000, None, 100_000, 250_000]
    assert all(step.soak.duration >= timedelta(hours=24) for step in WRITTEN_STEPS if step.ceiling)


def test_a_gate_below_a_second_keeps_its_limits() -> None:
    gate = {"metric": "ADModifyLatencyP95", "hold": {"maxDuration": "250ms"}, "abort": {"maxDuration": "1s1ms"}}
    found = groups_of(document(ramp={"gates": [gate]})).ramp.gates[0]
    assert found == Gate(Metric.AD_LATENCY, Decimal("0.25"), Decimal("1.001"))


def test_the_ramp_becomes_a_document_again() -> None:
    groups = groups_of(full())
    told = writeback_ramp_document(groups)
    assert groups_of(full({f"{GROUPS}.ramp": told})) == groups
    assert {"metric": "WritebackCycleShare", "disabled": True} in told["gates"]
    assert [gate["metric"] for gate in writeback_ramp_document(groups_of(document()))["gates"]] == [
        gate.metric.value for gate in written_gates()
    ]


@pytest.mark.parametrize(
    ("members", "path", "sentence"),
    [
        ({"source": "labs"}, "source", "is no source of this document"),
        ({"container": "OU=Cloud,"}, "container", "is no distinguished name: "),
        ({"container": "DC=corp,DC=example,DC=com"}, "container", "is no organisational unit, but a domain"),
        (
            {"bind": {"secretRef": {"name": "ad-reader"}}},
            "bind.secretRef.name",
            "is the account that reads the directory",
        ),
        (
            {"match": {"minMembers": 2000}, "ramp": {"steps": [{"ceiling": 1400}]}},
            "ramp.steps",
            "can never end: its groups have 2,000 members or more, and its last ceiling is 1,400",
        ),
        ({"ramp": {"timeZone": "Europe/Pariss"}}, "ramp.timeZone", "is no time zone"),
        ({"servers": ["ldaps://dc1:99999"]}, "servers[0]", "is not the address of a directory server"),
        ({"graph": {"host": "graph.example.com:99999"}}, "graph.host", "the port must be from 1 to 65535"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(members: dict[str, Any], path: str, sentence: str) -> None:
    ((place, reason),) = said(document(**members))
    assert place == f"{GROUPS}.{path}"
    assert reason.startswith(sentence)
    assert all(found.remedy for found in findings(document(**members)))


def test_a_directory_that_is_a_file_cannot_be_written_to() -> None:
    assert said(minimal({"spec.writeback": written()})) == {
        (f"{GROUPS}.source", "is read from a file, and groups are written over LDAP")
    }


@pytest.mark.parametrize("where", ["object.displayName.startsWith(1)", "object.department == 'IT'", "object.mail"])
def test_an_expression_that_means_nothing_of_a_group_in_the_cloud_is_refused(where: str) -> None:
    ((place, _),) = said(document(match={"where": where}))
    assert place == f"{GROUPS}.match.where"
    (found,) = findings(document(match={"where": where}))
    assert found.remedy and "built-in rules" not in found.remedy  # those are of the other direction


@pytest.mark.parametrize("metric", [metric.value for metric in Metric])
def test_each_direction_has_gates_of_its_own(metric: str) -> None:
    limits = {"hold": {"maxValue": "1"}, "webhook": {"url": "https://example.com"}} if metric == "External" else {}
    limits |= {"hold": {"maxDuration": "1m"}} if metric == "ExportLatencyP50" else {}
    gate = {"metric": metric, **limits}
    there = said(document(ramp={"gates": [gate]})) == set()
    here = said(minimal({"spec.groups.ramps": [{"name": "large", "gates": [gate]}]})) == set()
    assert (there, here) == (
        (True, True) if metric == "External" else (Metric(metric).directory, not Metric(metric).directory)
    )


def test_a_ramp_of_the_document_may_lie_above_the_smallest_groups() -> None:
    groups = groups_of(document(match={"minMembers": 1400}, ramp={"steps": [{"ceiling": 1400}]}))
    assert groups.ramp.steps == (Step(1400),)
