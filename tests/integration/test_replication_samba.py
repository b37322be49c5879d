"""Two real domain controllers: what one of them wrote is seen at the other one when it has replicated, not before."""

from collections.abc import Iterator

import pytest

from support.looked import anchor
from support.samba import PASSWORD, Samba, requires_samba, samba
from support.samba_replica import Replica, joined
from support.targeted import group, members, shown, targeted, write
from syncramp.directory.target import LdapTarget
from syncramp.source.ldap import LdapSource

GROUPS = 12


@pytest.fixture(scope="module")
def first() -> Iterator[Samba]:
    with samba(replicates=True) as running:
        yield running


@pytest.fixture(scope="module")
def second(first: Samba) -> Iterator[Replica]:
    with joined(first) as running:
        yield running


def _account(upn: str, *controllers: Samba) -> LdapSource:
    urls, cas = [one.ldaps for one in controllers], b"".join(one.ca for one in controllers)
    return LdapSource("corp", urls, upn, PASSWORD, cas, [controllers[0].base])


@requires_samba
def test_a_second_controller_converges_by_replication_and_then_agrees(first: Samba, second: Replica) -> None:
    unit = first.as_administrator.add_unit("Converging")
    people = [first.as_administrator.add_user(f"converging{number}", unit) for number in range(4)]
    upn = first.add_writer(unit)
    second.pull()
    with targeted(_account(upn, first, second.samba), unit) as target:
        write(target, group(1), members(1, people))
        guid = shown(target)[anchor(1)].guid
        assert [(one.url, one.covers) for one in target.standing()] == [
            (first.ldaps, True),
            (second.samba.ldaps, False),
        ]
        assert target.compare([guid]) is None
        second.pull()
        assert [one.covers for one in target.standing()] == [True, True]
        assert target.compare([guid]) == {guid: (4, 4)}
        assert target.link_interval() == 0  # there is one site


@requires_samba
def test_the_controller_that_the_document_does_not_name_is_found_in_the_configuration(
    first: Samba, second: Replica
) -> None:
    unit = first.as_administrator.add_unit("Unnamed")
    with targeted(_account(first.add_writer(unit), first), unit) as target:
        here, other = target.standing()
    assert (here.url, here.covers) == (first.ldaps, True)
    assert (other.url.lower(), other.covers) == ("ldaps://dc2.corp.example.test:636", None)
    assert other.error
    assert second.samba.ldaps != other.url


@requires_samba
def test_a_site_link_counts_once_it_joins_sites(first: Samba) -> None:
    unit, sites = first.as_administrator.add_unit("Sites"), f"CN=Sites,CN=Configuration,{first.base}"
    link = f"CN=DEFAULTIPSITELINK,CN=IP,CN=Inter-Site Transports,{sites}"
    with targeted(_account(first.add_writer(unit), first), unit) as target:
        first.as_administrator.add(f"CN=Branch,{sites}", "site")
        first.as_administrator.add_values(link, siteList=f"CN=Branch,{sites}")
        assert target.link_interval() == 180 * 60
        first.replace(link, "replInterval", b"15")
        assert target.link_interval() == 15 * 60


@requires_samba
def test_the_groups_of_a_person_are_counted_nested_ones_too(first: Samba) -> None:
    person = first.as_administrator
    unit = person.add_unit("Tokens")
    ada, bob = person.add_user("token-ada", unit), person.add_user("token-bob", unit)
    above = ""
    for number in range(GROUPS):
        person.add_group(f"token{number}", unit, [above or f"CN=token-ada,{unit}"])
        above = f"CN=token{number},{unit}"
    contact = person.add(f"CN=token-contact,{unit}", "contact")
    with targeted(_account(first.add_writer(unit), first), unit) as target:
        told = _told(target, [ada, bob, contact, b"x" * 16])
    assert told[ada] is not None and told[bob] is not None
    assert told[ada] - told[bob] == GROUPS
    assert told[b"x" * 16] is None


def _told(target: LdapTarget, guids: list[bytes]) -> dict[bytes, int | None]:
    return dict(target.tokens(guids))
