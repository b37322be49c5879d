"""Servers that are lost before, during a page, a range or a delta, or refuse one: another one tells all of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.ad_double_search import BAD_CONTROL, PAGED, Refused, Search
from support.ad_double_server import PASSWORD, READER
from support.ad_double_view import Account
from support.known import Before
from support.ports import free_port
from support.two_controllers import (
    PEOPLE,
    members,
    only_the_first,
    proof_of,
    read,
    replicas,
    two_served,
    users,
    without_the_first,
)
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Entry, Restart
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.freshness import decode


@pytest.mark.parametrize("entries", [0, 7, 20])
def test_a_server_lost_during_a_page_is_no_gap(tmp_path: Path, entries: int) -> None:
    with two_served(tmp_path, *replicas(), max_page=10) as (source, (first, second)):
        first.break_after = entries
        facts = read(source)
    restarts = [fact for fact in facts if isinstance(fact, Restart)]
    at = facts.index(restarts[0]) if restarts else 0
    assert len(restarts) == (entries > 0)
    assert users(facts[at:]) == {f"CN=u{number:02},DC=test" for number in range(PEOPLE)}
    assert members(facts[at:]) == PEOPLE
    assert proof_of(facts).complete
    for restart in restarts:
        assert first.url in restart.reason
        assert second.url in restart.reason


def test_a_server_lost_during_a_range_is_no_gap(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas(), max_values=10) as (source, (first, _)):
        ranges = 0

        def cut(search: object) -> None:
            nonlocal ranges
            ranges += "member;range=" in str(search)
            if ranges == 2:
                raise OSError

        first.before = cut
        facts = read(source)
    assert ranges == 2
    (restart,) = [fact for fact in facts if isinstance(fact, Restart)]
    assert members(facts[facts.index(restart) :]) == PEOPLE
    assert proof_of(facts).complete


def test_wherever_a_delta_is_lost_another_server_tells_all_of_it(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second, dirsync_bytes=500) as (source, (lost, _)):
        before = proof_of(read(source))
        changed = [held.guid for held in first.objects.values() if held.rdn.startswith("CN=u")]
        for guid in changed:
            first.change(guid, description=[b"changed"])
        second.pull(first)
        anew = 0
        for cut in range(12):
            lost.before = _breaking_after(cut)
            facts = read(source, Before(before.horizon, before.watermark))
            restarts = [fact for fact in facts if isinstance(fact, Restart)]
            told = facts[facts.index(restarts[0]) :] if restarts else facts
            assert {fact.guid for fact in told if isinstance(fact, Entry)} >= set(changed)
            assert proof_of(facts).complete
            assert proof_of(facts).fresh.proven
            assert proof_of(facts).delta is not bool(restarts)
            assert ("was lost in the middle" in proof_of(facts).why_full) is bool(restarts)
            anew += len(restarts)
    assert anew


def _breaking_after(searches: int) -> Callable[[Search], None]:
    """The connection breaks once, after so many searches below the root."""
    left = searches

    def before(search: Search) -> None:
        nonlocal left
        left -= bool(search.base)
        if left == -1:
            raise OSError

    return before


def test_the_server_that_broke_off_needs_no_vector_the_next_time(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas(), max_page=10) as (source, (first, _)):
        source = only_the_first(source)
        horizon = proof_of(read(source)).horizon
        first.accounts[READER] = Account(hidden=frozenset({"repluptodatevector"}))
        first.break_after = 12
        with pytest.raises(SourceUnavailable) as broken:
            read(source, Before(horizon))
        assert proof_of(read(source, Before(broken.value.horizon))).fresh.proven


def test_where_a_server_is_lost_and_the_next_one_is_behind_the_loss_is_told(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second, max_page=10) as (source, (lost, _)):
        first.user("a later one")
        lost.break_after = 12
        with pytest.raises(SourceUnavailable) as broken:
            read(source)
    assert lost.url in str(broken.value)
    assert first.invocation.hex() in decode(broken.value.horizon).positions


def test_where_no_server_is_left_the_loss_is_told(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas(), max_page=10) as (source, (first, second)):
        first.break_after = second.break_after = 12
        with pytest.raises(SourceUnavailable) as lost:
            read(source)
    assert second.url in str(lost.value)
    assert "entries of DC=test" in str(lost.value)
    assert lost.value.horizon is not None
    assert set(decode(lost.value.horizon).positions) == {one.replica.invocation.hex() for one in (first, second)}


def test_what_was_told_before_a_server_was_lost_is_seen_and_the_next_read_must_have_it(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second, max_page=10) as (source, (lost, _)):
        horizon = proof_of(read(source)).horizon
        first.user("a later one")
        lost.break_after = 14
        with pytest.raises(SourceUnavailable) as broken:
            read(only_the_first(source), Before(horizon))
        assert proof_of(read(only_the_first(source), Before(broken.value.horizon))).fresh.proven
        assert not proof_of(read(without_the_first(source), Before(broken.value.horizon))).fresh.proven


def test_a_server_that_told_nothing_leaves_no_horizon(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas()) as (source, (first, _)):
        first.break_after = 0
        with pytest.raises(SourceUnavailable) as broken:
            read(only_the_first(source))
    assert broken.value.horizon is None


REFUSALS = [
    (BAD_CONTROL, "unavailableCriticalExtension"),  # what becomes of a page cookie that the server forgot
    ((51, ""), "was put off .busy"),
    ((52, ""), "was put off .unavailable"),
    ((3, ""), "exceeded the server's time limit"),
    ((11, ""), "exceeded the server's administrative limit"),
]


@pytest.mark.parametrize(("refusal", "words"), REFUSALS)
def test_a_page_that_is_refused_is_read_anew_from_another_server(
    tmp_path: Path, refusal: tuple[int, str], words: str
) -> None:
    with two_served(tmp_path, *replicas(), max_page=10) as (source, (first, _)):
        first.before = _refusing_after(2, refusal)
        facts = read(source)
    (restart,) = [fact for fact in facts if isinstance(fact, Restart)]
    assert re.search(words, restart.reason)
    assert users(facts[facts.index(restart) :]) == {f"CN=u{number:02},DC=test" for number in range(PEOPLE)}
    assert proof_of(facts).complete


@pytest.mark.parametrize(("refusal", "words"), REFUSALS)
def test_a_page_that_the_only_server_refuses_is_a_passing_fault(
    tmp_path: Path, refusal: tuple[int, str], words: str
) -> None:
    with two_served(tmp_path, *replicas(), max_page=10) as (source, (first, _)):
        first.before = _refusing_after(2, refusal)
        with pytest.raises(SourceUnavailable, match=rf"{words}.*after \d+ entries of DC=test"):
            read(only_the_first(source))
        assert proof_of(read(only_the_first(source))).complete, "the next read repairs"


def _refusing_after(pages: int, refusal: tuple[int, str]) -> Callable[[Search], None]:
    """Searches of subtrees are refused once, after so many of them."""
    left = pages

    def before(search: Search) -> None:
        nonlocal left
        left -= search.scope == 2 and PAGED in search.controls
        if left == -1:
            left = -2
            raise Refused(*refusal)

    return before


def test_a_server_gone_before_the_read_is_passed_over(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas()) as (source, _):
        servers = [f"ldaps://127.0.0.1:{free_port()}", *source.servers]
        facts = read(LdapSource("directory", servers, READER, PASSWORD, source.ca, ["DC=test"]))
    assert proof_of(facts).complete
    assert not any(isinstance(fact, Restart) for fact in facts)
