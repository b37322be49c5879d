"""Whole walks: the real command line as a process, a forest in an LDIF file, and a simulated tenant over TLS."""

import os
import pty
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build import BASE, CLIENT
from support.walk import Forest, Gate, Walk, anchor, pass_the_deadline, until, walking
from syncramp.endpoint import contract
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.settings import Duplicates

TAKEN = "taken@corp.example.com"
"""The name of somebody whom the tenant has of its own."""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def test_from_a_first_plan_to_a_tenant_that_is_in_step(walk: Walk) -> None:
    plan = walk.plan()
    assert (plan.code, walk.exports, walk.state.exists()) == (2, 0, False)
    assert re.search(r"Create +3 +1 +0\n", plan.out)
    assert "+2 −0 in 1 group" in plan.out
    assert f"Create User CN=User 1,OU=People,{BASE}" in plan.out

    first = walk.sync()
    assert first.code == 0, first
    walk.assert_cloud_matches()
    walk.assert_state_true()

    sent = walk.exports
    assert walk.sync().code == 0
    assert walk.plan().code == 0
    assert "Nothing to do" in walk.plan().out
    assert walk.exports == sent


def test_a_plan_as_json_lists_each_change(walk: Walk) -> None:
    done = walk.plan("-o", "json")
    assert done.code == 2
    plan = done.json
    assert (plan["version"], plan["counts"]) == (1, {"Create": {"User": 3, "Group": 1}})
    assert [(change["verb"], change["anchor"]) for change in plan["changes"]] == [
        *(("Create", anchor(number)) for number in (1, 2, 3, 101)),
        ("Members", anchor(101)),
    ]
    assert plan["changes"][0]["values"]["userPrincipalName"] == "user1@corp.example.com"
    assert plan["changes"][4]["adds"] == [anchor(1), anchor(2)]
    assert plan["sources"][0]["complete"] is True


def test_status_tells_of_the_last_run_and_of_none(walk: Walk) -> None:
    walk.write()
    none = walk.status()
    assert (none.code, none.out) == (2, "No run yet.\n")
    walk.here()
    walk.forest.people.pop(3)
    run = walk.here("sync", "-o", "json")
    text, data = walk.status(), walk.status("-o", "json")
    assert (run.code, text.code, data.code) == (2, 2, 2)
    assert text.out.startswith("Run 2 of ") and "UTC: Incomplete\n" in text.out
    assert "Held 1 (AbsentOnce)" in text.out
    assert {name: data.json[name] for name in run.json if name != "version"} | {"version": 1} == run.json
    assert (data.json["state"], data.json["run"]) == ("Incomplete", 2)


def test_a_run_as_json_has_numbers_that_agree(walk: Walk) -> None:
    done = walk.sync("-o", "json")
    assert done.code == 0
    assert (done.json["version"], done.json["in_cloud"]) == (1, {"Group": 1, "User": 3})
    for name, expected in (("objects", 4), ("links", 2)):
        tally = done.json[name]
        assert tally.pop("expected") == expected == sum(tally.values())
        assert tally["acknowledged"] == expected
    assert (done.json["confirmed"], done.json["unconfirmed"], done.json["failure"]) == (4, 0, "")


def test_a_small_change_is_a_small_plan(walk: Walk) -> None:
    walk.here()
    walk.forest.people[2] = {"title": "Director"}
    walk.forest.groups[101].append(3)
    plan = walk.plan("-o", "json").json
    update, members = plan["changes"]
    assert (update["verb"], update["anchor"], update["values"]) == ("Update", anchor(2), {"title": "Director"})
    assert (members["verb"], members["adds"], members["removes"]) == ("Members", [anchor(3)], [])
    assert walk.sync().code == 0
    assert walk.attributes(2)["Title"] == "Director"
    walk.assert_cloud_matches()


