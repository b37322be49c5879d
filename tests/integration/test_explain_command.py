"""``syncramp explain`` on stores of real runs against a simulated tenant: answers, exit codes, and who may run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build import TENANT, user_dn
from support.walk import Gate, Walk, anchor, walking
from syncramp.simulator.settings import Duplicates


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def test_an_explanation_needs_neither_secrets_nor_directory_nor_tenant(walk: Walk) -> None:
    walk.here()
    shutil.rmtree(walk.folder / "secrets")
    walk.ldif.unlink()
    calls = walk.exports
    done = walk.run("explain", str(walk.document), "USER1@corp.example.com")
    assert (done.code, done.err, walk.exports) == (0, "", calls)
    assert done.out.startswith(f"User {user_dn(1)}\n")
    assert "\nIn scope\n" in done.out and "\nPending: nothing\n" in done.out


def test_before_the_first_run_there_is_nothing_to_explain(walk: Walk) -> None:
    walk.write()
    done = walk.again("explain", "user1")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("No run yet, so nothing is known: syncramp sync makes one")
    elsewhere = walk.again("explain", "user1", "--state", "nowhere.db")
    assert (elsewhere.code, elsewhere.err) == (2, "No run yet: there is no store nowhere.db.\n")
    assert not walk.state.exists() and not Path("nowhere.db").exists()


def test_what_waits_is_told_by_the_exit_code(walk: Walk) -> None:
    walk.here()
    walk.forest.people.pop(3)
    walk.here()
    assert walk.again("explain", "user1").code == 0
    waits = walk.again("explain", "user3")
    assert waits.code == 2 and "Delete: held (AbsentOnce)" in waits.out
    assert walk.again("explain", "user99").code == 1
    walk.spec["groups"] = {"maxMembers": 2}
    walk.forest.people[4] = {}
    walk.forest.groups[101].append(4)
    walk.here()
    waits = walk.again("explain", "user4")
    assert (
        waits.code == 2 and "Pending: nothing" in waits.out and "the addition is held (TooManyMembers)" in waits.out
    )


def test_a_name_of_several_is_told_by_the_exit_code_and_as_json(walk: Walk) -> None:
    for number in (1, 2):
        walk.forest.people[number] = {"mail": "both@corp.example.com"}
    walk.here()
    done = walk.again("explain", "both@corp.example.com", "-o", "json")
    assert done.code == 2
    assert [found["dn"] for found in done.json["found"]] == [user_dn(1), user_dn(2)]
    assert done.json["explanation"] is None


def test_a_refused_object_is_pending_again(tmp_path: Path) -> None:
    taken = "taken@corp.example.com"
    with walking(tmp_path, duplicates=Duplicates.REFUSE) as walk:
        walk.here()
        walk.tenant.portal.add_user(taken)
        walk.forest.people[1] = {"userPrincipalName": taken}
        walk.here()
        told = walk.again("explain", anchor(1), "-o", "json").json["explanation"]
    assert told["change"]["values"]["userPrincipalName"] == taken
    assert told["change"]["hold"] is None


def test_an_explanation_is_given_while_a_run_sends(walk: Walk) -> None:
    walk.here()
    walk.forest.people[1] = {"title": "Director"}
    with Gate(walk, 1) as gate, walk.running() as process:
        assert gate.reached.wait(20)
        during = walk.run("explain", str(walk.document), "user1")
        gate.open()
        walk.finish(process)
    assert during.code == 2
    assert "a call about it was sent, and its answer is not known" in during.out
    assert "Running" in during.out
    assert walk.again("explain", "user1").code == 0


def test_a_store_of_another_tenant_is_refused(walk: Walk) -> None:
    walk.here()
    walk.spec["target"]["tenantID"] = TENANT.replace("5", "6")
    walk.write()
    walk.again("explain", "user1").assert_error(1, "the store was made with tenantID")


def test_all_members_are_listed_on_request(walk: Walk) -> None:
    walk.forest = type(walk.forest).of(30, {101: list(range(1, 31))})
    walk.here()
    short, whole = (walk.again("explain", "group101", *option).out for option in ([], ["--members"]))
    assert "… and 10 more (--members lists all)" in short and user_dn(30) not in short
    assert all(user_dn(number) in whole for number in range(1, 31)) and "more" not in whole
