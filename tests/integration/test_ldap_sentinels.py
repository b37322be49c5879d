"""Sentinels at the strict double of Active Directory: what a delta does not show any more is looked up, and told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.mirror import Mirror
from syncramp.model.facts import Looked, Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.sentinels import UNSEEN_FEWEST

WANTED = frozenset({"cn", "mail", "distinguishedname", "member"})
PEOPLE = UNSEEN_FEWEST + 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Controller]:
    replica = Replica("DC=test")
    replica.delete(replica.user("left"))
    unit = replica.unit("Sales")
    for number in range(PEOPLE):
        replica.user(f"p{number}", unit, mail=[f"p{number}@test".encode()])
    with Controller(replica, {READER: Account()}).running(tmp_path) as running:
        yield running


def read(server: Controller, mirror: Mirror) -> Proof:
    base = server.replica.domain
    source = LdapSource("directory", [server.url], READER, PASSWORD, server.ca, [base])
    return mirror.take(source.read(base, WANTED, mirror))


@pytest.fixture
def mirror(server: Controller) -> Mirror:
    """What is known after a full read: everybody is a sentinel, with what was seen."""
    made = Mirror()
    assert read(server, made).looked is None, "nobody is known before"
    made.sentinels = {guid: frozenset(entry.attributes) for guid, entry in made.entries.items()}
    return made


def may(server: Controller, **rights: object) -> None:
    server.accounts[READER] = replace(Account(), **rights)  # type: ignore[arg-type]


def test_all_that_was_seen_is_there(server: Controller, mirror: Mirror) -> None:
    proof = read(server, mirror)
    assert proof.delta and proof.looked == Looked(PEOPLE)


def test_an_attribute_that_is_hidden_is_seen_to_be_missing_though_nothing_changed(
    server: Controller, mirror: Mirror
) -> None:
    may(server, hidden=frozenset({"mail"}))
    proof = read(server, mirror)
    assert proof.delta and proof.looked == Looked(PEOPLE, unseen=frozenset({"mail"}))


def test_an_attribute_that_few_had_is_not_missed(server: Controller, mirror: Mirror) -> None:
    few = list(mirror.sentinels)[: UNSEEN_FEWEST - 1]
    mirror.sentinels = {guid: mirror.sentinels[guid] for guid in few}
    may(server, hidden=frozenset({"mail"}))
    assert read(server, mirror).looked == Looked(UNSEEN_FEWEST - 1)


def test_entries_that_are_hidden_are_seen_to_be_missing_though_nothing_changed(
    server: Controller, mirror: Mirror
) -> None:
    one = next(iter(mirror.sentinels))
    may(server, blind=frozenset({one}))
    proof = read(server, mirror)
    assert proof.delta and proof.looked is not None and one in proof.looked.vanished


def test_an_attribute_that_one_entry_lost_is_no_loss_of_sight(server: Controller, mirror: Mirror) -> None:
    server.replica.change(next(iter(mirror.sentinels)), mail=[])
    assert read(server, mirror).looked == Looked(PEOPLE)
