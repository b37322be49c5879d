"""The probe against the simulator over TLS: what it sees, what it leaves behind, and what it refuses to touch."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.build import TENANT
from support.simulator import put
from support.walk import PATIENCE, Done, Gate, Walk, walking
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.facts import QUESTIONS, Fact, Verdict
from syncramp.endpoint.profile import WireProfile, parse
from syncramp.endpoint.props import PREFIX
from syncramp.model.wire import Operation
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.settings import (
    Duplicates,
    MemberForm,
    MemberLists,
    Repeated,
    Restored,
    ToldOperation,
    Unresolved,
)
from syncramp.simulator.wire import profile_of

COOKIE = "SyncrampProbe"


def _probe(walk: Walk, *options: str, tenant: str = TENANT) -> Done:
    return walk.here("endpoint probe", "--tenant", tenant, *_written(walk), *options)


def _written(walk: Walk) -> tuple[str, ...]:
    return ("--output", str(walk.folder / "wire.yaml"), "--patience", "1")


def _profile(walk: Walk) -> WireProfile:
    return parse((walk.folder / "wire.yaml").read_bytes(), "wire.yaml")


def _answers(facts: dict[str, Fact]) -> dict[str, tuple[Any, Verdict]]:
    return {name: (fact.observed, fact.verdict) for name, fact in facts.items() if name != "visibilityDelay"}


def _made(walk: Walk) -> set[str]:
    return {anchor for anchor in walk.in_cloud() if anchor.startswith(PREFIX)}


@contextmanager
def _walking(folder: Path, **settings: Any) -> Iterator[Walk]:
    with walking(folder, **settings) as walk:
        walk.write()
        yield walk


SWITCHES: list[dict[str, Any]] = [
    {},
    {"redirects": 2},
    {"repeated_changes": Repeated.REFUSE},
    {"member_form": MemberForm.LIST},
    {"member_form": MemberForm.NONE},
    {"member_lists": MemberLists.REPLACE},
    {"told_operation": ToldOperation.ECHO},
    {"unresolved": Unresolved.DROP},
    {"duplicates": Duplicates.REFUSE},
    {"restored_memberships": Restored.LOSE},
    {"most_links": 7},
    {"page_size": 1},
    {"microsoft365_groups": 2, "cloud_users": 3},
    {"cookie_member": "Watermark"},
    {"more_member": "HasNext"},
]


@pytest.mark.parametrize("settings", SWITCHES, ids=str)
def test_a_probe_sees_what_the_profile_of_the_simulator_says(tmp_path: Path, settings: dict[str, Any]) -> None:
    with _walking(tmp_path, **settings) as walk:
        done = _probe(walk)
        assert walk.simulator is not None
        told = profile_of(walk.simulator)
        seen = _profile(walk)
        assert _answers(dict(seen.facts)) == _answers(dict(told.facts))
        assert list(seen.facts) == list(QUESTIONS)
        assert (seen.cloud, seen.host, seen.tenant_id) == (told.cloud, told.host, told.tenant_id)
        assert _made(walk) == set()
        same = all(fact.verdict is Verdict.CONFIRMED for fact in seen.facts.values())
        assert done.code == (0 if same else 2), done
        assert all(f"{fact.verdict.value:9}  {name}" in done.out for name, fact in seen.facts.items())


def test_names_that_nobody_recognises_are_told_with_their_form_even_if_no_way_leads_on(tmp_path: Path) -> None:
    with _walking(tmp_path, cookie_member="Watermark", page_size=1) as walk:
        walk.tenant.provision([put("A"), put("B")])
        assert _probe(walk).code == 2
        facts = _profile(walk).facts
        for name in ("readBack.cookieMember", "readBack.moreMember"):
            assert facts[name].evidence.startswith("MoreObjectsExist: 'true', Watermark: ")
        assert facts["readBack.end"].observed is False
        assert facts["nil"].verdict is facts["restore.members"].verdict is Verdict.NOT_TRIED
        assert walk.in_cloud() == {"A", "B"}


def test_the_names_of_the_document_are_used_and_confirmed(tmp_path: Path) -> None:
    with _walking(tmp_path, cookie_member="Watermark", more_member="HasNext", page_size=1) as walk:
        walk.spec["target"]["endpoint"]["readBack"] = {"cookieMember": "Watermark", "moreMember": "HasNext"}
        assert _probe(walk).code == 0
        assert _profile(walk).observed("readBack.moreMember") == "HasNext"


def test_links_are_asked_for_as_the_tenant_takes_them_and_not_as_the_document_sends_them(tmp_path: Path) -> None:
    with _walking(tmp_path, most_links=9) as walk:
        walk.spec["target"]["endpoint"]["linksPerCall"] = 3
        assert _probe(walk).code == 0
        assert _profile(walk).observed("linksPerCall") == 9


def test_the_delay_until_an_object_can_be_referred_to_is_measured(tmp_path: Path) -> None:
    with _walking(tmp_path, visibility_delay=0.6) as walk:
        assert _probe(walk).code == 0
        delay = _profile(walk).observed("visibilityDelay")
        assert isinstance(delay, float) and delay >= 0.6
        assert _probe(walk, "--patience", "0").code == 2
        assert _profile(walk).facts["visibilityDelay"].verdict is Verdict.DIFFERS


def test_the_profile_of_a_probe_lets_a_document_sync(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        (walk.folder / "secrets" / "simulator-wire" / "profile.yaml").unlink()
        assert _probe(walk, "--output", str(walk.folder / "secrets/simulator-wire/profile.yaml")).code == 0
        assert walk.here("sync").code == 0
        walk.assert_cloud_matches()


def test_a_profile_that_could_not_be_written_is_refused_before_the_tenant_is_asked(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        done = _probe(walk, "--output", str(walk.folder / "nowhere" / "wire.yaml"))
        done.assert_error(3, "nowhere/wire.yaml: the profile cannot be written: No such file", "--output")


def test_what_an_earlier_probe_left_is_removed_first(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        walk.tenant.provision([put(f"{PREFIX}00000000Ada"), put(f"{PREFIX}00000000Group", "Group"), put("Mine")])
        assert _probe(walk).code == 0
        assert walk.in_cloud() == {"Mine"}


def test_a_probe_that_fails_removes_what_it_made(tmp_path: Path) -> None:
    with _walking(tmp_path, object_quota=3) as walk:
        done = _probe(walk)
        assert (done.code, len(done.errors)) == (1, 1), done
        assert "the service refuses a" in done.errors[0]
        assert walk.in_cloud() == set() and walk.tenant.calls["objects"] > 2
        assert not (walk.folder / "wire.yaml").exists()


@pytest.mark.parametrize("call", [1, 4, 9])
def test_a_probe_that_is_stopped_removes_what_it_made(tmp_path: Path, call: int) -> None:
    with _walking(tmp_path) as walk, Gate(walk, call) as gate:
        with walk.running("endpoint probe", "--tenant", TENANT, *_written(walk)) as process:
            assert gate.reached.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            _until_told(process)
            gate.open()
            done = walk.finish(process)
        assert done.code == 1 and "the probe was stopped" in done.errors[0], done
        assert walk.in_cloud() == set()
        assert not (walk.folder / "wire.yaml").exists()


def _until_told(process: Any) -> None:
    """The signal has arrived once the command says so."""
    assert "stopping" in process.stderr.readline()


@pytest.mark.parametrize("tenant", ["", "0b1c2d3e-0000-4000-8000-000000000001"])
def test_without_the_id_of_the_tenant_nothing_is_asked(tmp_path: Path, tenant: str) -> None:
    with _walking(tmp_path) as walk:
        _probe(walk, tenant=tenant).assert_error(3, "--tenant", TENANT, "probe a test tenant only")
        assert sum(walk.tenant.calls.values()) == 0


def test_a_tenant_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        walk.tenant.provision([put(f"P{number}") for number in range(4)])
        done = _probe(walk, "--most", "3")
        assert done.code == 3 and "the tenant holds 4 synchronised objects, more than the 3" in done.errors[0], done
        assert (walk.tenant.calls["provision"], walk.tenant.calls["read_back"]) == (1, 0), "it need not be read first"
        assert _probe(walk, "--most", "4").code == 0


def test_what_a_probe_would_do_is_told_without_asking(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        done = walk.here("endpoint probe", "--explain")
        assert done.code == 0
        assert PREFIX in done.out and all(question.asked in done.out for question in QUESTIONS.values())
        assert sum(walk.tenant.calls.values()) == 0


def test_users_of_a_probe_are_disabled_and_have_the_domain_that_was_asked_for(tmp_path: Path) -> None:
    seen = []
    with _walking(tmp_path) as walk:
        process = walk.tenant.provision
        walk.tenant.provision = lambda objects, *more: (seen.extend(objects), process(objects, *more))[1]
        assert _probe(walk, "--domain", "probe.example").code == 0
    users = [obj for obj in seen if obj.kind == "User" and "displayName" in obj.values]
    assert users and all(obj.operation is Operation.SET for obj in users)
    assert all(obj.values["accountEnabled"] is False for obj in users)
    assert {str(obj.values["userPrincipalName"]).partition("@")[2] for obj in users} == {"probe.example"}


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(V2Endpoint.__init__.__kwdefaults__, "busy_first", 0.001)


@pytest.mark.usefixtures("_no_pauses")
def test_a_busy_service_is_no_refusal(tmp_path: Path) -> None:
    busy = Rule(Kind.BUSY, operation=contract.PROVISION, calls=Calls(first=2, every=3))
    with _walking(tmp_path, faults=Script((busy,))) as walk:
        assert _probe(walk).code == 0
        assert walk.in_cloud() == set()


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("call", [1, 3, 5, 12])
def test_an_answer_that_is_lost_ends_the_probe_and_what_may_be_there_is_removed(tmp_path: Path, call: int) -> None:
    lost = Rule(Kind.RESET, operation=contract.PROVISION, calls=Calls.at(call), processed=True)
    with _walking(tmp_path, faults=Script((lost,))) as walk:
        done = _probe(walk)
        assert done.code == 1 and "the connection broke before the answer came" in done.errors[0], done
        assert walk.in_cloud() == set()
        assert not (walk.folder / "wire.yaml").exists()


@pytest.mark.usefixtures("_no_pauses")
def test_what_cannot_be_removed_is_told_and_removed_by_the_next_probe(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        process = walk.tenant.provision

        def refuse(objects: Any, *more: Any) -> Any:
            if len(objects) > 1:  # only what removes says several at once
                return process([replace(obj, values={"SourceAnchor": "x"}) for obj in objects], *more)
            return process(objects, *more)

        walk.tenant.provision = refuse
        assert _probe(walk).code == 1
        assert _made(walk)
        walk.tenant.provision = process
        assert _probe(walk).code == 0
        assert _made(walk) == set()


def test_a_host_that_is_no_host_of_the_cloud_ends_the_probe_and_is_no_refusal(tmp_path: Path) -> None:
    away = Rule(Kind.REDIRECT, operation=contract.PROVISION, calls=Calls.at(7), to="https://evil.example/x.svc")
    with _walking(tmp_path, faults=Script((away,))) as walk:
        done = _probe(walk)
        assert done.code == 1 and "which is no host of the cloud" in done.errors[0], done
        assert walk.in_cloud() == set()


def test_a_tenant_that_takes_fewer_links_than_it_says_differs(tmp_path: Path) -> None:
    with _walking(tmp_path, most_links=7) as walk:
        process = walk.tenant.company
        walk.tenant.company = lambda: replace(process(), max_links=14)
        assert _probe(walk).code == 2
        links = _profile(walk).facts["linksPerCall"]
        assert (links.observed, links.verdict) == (7, Verdict.DIFFERS)


def test_a_cookie_that_shows_everything_again_differs(tmp_path: Path) -> None:
    with _walking(tmp_path) as walk:
        process = walk.tenant.read_back

        def everything(cookie: bytes | None, *more: Any) -> Any:
            process(cookie, *more)
            return process(None, *more)

        walk.tenant.read_back = everything
        assert _probe(walk).code == 2
        assert _profile(walk).facts["readBack.delta"].verdict is Verdict.DIFFERS


def test_a_read_back_that_is_not_complete_proves_no_delay(tmp_path: Path) -> None:
    with _walking(tmp_path, more_member="HasNext", page_size=1) as walk:
        assert _probe(walk).code == 2
        assert _profile(walk).facts["visibilityDelay"].verdict is Verdict.CONFIRMED
