"""What a double of Active Directory refuses of a group: what is to blame is found, and all else is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ad_double_limits import NO_MEMBER
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.looked import anchor, mark
from support.targeted import (
    OU,
    Clock,
    account,
    change,
    cloud_domain,
    delete,
    group,
    members,
    once,
    operations,
    shown,
    targeted,
    write,
    writing,
)
from syncramp.directory.target import LdapTarget
from syncramp.directory.writing import DENIED_MOST
from syncramp.errors import AccessDenied
from syncramp.model.wire import Operation, Result, SyncObject


@pytest.fixture
def replica() -> Replica:
    return cloud_domain()


@pytest.fixture
def server(replica: Replica, tmp_path: Path) -> Iterator[Controller]:
    with writing(replica).running(tmp_path) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def target(server: Controller, clock: Clock) -> Iterator[LdapTarget]:
    with targeted(account([server]), OU, timing=clock.timing) as made:
        yield made


@pytest.fixture
def people(replica: Replica) -> list[bytes]:
    return [replica.user(f"p{at}") for at in range(500)]


def test_of_500_members_with_two_that_are_not_there_all_others_are_taken_after_few_requests(
    server: Controller, replica: Replica, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1))
    gone = people[77], people[401]
    for one in gone:
        replica.delete(one)
    server.writes.asked.clear()
    outcome = write(target, members(1, adds=people))
    assert (outcome.result, outcome.code, len(outcome.rejected)) == (Result.APPLIED, "noSuchObject", 2)
    assert sorted(shown(target)[anchor(1)].members or ()) == sorted(set(people) - set(gone))
    assert len(server.writes.asked) <= 4 * 9 + 1


def test_of_a_group_that_is_gone_no_member_is_to_blame(
    server: Controller, replica: Replica, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1))
    replica.delete(shown(target)[anchor(1)].guid)
    server.writes.asked.clear()
    assert write(target, members(1, adds=people)).code == "noSuchObject"
    assert len(server.writes.asked) == 1
    assert write(target, change(1, description="x")).code == "noSuchObject"


def test_a_group_that_takes_nobody_is_given_up_after_some(
    server: Controller, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1))
    server.writes.asked.clear()
    once(server, "modify", *([NO_MEMBER] * 1000))
    outcome = write(target, members(1, adds=people))
    assert (outcome.result, outcome.rejected) == (Result.REFUSED, ())
    assert len(server.writes.asked) < 150


def test_rights_that_are_missing_for_the_members_are_not_looked_for_among_the_values(
    server: Controller, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1))
    server.accounts[READER] = Account(rights=Rights(attributes=frozenset()))
    target.close()
    server.writes.asked.clear()
    outcome = write(target, members(1, adds=people[:9], removes=people[9:]))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "insufficientAccessRights")
    assert len(server.writes.asked) == 1


def test_removals_go_before_additions(server: Controller, target: LdapTarget, people: list[bytes]) -> None:
    write(target, group(1), members(1, adds=people[:5]))
    server.writes.asked.clear()
    write(target, members(1, adds=people[5:], removes=people[:5]))
    assert [[kind for kind, _, _ in request.changes] for request in server.writes.asked] == [[1], [0]]


@pytest.mark.parametrize(
    "obj",
    [
        SyncObject("User", Operation.SET, {"SourceAnchor": anchor(1), "displayName": "x"}),
        SyncObject("Group", Operation.SET, {"SourceAnchor": "AAAA", "displayName": "x"}),
        SyncObject("Group", Operation.DELETE, {"SourceAnchor": "00000000-0000-0000-0000-000000000001"}),
        SyncObject("Group", Operation.DELETE, {}),
    ],
)
def test_what_is_no_group_of_the_cloud_is_never_written(
    server: Controller, target: LdapTarget, obj: SyncObject
) -> None:
    write(target, group(1))
    server.writes.asked.clear()
    assert write(target, obj).code == "notOurs"
    assert not server.writes.asked


def test_a_group_whose_mark_was_taken_away_or_that_is_critical_is_not_deleted(
    server: Controller, replica: Replica, target: LdapTarget
) -> None:
    write(target, group(1), group(2))
    seen = shown(target)
    replica.change(seen[anchor(1)].guid, adminDescription=[mark(9).encode()])
    replica.change(seen[anchor(2)].guid, isCriticalSystemObject=[b"TRUE"])
    assert [write(target, delete(number)).code for number in (1, 2)] == ["notOurs", "notOurs"]
    assert "delete" not in operations(server)


def test_a_group_is_deleted_with_its_members_in_it(
    server: Controller, replica: Replica, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1), members(1, adds=people))
    guid = shown(target)[anchor(1)].guid
    assert write(target, delete(1)).result is Result.APPLIED
    assert operations(server) == ["add", "modify", "delete"]
    replica.restore(guid)
    assert len(shown(target)[anchor(1)].members or ()) == 500


def test_a_group_that_was_deleted_can_be_made_again(target: LdapTarget) -> None:
    write(target, group(1), delete(1))
    assert write(target, delete(1)).result is Result.APPLIED
    assert write(target, group(1)).operation == Operation.ADD
    assert list(shown(target)) == [anchor(1)]


def test_who_was_deleted_is_no_member_any_more_and_need_not_be_taken_out(
    replica: Replica, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1), members(1, adds=people[:3]))
    replica.delete(people[0])
    outcome = write(target, members(1, removes=people[:2]))
    assert (outcome.result, outcome.rejected) == (Result.APPLIED, ())
    assert shown(target)[anchor(1)].members == [people[2]]


@pytest.mark.parametrize("before", [False, True])
def test_many_objects_that_are_refused_for_rights_before_anything_was_written_are_the_account(
    server: Controller, target: LdapTarget, before: bool
) -> None:
    if before:
        write(target, group(9))
    server.accounts[READER] = Account(rights=Rights(create=False))
    target.close()
    codes = {write(target, group(at)).code for at in range(100, 100 + DENIED_MOST - 1)}
    assert codes == {"insufficientAccessRights"}
    if before:
        assert write(target, group(3)).code == "insufficientAccessRights"
        return
    with pytest.raises(AccessDenied, match="nothing that was tried is permitted: adding CN=Group_"):
        write(target, group(3))


def test_a_value_that_is_refused_is_not_blamed_on_a_name_that_is_the_groups_own(
    server: Controller, target: LdapTarget
) -> None:
    write(target, group(1))
    server.writes.asked.clear()
    outcome = write(target, change(1, sAMAccountName=mark(1), description="x" * 5000))
    assert (outcome.code, len(server.writes.asked)) == ("constraintViolation", 1)


def test_a_group_that_is_found_by_its_mark_keeps_the_names_it_has(replica: Replica, target: LdapTarget) -> None:
    unit = next(replica.called("OU=Cloud")).guid
    guid = replica.add(
        f"CN={mark(1)}",
        unit,
        "group",
        sAMAccountName=[b"old"],
        groupType=[b"8"],
        adminDescription=[mark(1).encode()],
    )
    assert write(target, group(1, description="new")).operation == Operation.ADD
    seen = shown(target)[anchor(1)]
    assert (seen.guid, seen.values["sAMAccountName"], seen.values["description"]) == (guid, "old", "new")


def test_without_the_recycle_bin_nothing_is_deleted(tmp_path: Path) -> None:
    with writing(cloud_domain(recycle_bin=False)).running(tmp_path) as server:
        with targeted(account([server]), OU) as target:
            write(target, group(1))
            assert write(target, delete(1)).code == "recycleBinOff"
        assert operations(server) == ["add"]


def test_a_new_name_that_somebody_has_gives_way_and_that_is_told(replica: Replica, target: LdapTarget) -> None:
    replica.group("taken", next(replica.called("OU=Cloud")).guid)
    write(target, group(1))
    outcome = write(target, change(1, cn="taken", sAMAccountName="taken"))
    assert outcome.result is Result.APPLIED
    assert f"its cn is {mark(1)}, since CN=taken,{OU} has the cn taken" in outcome.description
    assert shown(target)[anchor(1)].dn == f"CN={mark(1)},{OU}"


def test_where_a_repetition_is_minded_it_is_asked_who_is_a_member_and_only_the_rest_is_sent(
    server: Controller, target: LdapTarget, people: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.ad_double_writes.PERMISSIVE", "no such control")
    write(target, group(1), members(1, adds=people[:300]))
    server.writes.asked.clear()
    assert write(target, members(1, adds=people)).rejected == ()
    assert len(server.writes.asked) == 2
    assert write(target, members(1, removes=people[:10])).rejected == ()
    assert write(target, members(1, removes=people[:490])).rejected == ()
    assert sorted(shown(target)[anchor(1)].members or ()) == sorted(people[490:])
    assert len(server.writes.asked) == 5