def test_who_vanishes_is_held_once_and_then_deleted(walk: Walk) -> None:
    walk.here()
    sent = walk.exports
    walk.forest.people.pop(1)
    walk.forest.groups[101].remove(1)
    held = walk.sync()
    assert held.code == 2
    assert "Held 1 (AbsentOnce): absent from one complete import; the next one must agree" in held.out
    assert f"Delete User CN=User 1,OU=People,{BASE}" in held.out
    assert walk.exports == sent and anchor(1) in walk.in_cloud()
    assert walk.sync().code == 0
    walk.assert_cloud_matches()
    walk.assert_state_true()


def test_more_than_500_deletes_are_all_held_and_500_go(walk: Walk) -> None:
    walk.forest, walk.spec["failsafe"] = Forest.of(510), {"deletes": {"percent": "100"}}
    assert walk.here().code == 0
    kept = {number: {} for number in range(1, 10)}
    walk.forest.people = dict(kept)
    assert "501 of 510 users are missing; if that is true, accept it" in walk.here().out
    assert walk.run("source", "accept", str(walk.document), "corp", "--entries", "9").code == 0
    walk.here()
    sent = walk.exports
    held = walk.sync()
    assert held.code == 2
    assert "Held 501 (TooManyDeletes): more deletes than failsafe.deletes lets go" in held.out
    assert "Guard Deletes holds Deletes: 501 deletes are more than failsafe.deletes.count (500)" in held.out
    told = walk.run("guards", str(walk.document))
    assert told.code == 2 and "TRIPPED        501      500        -1  Deletes (failsafe.deletes.count)" in told.out
    assert walk.exports == sent and walk.tenant.count() == 510
    walk.forest.people = {**kept, 10: {}}
    assert walk.sync().code == 0
    walk.assert_cloud_matches()


def test_a_group_that_would_be_too_large_gets_no_additions_and_its_removals_go(walk: Walk) -> None:
    walk.spec["groups"] = {"maxMembers": 2}
    walk.here()
    walk.forest.groups[101] = [2, 3]
    walk.forest.people[4] = {}
    walk.forest.groups[102] = [1, 2, 3]
    done = walk.sync()
    assert done.code == 2
    assert "Held 5 (TooManyMembers): the group would be larger than groups.maxMembers" in done.out
    assert "it would have 3 members, groups.maxMembers is 2" in done.out
    assert "Create Group CN=Group 102," in done.out and walk.tenant.count() == 5, "it would be there and empty"
    assert anchor(1) not in walk.tenant.members(anchor(101))
    walk.spec["groups"] = {"maxMembers": 3}
    assert walk.sync().code == 0
    walk.assert_cloud_matches()


def test_an_empty_store_sends_nothing_to_a_tenant_that_holds_something(walk: Walk) -> None:
    walk.here()
    sent = walk.exports
    walk.forest.people[4] = {}
    for command in (walk.plan, walk.sync):
        done = command("--state", str(walk.folder / "new.db"))
        assert done.code == 2
        assert "(AdoptionRequired): the tenant is not proven empty" in done.out
        assert "the tenant holds 4 synchronised objects, unknown to this store" in done.out
    assert walk.exports == sent
    assert walk.sync().code == 0, "the store that knows them still may"
    walk.assert_cloud_matches()


def test_what_the_service_would_not_take_is_kept_back_and_told(walk: Walk) -> None:
    walk.here()
    walk.forest.people[2] = {"userPrincipalName": "user1@corp.example.com", "title": "Clerk"}
    walk.forest.people[4] = {"userPrincipalName": "müller@corp.example.com"}
    for command in (walk.plan, walk.sync, lambda: walk.again("status")):
        done = command()
        dn = f"User CN=User 2,OU=People,{BASE}"
        assert "Kept back 1 (DuplicateValue): a value that must be unique belongs to another object" in done.out
        assert (
            f"    {dn}: userPrincipalName: user1@corp.example.com belongs to CN=User 1,OU=People,{BASE}" in done.out
        )
        assert "Kept back 1 (InvalidUserPrincipalName)" in done.out
    assert walk.attributes(2)["UserPrincipalName"] == "user2@corp.example.com"
    assert walk.attributes(2)["Title"] == "Clerk" and walk.attributes(4)["DisplayName"] == "User 4"
    assert "UserPrincipalName" not in walk.attributes(4)
    done = walk.plan()
    assert done.code == 0 and "the cloud is known to hold what the sources say, but for what is kept back" in done.out
    assert walk.again("plan", "-o", "json").json["violations"] == {"DuplicateValue": 1, "InvalidUserPrincipalName": 1}


