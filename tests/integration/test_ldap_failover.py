"""Servers that are lost, behind or restored: a partition is read anew from one that knows all that was seen, or the
read says that it is not fresh.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.ad_double_search import BAD_CONTROL, PAGED, Limits, Refused, Search
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.known import Before
from support.ports import free_port
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Entry, Fact, Links, Proof, Restart
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.freshness import decode

WANTED = frozenset({"cn", "description"})
PEOPLE = 30


def _replicas() -> tuple[Replica, Replica]:
    """The second one has everything of the first one."""
    first, second = Replica(number=1), Replica(number=2)
    people = [first.user(f"u{number:02}") for number in range(PEOPLE)]
    first.link(first.group("staff"), *people)
    second.pull(first)
    first.pull(second)
    return first, second


@contextmanager
def _served(folder: Path, *replicas: Replica, **limits: int) -> Iterator[tuple[LdapSource, list[Controller]]]:
    controllers = [Controller(replica, limits=Limits(**limits)) for replica in replicas]
    first, second = controllers
    with first.running(folder), second.running(folder):
        urls, cas = [one.url for one in controllers], b"".join(one.ca for one in controllers)
        yield LdapSource("directory", urls, READER, PASSWORD, cas, ["DC=test"]), controllers


def _read(source: LdapSource, known: Before | None = None) -> list[Fact]:
    return list(source.read("DC=test", WANTED, known))


def _proof(facts: Sequence[Fact]) -> Proof:
    *others, proof = facts
    assert isinstance(proof, Proof)
    assert not any(isinstance(fact, Proof) for fact in others)
    return proof


def _users(facts: Sequence[Fact]) -> set[str]:
    return {fact.dn for fact in facts if isinstance(fact, Entry) and fact.dn.startswith("CN=u")}


def test_the_first_server_is_read_and_its_horizon_is_kept(tmp_path: Path) -> None:
    with _served(tmp_path, *_replicas()) as (source, (first, second)):
        proof = _proof(_read(source))
        again = _proof(_read(source, Before(proof.horizon)))
    assert proof.complete
    assert proof.fresh.proven
    assert proof.fresh.expected == "nothing was seen before"
    assert again.fresh.proven
    assert f"USN {first.replica.usn} of" in again.fresh.expected
    assert again.horizon == proof.horizon
    assert second.asked == []


def test_another_server_that_has_replicated_is_as_good(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second) as (source, _):
        horizon = _proof(_read(source)).horizon
        source = _without_the_first(source)
        proof = _proof(_read(source, Before(horizon)))
    assert proof.complete
    assert proof.fresh.proven


def test_a_server_that_is_behind_is_passed_over_for_one_that_is_not(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, second, first) as (source, _):
        horizon = _proof(_read(_without_the_first(source))).horizon
        first.user("later")
        horizon = _proof(_read(_without_the_first(source), Before(horizon))).horizon
        facts = _read(source, Before(horizon))
    assert _proof(facts).fresh.proven
    assert any(isinstance(fact, Entry) and fact.dn.startswith("CN=later") for fact in facts)


def test_where_every_server_is_behind_the_first_is_read_and_is_not_fresh(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second) as (source, (_, behind)):
        first.user("later")
        horizon = _proof(_read(source)).horizon
        source = _without_the_first(source)
        facts = _read(source, Before(horizon, b"where a delta would begin"))
        proof = _proof(facts)
        assert isinstance(facts[0], Restart), "what a delta would not tell again may be older now"
        assert proof.complete
        assert not proof.fresh.proven
        assert proof.fresh.reason.startswith(f"{behind.url}: DC=test: the server does not have everything")
        assert proof.watermark is None
        second.pull(first)
        assert _proof(_read(source, Before(proof.horizon))).fresh.proven


def test_a_controller_that_came_back_from_a_backup_is_fresh_once_it_has_replicated(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second) as (source, _):
        horizon = _proof(_read(source)).horizon
        first.restored_from_backup()
        first.cursors[_invocation(horizon, first)] -= 1  # the backup is older than what was seen
        assert not _proof(_read(_only_the_first(source), Before(horizon))).fresh.proven
        first.pull(second)
        assert _proof(_read(_only_the_first(source), Before(horizon))).fresh.proven


def test_a_controller_whose_numbers_went_back_is_not_fresh(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second) as (source, _):
        source = _only_the_first(source)
        horizon = _proof(_read(source)).horizon
        first.usn -= 1
        proof = _proof(_read(source, Before(horizon)))
    assert not proof.fresh.proven
    assert "fewer changes than it showed before" in proof.fresh.reason


@pytest.mark.parametrize("entries", [0, 1, 7, 20])
def test_a_server_lost_during_a_page_is_no_gap(tmp_path: Path, entries: int) -> None:
    with _served(tmp_path, *_replicas(), max_page=10) as (source, (first, second)):
        first.break_after = entries
        facts = _read(source)
    restarts = [fact for fact in facts if isinstance(fact, Restart)]
    at = facts.index(restarts[0]) if restarts else 0
    assert len(restarts) == (entries > 0)
    assert _users(facts[at:]) == {f"CN=u{number:02},DC=test" for number in range(PEOPLE)}
    assert _members(facts[at:]) == PEOPLE
    assert _proof(facts).complete
    for restart in restarts:
        assert first.url in restart.reason
        assert second.url in restart.reason


def test_a_server_lost_during_a_range_is_no_gap(tmp_path: Path) -> None:
    with _served(tmp_path, *_replicas(), max_values=10) as (source, (first, _)):
        ranges = 0

        def cut(search: object) -> None:
            nonlocal ranges
            ranges += "member;range=" in str(search)
            if ranges == 2:
                raise OSError

        first.before = cut
        facts = _read(source)
    assert ranges == 2
    (restart,) = [fact for fact in facts if isinstance(fact, Restart)]
    assert _members(facts[facts.index(restart) :]) == PEOPLE
    assert _proof(facts).complete


def test_what_a_lost_server_showed_is_part_of_what_the_next_one_must_have(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second, max_page=10) as (source, (lost, behind)):
        first.user("a later one")
        lost.break_after = 12
        facts = _read(source)
    proof = _proof(facts)
    assert proof.complete
    assert not proof.fresh.proven
    assert behind.url in proof.fresh.reason


def test_where_no_server_is_left_the_loss_is_told(tmp_path: Path) -> None:
    with _served(tmp_path, *_replicas(), max_page=10) as (source, (first, second)):
        first.break_after = second.break_after = 12
        with pytest.raises(SourceUnavailable) as lost:
            _read(source)
    assert second.url in str(lost.value)
    assert "entries of DC=test" in str(lost.value)
    assert lost.value.horizon is not None
    assert set(decode(lost.value.horizon).positions) == {one.replica.invocation.hex() for one in (first, second)}


def test_what_was_told_before_a_server_was_lost_is_seen_and_the_next_read_must_have_it(tmp_path: Path) -> None:
    first, second = _replicas()
    with _served(tmp_path, first, second, max_page=10) as (source, (lost, _)):
        horizon = _proof(_read(source)).horizon
        first.user("a later one")
        lost.break_after = 14
        with pytest.raises(SourceUnavailable) as broken:
            list(_only_the_first(source).read("DC=test", WANTED, Before(horizon)))
        assert _proof(_read(_only_the_first(source), Before(broken.value.horizon))).fresh.proven
        assert not _proof(_read(_without_the_first(source), Before(broken.value.horizon))).fresh.proven


def test_a_server_that_told_nothing_leaves_no_horizon(tmp_path: Path) -> None:
    with _served(tmp_path, *_replicas()) as (source, (first, _)):
        first.break_after = 0
        with pytest.raises(SourceUnavailable) as broken:
            _read(_only_the_first(source))
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
    with _served(tmp_path, *_replicas(), max_page=10) as (source, (first, _)):
        first.before = _refusing_after(2, refusal)
        facts = _read(source)
    (restart,) = [fact for fact in facts if isinstance(fact, Restart)]
    assert re.search(words, restart.reason)
    assert _users(facts[facts.index(restart) :]) == {f"CN=u{number:02},DC=test" for number in range(PEOPLE)}
    assert _proof(facts).complete


@pytest.mark.parametrize(("refusal", "words"), REFUSALS)
def test_a_page_that_the_only_server_refuses_is_a_passing_fault(
    tmp_path: Path, refusal: tuple[int, str], words: str
) -> None:
    with _served(tmp_path, *_replicas(), max_page=10) as (source, (first, _)):
        first.before = _refusing_after(2, refusal)
        with pytest.raises(SourceUnavailable, match=rf"{words}.*after \d+ entries of DC=test"):
            _read(_only_the_first(source))
        assert _proof(_read(_only_the_first(source))).complete, "the next read repairs"


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
    with _served(tmp_path, *_replicas()) as (source, _):
        servers = [f"ldaps://127.0.0.1:{free_port()}", *source.servers]
        facts = _read(LdapSource("directory", servers, READER, PASSWORD, source.ca, ["DC=test"]))
    assert _proof(facts).complete
    assert not any(isinstance(fact, Restart) for fact in facts)


def _members(facts: Sequence[Fact]) -> int:
    return sum(len(fact.guids) + len(fact.dns) for fact in facts if isinstance(fact, Links))


def _invocation(horizon: bytes | None, replica: Replica) -> bytes:
    return next(writer for writer in replica.cursors if writer.hex() in (horizon or b"").decode())


def _without_the_first(source: LdapSource) -> LdapSource:
    return LdapSource("directory", source.servers[1:], READER, PASSWORD, source.ca, ["DC=test"])


def _only_the_first(source: LdapSource) -> LdapSource:
    return LdapSource("directory", source.servers[:1], READER, PASSWORD, source.ca, ["DC=test"])
