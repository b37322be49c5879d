"""Whole runs over two forests whose groups have members of each other, named by foreign security principals."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.build import BASE, SID, config, entry, group, guid, user, user_dn
from support.engine import Engine, links
from support.model import ListSource
from syncramp.model.values import Kind
from syncramp.spec.types import EndpointOverrides, Join, JoinBy

FOREST = 1000
"""Entries of the second forest have numbers above this."""


def sid(number: int) -> bytes:
    return SID + number.to_bytes(4, "little") * 4


def principal(number: int) -> str:
    """The name in a group of another forest of who has this SID."""
    return f"CN=S-1-5-21-{number}-{number}-{number}-{number},CN=ForeignSecurityPrincipals,{BASE}"


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db", sources=[ListSource("corp"), ListSource("forest")])
    made.config = config(
        sources=("corp", "forest"),
        endpoint=EndpointOverrides(visibility_delay=made.config.target.endpoint.visibility_delay),
    )
    corp, forest = made.sources
    corp.add(user(1, objectSid=sid(1)), user(2, objectSid=sid(2)), group(101, objectSid=sid(101)))
    forest.add(user(FOREST + 1, "Forest", objectSid=sid(FOREST + 1)), group(FOREST + 101))
    return made


def name_as_members(engine: Engine, *dns: str) -> None:
    engine.sources[1].members[guid(FOREST + 101)] = list(dns)


def members(engine: Engine) -> set[str]:
    return engine.cloud.links.get(engine.anchor(group(FOREST + 101)), set())


def anchors(engine: Engine, *numbers: int) -> set[str]:
    return {engine.anchor(user(number)) for number in numbers}


def test_a_foreign_security_principal_names_the_user_or_group_with_its_sid(engine) -> None:
    name_as_members(engine, principal(1), principal(101), user_dn(FOREST + 1, "Forest"), principal(999))
    engine.settle()
    assert members(engine) == {*anchors(engine, 1, FOREST + 1), engine.anchor(group(101))}


def test_a_member_of_another_forest_comes_and_goes_as_any_other(engine) -> None:
    name_as_members(engine, principal(1))
    engine.settle()
    name_as_members(engine, principal(1), principal(2))
    engine.settle()
    assert members(engine) == anchors(engine, 1, 2)
    name_as_members(engine, principal(2))
    engine.settle()
    assert members(engine) == anchors(engine, 2)


def test_who_is_read_after_the_group_becomes_its_member(engine) -> None:
    name_as_members(engine, principal(3))
    engine.settle()
    assert members(engine) == set()
    engine.source.add(user(3, objectSid=sid(3)))
    engine.settle()
    assert members(engine) == anchors(engine, 3)


def test_a_member_stays_while_its_own_forest_cannot_be_read(engine) -> None:
    name_as_members(engine, principal(1))
    engine.settle()
    engine.source.entries.clear()
    engine.source.complete = False
    for _ in range(3):
        engine.run()
    assert members(engine) == anchors(engine, 1)


def test_a_name_that_only_looks_like_one_names_nobody(engine) -> None:
    strange: Sequence[str] = (
        f"CN=S-1-5-21-1-1-1-1,OU=People,{BASE}",
        f"CN=S-1-5-x,CN=ForeignSecurityPrincipals,{BASE}",
        f"CN=S-1-5-11,CN=ForeignSecurityPrincipals,{BASE}",
    )
    name_as_members(engine, *strange)
    engine.settle()
    assert members(engine) == set()


def test_a_contact_has_no_sid_that_could_be_meant(engine) -> None:
    made = entry(Kind.CONTACT, 7, user_dn(7), {"cn": "7", "mail": "7@example.com", "objectSid": sid(7)})
    engine.source.add(made)
    name_as_members(engine, principal(7))
    engine.settle()
    assert members(engine) == set()


def test_of_two_entries_with_one_sid_the_one_that_is_still_seen_is_meant(engine) -> None:
    engine.source.add(user(3, objectSid=sid(3)), user(4, objectSid=b"", mail="4@example.com"))
    name_as_members(engine, principal(3))
    engine.settle()
    engine.source.entries.pop(guid(3))
    engine.source.add(user(4, objectSid=sid(3), mail="4@example.com"))
    engine.run()
    engine.settle()
    assert members(engine) == anchors(engine, 4)


def test_who_is_a_member_under_two_names_is_in_it_once(engine) -> None:
    engine.config = replace(engine.config, joins=(Join(frozenset({Kind.USER}), JoinBy.MAIL),))
    engine.source.add(user(5, objectSid=sid(5), mail="5@example.com"))
    engine.sources[1].add(user(FOREST + 5, "Forest", mail="5@example.com"))
    name_as_members(engine, principal(5), user_dn(FOREST + 5, "Forest"))
    engine.settle()
    assert [change for obj in engine.sent for change in links(obj)] == [("ADD", engine.anchor(user(5)))]
    name_as_members(engine, principal(5))
    report, _ = engine.run()
    assert report.settled and members(engine) == anchors(engine, 5)


def test_an_entry_that_a_dropped_source_left_behind_is_not_meant(engine) -> None:
    """Nobody in the cloud came from it, so nobody took its identity over when the source changed its name."""
    name_as_members(engine, principal(3))
    engine.source.add(user(3, objectSid=sid(3), isCriticalSystemObject="TRUE"))
    engine.settle()
    engine.source.name = "renamed"
    engine.source.add(user(3, objectSid=sid(3)))
    engine.settle()
    engine.settle()
    assert members(engine) == anchors(engine, 3)