def test_a_value_the_service_left_out_is_a_warning_and_no_failure(walk: Walk) -> None:
    walk.here()
    walk.tenant.portal.add_user(TAKEN)
    walk.forest.people[2] = {"userPrincipalName": TAKEN}
    done = walk.sync()
    assert done.code == 0
    assert "Warning 1: written by the service with modified properties" in done.out
    assert "This object has been updated" in done.out
    assert f"UserPrincipalName {TAKEN};" in done.out
    assert "3 objects, 1 more with differences" in done.out
    assert walk.attributes(2)["UserPrincipalName"].endswith("@simulated.onmicrosoft.com")


def test_a_refused_object_stays_as_it_was_with_its_reason(tmp_path: Path) -> None:
    with walking(tmp_path, duplicates=Duplicates.REFUSE) as walk:
        walk.here()
        before = walk.attributes(2)
        walk.tenant.portal.add_user(TAKEN)
        walk.forest.people[2] = {"userPrincipalName": TAKEN}
        walk.forest.people[3] = {"title": "Director"}
        for done in (walk.sync(), walk.sync()):
            assert done.code == 2
            assert "Refused 1: AttributeValueMustBeUnique" in done.out
            assert f"UserPrincipalName {TAKEN};" in done.out
            assert walk.attributes(2) == before
            assert walk.attributes(3)["Title"] == "Director"
            walk.assert_state_true()
        walk.forest.people[2] = {"userPrincipalName": "another@corp.example.com"}
        assert walk.here().code == 0
        assert walk.attributes(2)["UserPrincipalName"] == "another@corp.example.com"


@pytest.mark.parametrize(("mode", "keeps"), [("Plan", False), ("Staging", True)])
def test_the_modes_plan_and_staging_send_nothing(walk: Walk, mode: str, keeps: bool) -> None:
    walk.spec["mode"] = mode
    done = walk.sync()
    assert done.code == 2
    assert re.search(r"Objects +4 +0 +0 +0 +0 +4\n", done.out)
    assert (walk.exports, walk.state.exists(), walk.in_cloud()) == (0, keeps, set())
    walk.spec["mode"] = "Sync"
    assert walk.here().code == 0
    walk.assert_cloud_matches()


def test_a_document_from_standard_input_needs_a_store(walk: Walk) -> None:
    walk.write()
    state = walk.folder / "elsewhere.db"
    refused = walk.run("sync", "-", stdin=walk.text())
    assert (refused.code, walk.exports) == (3, 0)
    assert refused.errors and "--state FILE" in refused.errors[0]
    assert walk.run("sync", "-", "--state", str(state), stdin=walk.text()).code == 0
    walk.assert_cloud_matches()
    assert walk.run("status", "-", "--state", str(state), stdin=walk.text()).code == 0
    assert not walk.state.exists()


def test_secrets_may_lie_elsewhere(walk: Walk) -> None:
    (walk.folder / "secrets").rename(walk.folder / "mounted")
    assert walk.sync("--secrets", str(walk.folder / "mounted")).code == 0


def test_an_application_signs_in_with_a_certificate(walk: Walk) -> None:
    walk.spec["target"]["auth"] = {"certificate": {"clientID": CLIENT, "secretRef": {"name": "entra-sync"}}}
    assert walk.sync().code == 0
    walk.assert_cloud_matches()


def test_a_lost_answer_is_asked_for_again_in_the_same_run(tmp_path: Path) -> None:
    lost = Rule(Kind.RESET, contract.PROVISION, Calls.at(1), processed=True)
    with walking(tmp_path, faults=Script((lost,))) as walk:
        done = walk.sync("-o", "json")
        assert done.code == 0
        assert walk.exports > done.json["calls"] - 1 > 1
        assert (done.json["objects"]["in_doubt"], done.json["objects"]["acknowledged"]) == (0, 4)
        walk.assert_cloud_matches()
        walk.assert_state_true()
        assert walk.here().code == 0


