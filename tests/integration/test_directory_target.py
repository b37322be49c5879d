"""Groups written to a double of Active Directory: what gets lost on the way or is put off, and what goes again."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ad_double_limits import BUSY, UNAVAILABLE
from support.ad_double_search import Refused
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.ad_double_writes import Cut, Write
from support.looked import anchor
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
from syncramp.directory.controller import IDLE_SECONDS
from syncramp.directory.target import LdapTarget
from syncramp.errors import AnswerLost, CallTooLarge, FenceLost, SourceUnavailable, Stopped
from syncramp.model.wire import Operation, Result
from syncramp.model.written import Lost


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


# --- what is lost on the way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", list(Cut))
@pytest.mark.parametrize("removes", [False, True])
def test_members_of_a_request_without_an_answer_are_sent_again_and_are_there_once(
    server: Controller, target: LdapTarget, people: list[bytes], cut: Cut, removes: bool
) -> None:
    write(target, group(1))
    if removes:
        write(target, members(1, adds=people))
    request = members(1, removes=people[5:]) if removes else members(1, adds=people)
    once(server, "modify", cut)
    with pytest.raises(AnswerLost, match="closed the connection"):
        write(target, request)
    assert write(target, request).rejected == ()
    assert sorted(shown(target)[anchor(1)].members or ()) == sorted(people[:5] if removes else people)
    assert len(server.writes.needless) == (0 if cut is Cut.BEFORE else 495 if removes else 500)


@pytest.mark.parametrize("cut", list(Cut))
def test_a_group_whose_making_was_not_answered_is_not_made_twice(
    server: Controller, target: LdapTarget, cut: Cut
) -> None:
    once(server, "add", cut)
    with pytest.raises(AnswerLost):
        write(target, group(1, displayName="old"))
    outcome = write(target, group(1, displayName="new"))
    assert (outcome.result, outcome.operation, outcome.description) == (Result.APPLIED, Operation.ADD, "")
    (seen,) = shown(target).values()
    assert (seen.values["displayName"], outcome.cloud_anchor.startswith("Group_")) == ("new", True)
    marked = [held for held in server.replica.objects.values() if "admindescription" in held.values]
    assert len(marked) == 1


@pytest.mark.parametrize("cut", list(Cut))
def test_a_delete_or_a_rename_that_was_not_answered_is_done_in_the_end(
    server: Controller, target: LdapTarget, cut: Cut
) -> None:
    write(target, group(1), group(2))
    once(server, "rename", cut)
    with pytest.raises(AnswerLost):
        write(target, change(1, cn="new"))
    assert write(target, change(1, cn="new")).result is Result.APPLIED
    assert shown(target)[anchor(1)].dn == f"CN=new,{OU}"
    once(server, "delete", cut)
    with pytest.raises(AnswerLost):
        write(target, delete(2))
    assert write(target, delete(2)).result is Result.APPLIED
    assert list(shown(target)) == [anchor(1)]


def test_a_controller_that_is_lost_is_not_replaced_by_another_one_within_the_run(
    replica: Replica, tmp_path: Path, people: list[bytes]
) -> None:
    other = Replica(number=2)
    with (
        writing(replica).running(tmp_path) as first,
        writing(other).running(tmp_path) as second,
    ):
        other.pull(replica)
        with targeted(account([first, second]), OU) as target:
            write(target, group(1))
            first.accounts.clear()
            once(first, "modify", Cut.BEFORE)
            with pytest.raises(AnswerLost):
                write(target, members(1, adds=people))
            first.bind_result = 51, "busy"
            for _ in range(2):
                with pytest.raises(SourceUnavailable):
                    write(target, members(1, adds=people))
        assert not second.writes.asked


def test_a_connection_that_was_idle_is_made_anew_before_anything_is_sent(
    server: Controller, target: LdapTarget, clock: Clock
) -> None:
    write(target, group(1))
    clock.now += IDLE_SECONDS + 1
    server.accounts[READER] = Account(rights=Rights(delete=False))  # what a new connection is given
    assert write(target, delete(1)).code == "insufficientAccessRights"


def test_a_controller_that_was_restored_meanwhile_is_written_to_no_more(
    server: Controller, replica: Replica, target: LdapTarget, clock: Clock
) -> None:
    write(target, group(1))
    replica.restored_from_backup()
    clock.now += IDLE_SECONDS + 1
    with pytest.raises(SourceUnavailable, match="another one than at the beginning of the run"):
        write(target, change(1, description="x"))
    assert operations(server) == ["add"]


def test_a_controller_that_counts_fewer_changes_than_before_is_written_to_no_more(
    server: Controller, replica: Replica, target: LdapTarget, clock: Clock
) -> None:
    write(target, group(1))
    replica.usn -= 1
    clock.now += IDLE_SECONDS + 1
    with pytest.raises(SourceUnavailable, match="or was restored"):
        write(target, change(1, description="x"))


def test_a_group_that_somebody_deleted_is_made_again_once_that_was_seen(replica: Replica, target: LdapTarget) -> None:
    write(target, group(1))
    guid = shown(target)[anchor(1)].guid
    replica.user("left", sAMAccountName=[b"left"])
    replica.delete(guid)
    assert Lost(anchor(1)) in list(target.look(None, {guid: anchor(1)}))
    assert write(target, group(1)).operation == Operation.ADD
    assert shown(target)[anchor(1)].guid != guid


def test_a_new_name_of_a_group_whose_mark_was_taken_away_makes_no_group_without_one(
    server: Controller, replica: Replica, target: LdapTarget
) -> None:
    write(target, group(1))
    guid = shown(target)[anchor(1)].guid
    replica.change(guid, adminDescription=[])
    assert Lost(anchor(1), deleted=False) in list(target.look(None, {guid: anchor(1)}))
    outcome = write(target, change(1, cn="New", sAMAccountName="New", displayName="New"))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "noSuchObject")
    assert operations(server) == ["add"]


def test_a_group_that_lost_its_mark_is_taken_out_of_others_and_added_to_none(
    replica: Replica, target: LdapTarget
) -> None:
    write(target, group(1), group(2), group(3), members(1, adds=[anchor(2)]))
    guid = shown(target)[anchor(2)].guid
    replica.change(guid, adminDescription=[])
    seen = list(target.look(None, {guid: anchor(2)}))
    assert Lost(anchor(2), deleted=False) in seen
    assert write(target, members(3, adds=[anchor(2)])).result is Result.REFUSED
    assert write(target, members(1, removes=[anchor(2)])).result is Result.APPLIED
    assert shown(target)[anchor(1)].members == []


# --- what is put off ----------------------------------------------------------------------------------------------


def test_a_controller_that_is_busy_is_waited_for_ever_longer_and_that_is_counted(
    server: Controller, target: LdapTarget, clock: Clock
) -> None:
    once(server, "add", BUSY, UNAVAILABLE, BUSY, BUSY)
    assert write(target, group(1)).result is Result.APPLIED
    assert (target.put_off(), target.traffic().throttled) == (4, 4)
    assert len(clock.waited) == 4
    assert clock.waited[0] <= 0.75 < 2.0 <= clock.waited[3]
    assert [timed.code for timed in target.measured()] == ["busy", "unavailable", "busy", "busy", "success"]


def test_patience_with_a_controller_that_stays_busy_ends_and_nothing_was_done(
    server: Controller, target: LdapTarget, clock: Clock
) -> None:
    once(server, "add", *([BUSY] * 1000))
    with pytest.raises(SourceUnavailable, match="was put off .busy"):
        write(target, group(1), patience=30.0)
    assert 0 < sum(clock.waited) <= 30


def test_what_was_done_of_a_call_before_the_controller_became_busy_is_in_doubt(
    server: Controller, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1), members(1, adds=people[:5]))
    taken: list[int] = []

    def before(request: Write) -> None:
        taken.append(1)
        if len(taken) > 1:
            raise Refused(*BUSY)

    server.writes.before = before
    with pytest.raises(AnswerLost, match="put off"):
        write(target, members(1, adds=people[5:], removes=people[:5]), patience=3.0)


def test_a_stop_ends_the_wait(server: Controller, clock: Clock) -> None:
    stop = threading.Event()
    with targeted(account([server]), OU, timing=clock.timing, stop=stop) as target:
        once(server, "add", BUSY)
        stop.set()
        with pytest.raises(Stopped):
            write(target, group(1))
        assert not target.reserve(1, 1, wait=True)


def test_more_than_the_controller_takes_at_once_is_told_as_that(
    server: Controller, target: LdapTarget, people: list[bytes]
) -> None:
    write(target, group(1))
    server.writes.max_values = 100
    with pytest.raises(CallTooLarge, match="adminLimitExceeded, code 11"):
        write(target, members(1, adds=people))
    with pytest.raises(CallTooLarge, match="1,001 members in one request"):
        write(target, members(1, adds=[bytes((0, *one.to_bytes(2), *bytes(13))) for one in range(1001)]))
    assert write(target, members(1, adds=people[:100])).result is Result.APPLIED


def test_nothing_is_sent_once_the_right_to_write_is_lost(server: Controller) -> None:
    def look() -> None:
        raise FenceLost("somebody else writes")

    with targeted(account([server]), OU, look_first=look) as target:
        with pytest.raises(FenceLost):
            write(target, group(1))
    assert not server.writes.asked


def test_requests_are_measured_by_kind_and_by_the_members_they_carry(target: LdapTarget, people: list[bytes]) -> None:
    write(target, group(1), members(1, adds=people), change(1, cn="new"), delete(1))
    timed = [(one.operation, one.values, one.code) for one in target.measured()]
    assert timed == [
        ("add", 0, "success"),
        ("modify", 500, "success"),
        ("rename", 0, "success"),
        ("delete", 0, "success"),
    ]
    assert not target.measured()
