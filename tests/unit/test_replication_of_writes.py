"""How far what was written has come: two controllers of a domain as strict doubles, and the sites of its forest."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from support.ad_double_forest import Forest, configured
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.looked import anchor
from support.targeted import account, group, members, shown, targeted, write
from syncramp.directory import replication
from syncramp.directory.target import LdapTarget
from syncramp.model.written import Standing

OU = "OU=Cloud,DC=test"


@dataclass
class Domain:
    """Two controllers, of which a run writes to the first."""

    first: Controller
    second: Controller
    forest: Forest
    people: list[bytes]

    def pull(self) -> None:
        self.second.replica.pull(self.first.replica)

    def target(self, *named: Controller) -> Any:
        ca = self.first.ca + self.second.ca
        return targeted(replace(account(named or (self.first, self.second)), ca=ca), OU)


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    first, second = Replica(number=1), Replica(number=2)
    first.unit("Cloud")
    first.group("Domain Users")
    people = [first.user(f"u{number}") for number in range(8)]
    forest = configured(first, second, hosts=("dc1.test", "dc2.test"), intervals=(15, 90, 45))
    second.pull(first)
    first.pull(second)
    with ExitStack() as stack:
        served = [
            stack.enter_context(Controller(replica, {READER: Account(rights=Rights())}).running(tmp_path))
            for replica in (first, second)
        ]
        yield Domain(served[0], served[1], forest, people)


def _covers(target: LdapTarget) -> list[bool | None]:
    return [one.covers for one in target.standing()]


def test_a_controller_has_what_was_written_once_it_has_replicated(domain: Domain) -> None:
    with domain.target() as target:
        assert _covers(target) == [True, True], "nothing was written yet"
        write(target, group(1), members(1, adds=domain.people))
        assert _covers(target) == [True, False]
        assert target.compare([]) is None, "nobody to compare with"
        domain.pull()
        assert target.standing() == [Standing(domain.first.url, True), Standing(domain.second.url, True)]


def test_a_controller_that_is_late_is_told_with_how_much_of_what_was_written_it_lacks(domain: Domain) -> None:
    with domain.target() as target:
        horizons = []
        for number in range(4):
            write(target, group(number))
            horizons.append(target.written() or b"")
            if number == 1:
                domain.pull()
        _, second = target.standing(horizons)
        assert (second.covers, second.lacks) == (False, 2)
        assert target.standing(horizons[:2])[1].lacks == 0


def test_a_second_controller_that_has_everything_counts_the_members_again(domain: Domain) -> None:
    with domain.target() as target:
        write(target, group(1), members(1, adds=domain.people), group(2))
        guid = shown(target)[anchor(1)].guid
        empty = shown(target)[anchor(2)].guid
        domain.pull()
        target.standing()
        assert target.compare([guid, empty]) == {guid: (8, 8), empty: (0, 0)}
        other = domain.second.replica
        other.unlink(guid, domain.people[0])
        assert target.compare([guid, b"\x07" * 16]) == {guid: (8, 7)}


def test_a_controller_that_does_not_answer_is_told_and_stops_nothing(domain: Domain) -> None:
    with domain.target() as target:
        write(target, group(1))
        domain.second.bind_result = (52, "unavailable")
        first, second, *named = target.standing()
        assert first.covers
        assert second.covers is None and second.error
        assert [one.covers for one in named] == [None], "by the name that the directory has of it, neither"
        assert target.compare([]) is None


def test_the_controller_of_the_run_is_asked_once_whatever_it_is_called(domain: Domain) -> None:
    with domain.target(domain.first, domain.second, domain.first) as target:
        assert len(target.standing()) == 2


def test_a_controller_that_holds_the_domain_only_to_be_read_is_no_writable_one(domain: Domain) -> None:
    settings = domain.forest.servers["dc2.test"]
    domain.first.replica.change(settings, **{"msDS-hasMasterNCs": [b"CN=Schema,CN=Configuration,DC=test"]})
    with domain.target() as target:
        assert [one.url for one in target.standing()] == [domain.first.url]


def test_a_controller_that_the_document_does_not_name_is_asked_by_the_name_that_the_directory_has(
    domain: Domain,
) -> None:
    with domain.target(domain.first) as target:
        first, second = target.standing()
        port = domain.first.url.rpartition(":")[2]
        assert (first.url, second.url) == (domain.first.url, f"ldaps://dc2.test:{port}")
        assert second.covers is None, "nobody knows that name here"


def test_so_many_controllers_are_asked_in_a_run_and_no_more(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "MOST", 0)
    with domain.target() as target:
        assert [one.url for one in target.standing()] == [domain.first.url]


def test_the_slowest_site_link_is_the_longest_interval(domain: Domain) -> None:
    with domain.target() as target:
        assert target.link_interval() == 90 * 60
        domain.first.replica.change(domain.forest.links["LINK0"], replInterval=())
        assert target.link_interval() == 180 * 60, "that of a link which says nothing"


def test_sites_that_are_not_shown_are_not_known(domain: Domain) -> None:
    (sites,) = domain.first.replica.called("CN=Sites")
    domain.first.accounts[READER] = Account(rights=Rights(), blind=frozenset({sites.guid}))
    with domain.target() as target:
        assert target.link_interval() is None
        assert _covers(target) == [True, True], "the servers of the document are known all the same"


def test_everybody_is_asked_once_in_how_many_groups_they_are(domain: Domain) -> None:
    one, two, three, *_ = domain.people
    sid = [b"\x01" * 28]
    domain.first.replica.change(one, tokenGroups=[b"a", b"b", b"c"], objectSid=sid)
    domain.first.replica.change(two, objectSid=sid)
    domain.first.replica.change(three, objectSid=())
    with domain.target() as target:
        assert list(target.tokens([one, two, three, b"\x09" * 16])) == [
            (one, 3),
            (two, None),
            (three, 0),
            (b"\x09" * 16, None),
        ]
        domain.first.replica.change(one, tokenGroups=[b"a"])
        assert dict(target.tokens([one])) == {one: 3}
