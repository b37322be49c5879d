"""The journal of a tenant: every call leaves a line and counts, also one that failed; and only so many are kept."""

from pathlib import Path
from uuid import uuid4

from support.simulator import HandClock, drop, group, put
from syncramp.endpoint import contract, soap
from syncramp.model.wire import SyncObject
from syncramp.simulator import journal
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.server import Simulator, make_simulator
from syncramp.simulator.settings import TenantSettings

TO = "https://127.0.0.1/provisioningservice.svc"


def simulator(path: Path | None = None, *rules: Rule) -> Simulator:
    settings = TenantSettings(visibility_delay=0.0)
    return make_simulator(settings, clock=HandClock(), path=path, faults=Script(rules))


def export(made: Simulator, *objects: SyncObject) -> None:
    token = soap.SyncToken(made.issuer.access_token(), "2.6.92.0", uuid4())
    made.service.answer(soap.request(contract.PROVISION, contract.provision(objects), token, TO), "", ("x",))


def test_a_call_is_noted_with_what_it_carried_and_how_it_ended() -> None:
    made = simulator()
    export(made, put("A"), put("B"), group("G", ["A", "B"]), drop("unknown"))
    (entry,) = made.tenant.journal.latest(10)
    assert (entry.operation, entry.objects, entry.links, entry.refused) == (contract.PROVISION, 4, 2, 1)
    assert (entry.result, entry.injected, entry.at) == ("ok", "", HandClock().now)
    assert (entry.application, entry.build) == (soap.V2_APPLICATION, "2.6.92.0")
    assert made.tenant.journal.count("written") == {"objects": 4, "links": 2, "refused": 1}
    assert made.tenant.journal.count("missing headers") == {"x": 1}
    token = soap.SyncToken(made.issuer.access_token(), "2.6.92.0", uuid4())
    made.service.answer(soap.request(contract.READ_BACK, contract.read_back(None), token, TO))
    shown = made.tenant.journal.latest(1)[0]
    assert (shown.objects, shown.links) == (4, 2), "with the administrator"
    assert made.tenant.journal.count("written")["objects"] == 4, "what is shown is not written"


def test_what_is_refused_and_what_goes_wrong_is_noted_too() -> None:
    made = simulator(None, Rule(Kind.BUSY, calls=Calls.at(1)), Rule(Kind.RESET, calls=Calls.at(2), processed=True))
    export(made, put("A"))
    export(made, put("A"))
    made.service.answer(b"nonsense")
    made.tenant.settings = TenantSettings(syncing=False)
    export(made, put("A"))
    told = [(entry.operation, entry.result, entry.injected) for entry in made.tenant.journal.latest(10)]
    assert told == [
        (contract.PROVISION, "fault", ""),
        ("", journal.UNREADABLE, ""),
        (contract.PROVISION, "ok", "reset"),
        (contract.PROVISION, "", "busy"),
    ]
    assert made.tenant.journal.count("calls") == {contract.PROVISION: 3, journal.UNREADABLE: 1}
    assert made.tenant.journal.count("written") == {"objects": 1}


def test_only_the_latest_calls_are_kept_and_all_are_counted() -> None:
    made = simulator()
    for _ in range(journal.KEPT + 5):
        made.service.answer(b"nonsense")
    assert len(made.tenant.journal.latest(10_000)) == journal.KEPT
    assert made.tenant.journal.count("calls") == {journal.UNREADABLE: journal.KEPT + 5}


def test_the_journal_outlasts_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        made = simulator(tmp_path / "tenant.db")
        export(made, put("A"))
        made.tenant.close()
    made = simulator(tmp_path / "tenant.db")
    assert made.tenant.journal.count("calls") == {contract.PROVISION: 2}
    assert len(made.tenant.journal.latest(10)) == 2
    made.tenant.close()


def test_a_cookie_from_before_a_restart_is_good_after_it(tmp_path: Path) -> None:
    made = simulator(tmp_path / "tenant.db")
    export(made, put("A"))
    cookie = made.tenant.read_back(None).cookie
    made.tenant.close()
    made = simulator(tmp_path / "tenant.db")
    export(made, put("B"))
    (shown,) = made.tenant.read_back(cookie).objects
    assert shown.values["SourceAnchor"] == "B"
    made.tenant.close()
