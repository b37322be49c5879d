"""Two real domain controllers that replicate: which of them may be read, by what they tell of how far they are."""

from collections.abc import Iterator, Sequence

import pytest

from support.known import Before
from support.samba import PASSWORD, SYNC, Samba, requires_samba, samba
from support.samba_replica import Replica, joined
from syncramp.model.facts import Entry, Fact, Proof
from syncramp.source.ldap import LdapSource

WANTED = frozenset({"cn", "description"})


@pytest.fixture(scope="module")
def first() -> Iterator[Samba]:
    with samba(replicates=True) as running:
        yield running


@pytest.fixture(scope="module")
def second(first: Samba) -> Iterator[Replica]:
    with joined(first) as running:
        yield running


def _source(*controllers: Samba) -> LdapSource:
    urls, cas = [one.ldaps for one in controllers], b"".join(one.ca for one in controllers)
    return LdapSource("corp", urls, controllers[0].upn(SYNC), PASSWORD, cas, [controllers[0].base])


def _read(source: LdapSource, known: Before | None = None) -> tuple[list[Fact], Proof]:
    *facts, proof = source.read(source.bases[0], WANTED, known)
    assert isinstance(proof, Proof)
    assert proof.complete, proof.reason
    return facts, proof


def _names(facts: Sequence[Fact]) -> set[str]:
    return {fact.dn for fact in facts if isinstance(fact, Entry)}


@requires_samba
def test_a_controller_that_has_not_replicated_is_not_fresh_until_it_has(first: Samba, second: Replica) -> None:
    first.as_administrator.add_user("later", f"CN=Users,{first.base}")
    seen = _read(_source(first))[1]
    facts, proof = _read(_source(second.samba), Before(seen.horizon))
    assert facts == []
    assert not proof.fresh.proven
    assert "does not have everything that was seen before" in proof.fresh.reason
    second.pull()
    facts, proof = _read(_source(second.samba), Before(proof.horizon))
    assert proof.fresh.proven, proof.fresh
    assert f"CN=later,CN=Users,{first.base}" in _names(facts)


@requires_samba
def test_the_controller_that_is_behind_is_passed_over(first: Samba, second: Replica) -> None:
    both = _source(second.samba, first)
    first.as_administrator.add_user("unreplicated", f"CN=Users,{first.base}")
    seen = _read(_source(first))[1]
    facts, proof = _read(both, Before(seen.horizon))
    assert proof.fresh.proven
    assert both.answered[first.base] == first.ldaps
    assert f"CN=unreplicated,CN=Users,{first.base}" in _names(facts)


@requires_samba
def test_a_delta_goes_on_at_another_controller_that_has_replicated(first: Samba, second: Replica) -> None:
    seen = _read(_source(first))[1]
    assert seen.tracking == "DirSync"
    first.as_administrator.add_user("told", f"CN=Users,{first.base}")
    second.pull()
    facts, proof = _read(_source(second.samba), Before(seen.horizon, seen.watermark))
    assert proof.fresh.proven
    assert proof.delta, proof.why_full
    assert f"CN=told,CN=Users,{first.base}" in _names(facts)
