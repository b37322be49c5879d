"""The attributes that rules may name: what the service takes, and what directories call theirs."""

import pytest

from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import CLASSES, DIRECTORY, WIRE, Attribute
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.source.canonical import BOOLEANS, DNS, GUIDS, SIDS


def test_the_service_takes_the_attributes_of_its_connector_and_later_ones() -> None:
    assert {kind: len(names) for kind, names in CLASSES.items()} == {
        "user": 151 + 13,
        "group": 70 + 5,
        "contact": 100,
        "device": 25,
        "publicFolder": 15,
    }
    assert WIRE[Kind.USER]["proxyAddresses"] == Attribute("proxyAddresses", Type.STRING, multi=True)
    assert WIRE[Kind.GROUP]["member"] == Attribute("member", Type.REFERENCE, multi=True)
    assert WIRE[Kind.USER]["certificateUserIds"].multi
    assert "userPrincipalName" not in WIRE[Kind.GROUP]


@pytest.mark.parametrize("kind", Kind)
def test_what_the_default_rules_send_is_what_the_service_takes(kind) -> None:
    sent = {flow.wire for flow in (*FLOWS[kind], *REFERENCES[kind])}
    assert sent <= WIRE[kind].keys()


def test_a_directory_attribute_stands_once_whatever_its_case() -> None:
    assert len({name.lower() for name in DIRECTORY}) == len(DIRECTORY)
    assert all(name == attribute.name for name, attribute in DIRECTORY.items())


def test_types_agree_with_the_form_that_a_source_gives_to_values() -> None:
    known = {name.lower(): attribute.type for name, attribute in DIRECTORY.items()}
    for names, kind in ((DNS - {"distinguishedname"}, Type.REFERENCE), (BOOLEANS, Type.BOOLEAN)):
        assert {known[name] for name in names & known.keys()} == {kind}
    assert {known[name] for name in ((GUIDS | SIDS) - {"entryuuid"}) & known.keys()} == {Type.BINARY}


def test_what_the_default_rules_read_is_known() -> None:
    read = {flow.attribute for flows in (*FLOWS.values(), *REFERENCES.values()) for flow in flows}
    assert read <= DIRECTORY.keys()
