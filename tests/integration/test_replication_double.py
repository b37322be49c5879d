"""How far the controllers of a domain are with what was written, where some are many, away, or only read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.ad_double_forest import Forest, configured
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.targeted import account, group, members, targeted, write
from syncramp.directory import replication
from syncramp.directory.target import LdapTarget
from syncramp.model.written import Standing

UNIT = "OU=Written,DC=test"
HOURS = 3_600.0


class Domain:
    """A domain on several controllers."""

    def __init__(self, number: int, **configuration: Any) -> None:
        self.replicas = [Replica(number=one + 1) for one in range(number)]
        self.first = self.replicas[0]
        self.first.group("Domain Users")
        self.first.unit("Written")
        self.people = [self.first.user(f"p{one}") for one in range(5)]
        hosts = configuration.pop("hosts", [f"dc{one.number}.test" for one in self.replicas])
        self.forest: Forest = configured(*self.replicas, hosts=hosts, **configuration)
        for one in self.replicas[1:]:
            one.pull(self.first)

    @contextmanager
    def served(self, folder: Path, number: int | None = None) -> Iterator[list[Controller]]:
        """The first ones of them."""
        with ExitStack() as stack:
            yield [stack.enter_context(_controller(one).running(folder)) for one in self.replicas[:number]]


def _controller(replica: Replica, **account_: Any) -> Controller:
    return Controller(replica, {READER: Account(**{"rights": Rights()} | account_)})


@contextmanager
def _target(*controllers: Controller) -> Iterator[LdapTarget]:
    source = replace(account(controllers), ca=b"".join(one.ca for one in controllers))
    with targeted(source, UNIT) as target:
        yield target


def test_each_controller_is_asked_whether_it_has_the_last_write(tmp_path: Path) -> None:
    domain = Domain(3)
    with domain.served(tmp_path) as (first, second, third), _target(first, second, third) as target:
        assert [one.covers for one in target.standing()] == [True, True, True]  # nothing was ever written
        write(target, group(1), members(1, domain.people))
        assert target.standing() == [
            Standing(first.url, True),
            Standing(second.url, False),
            Standing(third.url, False),
        ]
        second.replica.pull(first.replica)
        assert [one.covers for one in target.standing()] == [True, True, False]
        third.replica.pull(second.replica)
        assert [one.covers for one in target.standing()] == [True, True, True]


def test_a_controller_that_the_document_does_not_name_is_asked_by_its_host_name(tmp_path: Path) -> None:
    domain = Domain(2)
    with domain.served(tmp_path, 1) as (first,), _target(first) as target:
        here, other = target.standing()
    assert here == Standing(first.url, True)
    assert (urlsplit(other.url).hostname, other.covers) == ("dc2.test", None)
    assert "connecting failed" in other.error


def test_a_controller_that_is_away_stops_nobody(tmp_path: Path) -> None:
    domain = Domain(3)
    with ExitStack() as stack:
        first, second = (stack.enter_context(_controller(one).running(tmp_path)) for one in domain.replicas[:2])
        away = _controller(domain.replicas[2])
        away.url = "ldaps://127.0.0.1:1"
        target = stack.enter_context(_target(first, away, second))
        write(target, group(1))
        second.replica.pull(first.replica)
        told = {one.url: one.covers for one in target.standing()}
        by_name = f"ldaps://dc3.test:{urlsplit(first.url).port}"
        assert told == {first.url: True, away.url: None, second.url: True, by_name: None}


def test_read_only_controllers_and_second_urls_are_no_controllers_of_their_own(tmp_path: Path) -> None:
    domain = Domain(2)
    settings = domain.forest.servers["dc2.test"]
    domain.first.change(settings, **{"msDS-hasMasterNCs": [], "msDS-hasFullReplicaNCs": [b"DC=test"]})
    with domain.served(tmp_path) as (first, second):
        source = replace(account([first, first, second]), ca=first.ca + second.ca)
        with targeted(source, UNIT) as target:
            assert target.standing() == [Standing(first.url, True)]


def test_of_many_controllers_some_are_asked_in_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "MOST", 3)
    hosts = [f"127.0.0.{100 + number}" for number in range(7)]
    domain = Domain(7, hosts=hosts)
    seen: set[str] = set()
    with domain.served(tmp_path, 1) as (first,):
        for number in range(30):
            with _target(first) as target:
                write(target, group(number))
                told = target.standing()
            assert len(told) == 4
            assert told[0] == Standing(first.url, True)
            seen |= {str(urlsplit(one.url).hostname) for one in told[1:]}
    assert seen == set(hosts[1:])


def test_members_are_counted_at_a_second_controller_that_has_the_last_write(tmp_path: Path) -> None:
    domain = Domain(2)
    with domain.served(tmp_path) as (first, second), _target(first, second) as target:
        write(target, group(1), members(1, domain.people))
        (shown,) = [held.guid for held in first.replica.objects.values() if held.rdn.startswith("CN=Group_")]
        target.standing()
        assert target.compare([shown]) is None
        second.replica.pull(first.replica)
        target.standing()
        assert target.compare([shown]) == {shown: (5, 5)}
        second.replica.unlink(shown, domain.people[0])
        assert target.compare([shown]) == {shown: (5, 4)}
        second.replica.delete(shown)
        assert target.compare([shown]) == {}  # to compare needs both


def test_in_a_domain_of_one_controller_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    domain = Domain(1)
    with domain.served(tmp_path) as (first,), _target(first, first) as target:
        write(target, group(1))
        assert len(target.standing()) == 1
        assert target.compare([b"x" * 16]) is None


def test_the_slowest_site_link_counts(tmp_path: Path) -> None:
    domain = Domain(1, intervals=(15, 360, 90))
    with domain.served(tmp_path) as (first,), _target(first) as target:
        assert target.link_interval() == 6 * HOURS
        domain.first.change(domain.forest.links["LINK1"], siteList=[b"CN=Alone,CN=Sites,CN=Configuration,DC=test"])
        assert target.link_interval() == 1.5 * HOURS
        domain.first.change(domain.forest.links["LINK2"], replInterval=[])
        assert target.link_interval() == 3 * HOURS
        domain.first.delete(domain.forest.links["LINK2"])
        domain.first.delete(domain.forest.links["LINK0"])
        assert target.link_interval() == 0
        domain.first.delete(domain.forest.links["LINK1"])
        assert target.link_interval() == 0


def test_an_account_that_does_not_see_the_configuration_is_told_of_the_servers_it_has(tmp_path: Path) -> None:
    domain = Domain(2)
    sites = next(held.guid for held in domain.first.called("CN=Sites"))
    with domain.served(tmp_path) as (first, second):
        for one in (first, second):
            one.accounts = dict.fromkeys(one.accounts, Account(blind=frozenset({sites})))
        with _target(first, second) as target:
            assert [one.url for one in target.standing()] == [first.url, second.url]
