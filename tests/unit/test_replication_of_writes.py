"""How far what was written has come: two controllers of a domain as strict doubles, and the sites of its forest."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from support.ad_double_forest import configured
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.targeted import account, group, targeted, write

OU = "OU=Cloud,DC=test"


@dataclass
class Domain:
    """Two controllers, of which a run writes to the first."""

    first: Controller
    second: Controller
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
    configured(first, second, hosts=("dc1.test", "dc2.test"))
    second.pull(first)
    first.pull(second)
    with ExitStack() as stack:
        served = [
            stack.enter_context(Controller(replica, {READER: Account(rights=Rights())}).running(tmp_path))
            for replica in (first, second)
        ]
        yield Domain(served[0], served[1], people)


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