def test_a_killed_run_is_finished_by_the_next_ones(walk: Walk) -> None:
    walk.forest = Forest.of(150, {501: list(range(1, 100)), 502: [1, 2, 3]})
    with Gate(walk, 3) as gate, walk.running() as process:
        until(gate.reached.is_set)
        process.kill()
        process.wait()
        walk.status("-o", "json")
        gate.open()
    assert 0 < len(walk.in_cloud()) < 152
    walk.assert_state_true()
    assert walk.status().code == 1, "a run that never ended"

    soon = walk.sync("-o", "json")
    assert soon.code == 2
    assert set(soon.json["holds"]) == {"CallUnderWay"}, "the killed run's calls may still arrive"
    walk.assert_state_true()

    pass_the_deadline(walk.state)
    assert walk.sync().code == 0
    walk.assert_cloud_matches()
    walk.assert_state_true()
    sent = walk.exports
    assert walk.here().code == 0 and walk.exports == sent


def test_in_a_pipe_progress_is_plain_lines_and_the_result_stands_alone(walk: Walk) -> None:
    done = walk.sync()
    lines = done.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "import",
        "read back",
        "synchronise",
        "plan",
        "export",
        "confirm",
    ]
    assert all(line.isprintable() and len(line) < 80 for line in lines)
    assert re.fullmatch(r"export: 4 objects, 2 links in [0-9.]+s", lines[4])
    assert "export:" not in done.out
    assert all(line.isprintable() for line in done.out.splitlines())


def test_on_a_terminal_progress_shows_phase_counts_rate_and_time_left(walk: Walk) -> None:
    walk.forest = Forest.of(300)
    screen, slave = pty.openpty()
    seen = re.compile(r"export .*\d+ of 300 objects, [0-9,]+/s, \d+s left")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with Gate(walk, 6) as gate, walk.running(stderr=slave, env=environment) as process:
        os.close(slave)
        shown = ""
        while not seen.search(shown):
            shown += os.read(screen, 4096).decode(errors="replace")
        gate.open()
        while more := _read(screen):
            shown += more
        done = walk.finish(process)
    os.close(screen)
    assert done.code == 0
    assert "In the cloud: 300 users" in done.out
    assert "\x1b" in shown and "\x1b" not in done.out
    assert re.search(r"confirm .*300 objects in", shown)
    assert shown.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in shown, "the cursor is shown again"


def _read(screen: int) -> str:
    try:
        return os.read(screen, 4096).decode(errors="replace")
    except OSError:  # EIO: the other side is closed
        return ""


def test_a_summary_tells_apart_what_became_of_everything(tmp_path: Path) -> None:
    """One update is acknowledged, one refused, one delete held; nothing is in doubt or left."""
    with walking(tmp_path, duplicates=Duplicates.REFUSE) as walk:
        walk.forest = Forest.of(5, {101: [1, 2]})
        walk.here()
        walk.forest.people.pop(5)
        walk.tenant.portal.add_user(TAKEN)
        walk.forest.people[4] = {"userPrincipalName": TAKEN}
        walk.forest.people[3] = {"title": "Director"}
        walk.forest.groups[101] = [1, 3, 4]
        lines = re.sub(r"\d+\.\ds", "0.0s", walk.sync().out).splitlines()
        walk.assert_state_true()
    assert lines[:6] == [
        "Source corp: complete, 5 entries",
        "               Users    Groups  Contacts",
        "  Update           2         0         0",
        "                expected  acknowledged          held       refused      in doubt          left",
        "  Objects              3             1             1             1             0             0",
        "  Links                3             3             0             0             0             0",
    ]
    assert lines[-3:] == [
        "In the cloud: 1 group, 5 users",
        "Confirmed by read-back: 6 objects, 0 more with differences; unconfirmed: 0 objects, 0 links",
        "Phases: import 0.0s  read back 0.0s  synchronise 0.0s  plan 0.0s  export 0.0s  confirm 0.0s",
    ]
