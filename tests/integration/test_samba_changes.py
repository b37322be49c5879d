"""What a real domain controller tells of its changes, by DirSync and by uSNChanged: the same as a full read shows."""

from dataclasses import replace

import pytest

from support.mirror import Mirror
from support.samba import PASSWORD, READER, SYNC, Samba, requires_samba
from syncramp.errors import AccessDenied
from syncramp.model.facts import Container, Entry, Gone, LinkChange, Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.watermark import decoded

WANTED = frozenset({"cn", "mail", "manager", "member"})
METHODS = ("DirSync", "USN")


def _source(domain: Samba, account: str, tracking: str) -> LdapSource:
    upn, servers = domain.upn(account), [domain.ldaps]
    return LdapSource("corp", servers, upn, PASSWORD, domain.ca, [domain.base], tracking=tracking)


def _read(domain: Samba, method: str, mirror: Mirror) -> Proof:
    """One more read; afterwards the copy is what a full read shows."""
    proof = mirror.take(_source(domain, SYNC, method).read(domain.base, WANTED, mirror))
    assert proof.complete, proof.reason
    assert proof.tracking == method
    fresh = Mirror()
    fresh.take(_source(domain, SYNC, "Full").read(domain.base, WANTED))
    assert mirror.shape() == fresh.shape()
    return proof


@requires_samba
@pytest.mark.parametrize("method", METHODS)
def test_what_a_person_does_is_told(domain: Samba, method: str) -> None:
    person, unit = domain.as_administrator, domain.as_administrator.add_unit(f"Changes {method}")
    other = person.add_unit("Other", unit)
    first, second = (person.add_user(f"{method}{number}", unit, mail=f"{number}@test") for number in (1, 2))
    group = person.add_group(f"{method} group", unit, [f"CN={method}1,{unit}"])
    mirror = Mirror()
    assert not _read(domain, method, mirror).delta
    assert mirror.members[group] == {first}

    assert _read(domain, method, mirror).delta
    assert not [fact for fact in mirror.told if isinstance(fact, Entry | Gone | LinkChange)]

    person.replace(f"CN={method}1,{unit}", mail="new@test")
    person.replace(f"CN={method}2,{unit}", mail=[], manager=f"CN={method}1,{unit}")
    person.add_values(f"CN={method} group,{unit}", member=f"CN={method}2,{unit}")
    person.add_user(f"{method}3", other)
    assert _read(domain, method, mirror).delta
    assert mirror.members[group] == {first, second}

    person.remove_values(f"CN={method} group,{unit}", member=f"CN={method}1,{unit}")
    person.rename(f"CN={method}1,{unit}", f"CN={method} renamed", other)
    _read(domain, method, mirror)
    assert mirror.members[group] == {second}

    person.rename(other, "OU=Another name")
    _read(domain, method, mirror)
    assert [fact.dn for fact in mirror.told if isinstance(fact, Container)] == [f"OU=Another name,{unit}"]
    assert not [fact for fact in mirror.told if isinstance(fact, Entry)]
    assert mirror.entries[first].dn == f"CN={method} renamed,OU=Another name,{unit}"

    person.delete(f"CN={method}2,{unit}")
    _read(domain, method, mirror)
    assert Gone(second) in mirror.told
    assert mirror.members[group] == set()

    person.undelete(second, f"CN={method}2,{unit}")
    _read(domain, method, mirror)
    assert second in mirror.entries

    person.delete(f"CN={method} group,{unit}")
    person.delete(f"CN={method}2,{unit}")
    person.undelete(second, f"CN={method}2,{unit}")
    _read(domain, method, mirror)
    assert Gone(second) in mirror.told, "it may have lost its memberships meanwhile"


@requires_samba
def test_an_account_without_the_right_is_told_which_one(domain: Samba) -> None:
    with pytest.raises(AccessDenied, match="'Replicating Directory Changes' on DC=corp") as denied:
        list(_source(domain, READER, "DirSync").read(domain.base, WANTED))
    assert "dsacls" in denied.value.remedy


@requires_samba
def test_an_account_without_any_right_reads_everything_and_says_why(domain: Samba) -> None:
    mirror = Mirror()
    for _ in range(2):
        proof = mirror.take(_source(domain, READER, "Auto").read(domain.base, WANTED, mirror))
        assert proof.complete
        assert (proof.tracking, proof.delta, proof.watermark) == ("Full", False, None)
        assert "Replicating Directory Changes" in proof.why_full
        assert "no deleted entry is shown" in proof.why_full


@requires_samba
def test_a_cookie_that_is_refused_ends_in_a_full_read(domain: Samba) -> None:
    mirror, source = Mirror(), _source(domain, SYNC, "Auto")
    mirror.take(source.read(domain.base, WANTED, mirror))
    mark = decoded(mirror.watermark)
    assert mark is not None
    mirror.watermark = replace(mark, cookie=b"garbage").encoded()
    proof = mirror.take(source.read(domain.base, WANTED, mirror))
    assert not proof.delta
    assert "does not take the cookie" in proof.why_full
    assert mirror.take(source.read(domain.base, WANTED, mirror)).delta


@requires_samba
def test_a_cookie_from_the_beginning_tells_everything_and_changes_nothing(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Everything")
    person = domain.as_administrator.add_user("everything", unit)
    domain.as_administrator.add_group("everything group", unit, [f"CN=everything,{unit}"])
    mirror = Mirror()
    mark = decoded(_read(domain, "DirSync", mirror).watermark)
    assert mark is not None
    mirror.watermark = replace(mark, cookie=b"").encoded()
    assert _read(domain, "DirSync", mirror).delta
    assert person in mirror.entries
