"""A real domain controller that is lost in the middle of a read, refers elsewhere, and tells how far it is."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from support.cutting_proxy import cutting_proxy
from support.known import Before
from support.samba import PASSWORD, READER, Samba, requires_samba
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Fact, Proof, Restart
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.freshness import Horizon, decode

WANTED = frozenset({"cn", "description"})
MEMBERS = 1600
"""Two ranges of 1,500 values."""

OTHER = UUID("00112233-4455-6677-8899-aabbccddeeff")
OTHERS = bytes.fromhex("02000000000000000100000000000000") + OTHER.bytes_le + (4711).to_bytes(8, "little") + bytes(8)
"""A replUpToDateVector: all up to the other controller's USN 4711 is here."""


@pytest.fixture(scope="module")
def unit(domain: Samba) -> str:
    """An organizational unit with a group of two ranges and its members."""
    unit = domain.as_administrator.add_unit("Servers")
    people = [f"CN=servers{number},{unit}" for number in range(MEMBERS)]
    users = [{"dn": dn, "objectClass": "user", "sAMAccountName": dn[3:].partition(",")[0]} for dn in people]
    group = {"dn": f"CN=all,{unit}", "objectClass": "group", "sAMAccountName": "servers", "member": people}
    domain.add([*users, group])
    return unit


def _source(domain: Samba, *urls: str) -> LdapSource:
    return LdapSource("corp", urls or [domain.ldaps], domain.upn(READER), PASSWORD, domain.ca, [domain.base])


def _told(facts: Sequence[Fact]) -> tuple[list[Fact], Proof]:
    """What was told since the read last began, and the proof."""
    begun = max((at for at, fact in enumerate(facts) if isinstance(fact, Restart)), default=-1)
    *told, proof = facts[begun + 1 :]
    assert isinstance(proof, Proof)
    return told, proof


@requires_samba
def test_wherever_a_server_is_lost_the_next_one_tells_all_of_it(domain: Samba, unit: str) -> None:
    whole, proof = _told(list(_source(domain).read(domain.base, WANTED)))
    assert proof.complete
    restarts = 0
    for cut in (0, 2_000, 50_000, 200_000, 350_000):
        with cutting_proxy(636, cut, domain.address) as port:
            source = _source(domain, f"ldaps://localhost:{port}", domain.ldaps)
            facts = list(source.read(domain.base, WANTED))
        told, proof = _told(facts)
        assert proof.complete
        assert told == whole
        restarts += any(isinstance(fact, Restart) for fact in facts)
    assert restarts >= 2


@requires_samba
def test_a_read_without_another_server_is_given_up_and_no_proof_comes(domain: Samba, unit: str) -> None:
    with cutting_proxy(636, 200_000, domain.address) as port:
        facts = _source(domain, f"ldaps://localhost:{port}").read(domain.base, WANTED)
        with pytest.raises(SourceUnavailable, match=r"after \d+ entries of DC=corp"):
            assert not any(isinstance(fact, Proof) for fact in facts)


@requires_samba
def test_an_ordinary_account_is_told_how_far_the_controller_is(domain: Samba) -> None:
    first = _told(list(_source(domain).read(domain.base, WANTED)))[1]
    (writer,) = decode(first.horizon).positions
    domain.as_administrator.add_unit("Freshness")
    second = _told(list(_source(domain).read(domain.base, WANTED, Before(first.horizon))))[1]
    assert second.fresh.proven
    assert str(UUID(bytes_le=bytes.fromhex(writer))) in second.fresh.expected
    assert decode(second.horizon).positions[writer] > decode(first.horizon).positions[writer]


@requires_samba
def test_an_ordinary_account_is_shown_what_the_controller_has_of_others(domain: Samba) -> None:
    domain.replace(domain.base, "replUpToDateVector", OTHERS)
    try:
        proof = _told(list(_source(domain).read(domain.base, WANTED)))[1]
    finally:
        domain.replace(domain.base, "replUpToDateVector", b"")
    assert decode(proof.horizon).positions[OTHER.bytes_le.hex()] == f"{4711:020}"
    lacking = _told(list(_source(domain).read(domain.base, WANTED, Before(_elsewhere(proof)))))[1]
    assert not lacking.fresh.proven
    assert f"USN 4711 of {OTHER}" in lacking.fresh.expected


def _elsewhere(proof: Proof) -> bytes:
    """The horizon, as if another controller had shown it."""
    return Horizon(decode(proof.horizon).positions).encoded()
