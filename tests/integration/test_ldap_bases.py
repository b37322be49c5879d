"""Bases of scopes at real servers: by DN and by GUID, gone before a read and while it goes on; and pilot groups."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from support.ad_double_search import Search
from support.living import Double, OpenLdap, openldap
from support.slapd import requires_slapd
from syncramp.errors import InputRefused
from syncramp.model.facts import Proof
from syncramp.model.values import Kind
from syncramp.source.bases import Base
from syncramp.source.ldap import LdapSource

WANTED = frozenset({"cn"})
PAGED = "1.2.840.113556.1.4.319"


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    made = Double(tmp_path)
    with made.controller.running(tmp_path):
        made.unit("People")
        made.user("ann", "People")
        made.user("gone", "People")
        made.delete("gone")  # an account that is shown no tombstone is given no place for a delta
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenLdap]:
    other = 'database mdb\nsuffix "DC=other,DC=test"\nrootdn "cn=admin,DC=other,DC=test"\nrootpw x\n'
    (tmp_path / "other").mkdir()
    with openldap(tmp_path, [f"{other}directory {tmp_path / 'other'}"]) as made:
        made.unit("People")
        made.user("ann", "People")
        yield made


def base_of(living: Double | OpenLdap, unit: str = "People") -> Base:
    return Base(living.dn(unit), UUID(bytes_le=living.nodes[unit].guid))


def proof_of(source: LdapSource) -> Proof:
    (partition,) = source.partitions()
    *_, proof = source.read(partition, WANTED)
    assert isinstance(proof, Proof)
    return proof


def test_a_base_that_is_not_there_is_told_before_the_first_page(double: Double) -> None:
    gone = Base("OU=Gone,DC=test")
    source = double.source(base_of(double), gone)
    with pytest.raises(InputRefused) as refused:
        proof_of(source)
    assert refused.value.what == "the base of the scope OU=Gone,DC=test is not there"
    assert "name it by guid" in refused.value.remedy and not double.controller.searched(PAGED)


def test_a_guid_that_nothing_has_is_told_so_whatever_has_the_dn(double: Double) -> None:
    wrong = replace(base_of(double), guid=UUID(int=7))
    with pytest.raises(InputRefused, match=f"nothing has the GUID {wrong.guid}"):
        proof_of(double.source(wrong))


def test_a_base_with_a_guid_is_read_wherever_it_is(double: Double) -> None:
    base = base_of(double)
    double.unit("Above")
    double.rename("People", "OU=Staff", below="Above")
    source = double.source(base)
    assert proof_of(source).complete
    assert source.reads(Kind.USER, "CN=ann,OU=Staff,OU=Above,DC=test")
    assert not source.reads(Kind.USER, "CN=ann,OU=People,DC=test")


@pytest.mark.parametrize("named", [True, False])
def test_a_base_that_is_renamed_while_it_is_read_leaves_no_proof_and_no_place_for_a_delta(
    double: Double, named: bool
) -> None:
    base = base_of(double) if named else Base(double.dn("People"))

    def rename(search: Search) -> None:
        if PAGED in search.controls and double.nodes["People"].rdn == "OU=People":
            double.rename("People", "OU=Staff")

    source = double.source(base)
    assert proof_of(source).watermark
    double.controller.before = rename
    proof = proof_of(source)
    assert not proof.complete and proof.watermark is None
    assert "renamed, moved or deleted while the entries were read" in proof.reason
    if named:
        assert proof_of(source).complete
    else:
        with pytest.raises(InputRefused, match="is not there"):
            proof_of(source)


@requires_slapd
def test_another_server_is_searched_for_the_guid(server: OpenLdap) -> None:
    base = base_of(server)
    assert proof_of(server.source(base)).complete
    server.rename("People", r"OU=Staff\, all")
    source = server.source(base)
    assert proof_of(source).complete and source.located == {base.dn: server.dn("People")}
    with pytest.raises(InputRefused, match="the base of the scope OU=People"):
        proof_of(server.source(Base(base.dn)))
    with pytest.raises(InputRefused, match="nothing has the GUID"):
        proof_of(server.source(replace(base, guid=UUID(int=7))))


@requires_slapd
@pytest.mark.parametrize("by_guid", [True, False])
def test_a_pilot_group_in_another_naming_context_is_read_with_it(server: OpenLdap, by_guid: bool) -> None:
    admin, suffix = server._connect(), "DC=other,DC=test"
    admin.rebind("cn=admin,DC=other,DC=test", "x")
    admin.add(suffix, ["organization", "dcObject"], {"o": "other", "dc": "other"})
    admin.add(f"CN=Pilot,{suffix}", ["group"], {"cn": "Pilot", "member": server.dn("ann")})
    admin.search(f"CN=Pilot,{suffix}", "(objectClass=*)", "BASE", attributes=["entryUUID"])
    (found,) = admin.response[0]["raw_attributes"]["entryUUID"]
    admin.unbind()
    group = UUID(found.decode()) if by_guid else f"CN=Pilot,{suffix}"
    plain = server.source(base_of(server))
    source = replace(plain, groups=[group], guids={})
    assert list(plain.partitions()) == [server.top]
    assert list(source.partitions()) == [server.top, suffix]
    assert source.asks_for(suffix, [server.top]) and not plain.asks_for(suffix, [server.top])
    assert source.reads(Kind.GROUP, f"CN=Pilot,{suffix}") and not source.reads(Kind.USER, suffix)
    facts = list(source.read(suffix, WANTED))
    assert [fact.dns for fact in facts if hasattr(fact, "dns")] == [(server.dn("ann"),)]
