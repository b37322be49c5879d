"""``syncramp simulator show`` reads a tenant's file for a person and for a program, and changes nothing in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from support.pages import coded, rows, section
from support.simulator import HandClock, drop, group, put
from syncramp.cli import run
from syncramp.endpoint import contract, soap
from syncramp.errors import InputRefused
from syncramp.model.features import FEATURES, features_of
from syncramp.model.wire import SyncObject
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.server import Simulator, make_simulator
from syncramp.simulator.settings import TenantSettings

TO = "https://127.0.0.1/provisioningservice.svc"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Simulator]:
    """A tenant in a file: three people, one of them gone again, in two groups; the third call met a busy service."""
    settings = TenantSettings(visibility_delay=0.0, display_name="Contoso\x1b[2J")
    busy = Script((Rule(Kind.BUSY, contract.PROVISION, Calls.at(3)),))
    simulator = make_simulator(settings, clock=HandClock(), path=tmp_path / "tenant.db", faults=busy)
    address = {"proxyAddresses": ("SMTP:same@example.org",)}
    people = [
        put(
            name,
            **(address if name in "AB" else {}),
            displayName=f"Person {name}",
            sid=bytes(60),
            otherMobile=("1", "2"),
        )
        for name in "ABC"
    ]
    call(simulator, contract.PROVISION, contract.provision(people))
    groups = group("K", ["A"], displayName="One"), group("G", ["A", "B", "C"], displayName="All"), group("H", ["C"])
    export(simulator, *groups, drop("nobody"))
    export(simulator, put("D"))
    export(simulator, drop("C"))
    call(simulator, contract.FINALIZE, contract.finalize_export(6, 5))
    yield simulator
    simulator.tenant.close()


def call(simulator: Simulator, operation: str, body: bytes) -> None:
    token = soap.SyncToken(simulator.issuer.access_token(), "2.6.92.0", uuid4())
    simulator.service.answer(soap.request(operation, body, token, TO), "", ("client-request-id",))


def export(simulator: Simulator, *objects: SyncObject) -> None:
    call(simulator, contract.PROVISION, contract.provision(objects))


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["simulator", "show", str(folder / "tenant.db"), *options]) == 0
    return capsys.readouterr().out


def document(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(shown(folder, capsys, "-o", "json", *options))
    return told


@pytest.mark.usefixtures("made")
def test_a_person_reads_what_the_tenant_holds_and_what_it_was_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(tmp_path, capsys)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert f"tenant {TenantSettings().tenant_id} (Contoso\\x1b[2J)" in lines
    assert any(line.startswith("features 41016: DuplicateUPNResiliency, EnableSoftMatchOnUpn, ") for line in lines)
    assert f"last client {soap.V2_APPLICATION}, build 2.6.92.0" in lines
    assert "last FinalizeExport 6 objects exported, 5 applied" in lines
    assert "deletion prevention EnabledForCount, 500 objects, 0 percent" in lines
    assert {"User the cloud live 1", "User the directory live 2", "User the directory in the bin 1"} <= set(lines)
    assert lines[lines.index("anchor name members") + 1 :][:2] == ["G All 2", "K One 1"], (
        "who is in the bin does not count"
    )
    assert {"calls ProvisionAzureADSyncObjects2 4", "written objects 8", "written refused 1"} <= set(lines)
    assert {"injected busy 1", "missing headers client-request-id 5"} <= set(lines)
    calls = lines[lines.index("Latest calls") + 2 :]
    assert len(calls) == 5 and calls[0].startswith("2026-09-21 14:13:20 UTC FinalizeExport ")
    assert " 4 5 1 ok " in calls[3] and "[busy]" in calls[2]


@pytest.mark.usefixtures("made")
def test_on_a_terminal_it_shows_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    text = shown(tmp_path, capsys)
    assert "┏" in text and "\x1b[2J" not in text
    assert " ".join(text.split()).count("FinalizeExport") == 3


@pytest.mark.usefixtures("made")
def test_the_number_of_calls_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [len(document(tmp_path, capsys, "--calls", str(most))["calls"]) for most in (0, 2)] == [0, 2]
    assert "Latest calls" not in shown(tmp_path, capsys, "--calls", "0")


@pytest.mark.usefixtures("made")
def test_one_object_is_shown_with_its_attributes_and_groups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [" ".join(line.split()) for line in shown(tmp_path, capsys, "--object", "A").splitlines()]
    assert {"kind User", "source anchor A", "master the directory", "state live", "DisplayName Person A"} <= set(
        lines
    )
    assert {"OtherMobile 1", "OtherMobile 2", "G All"} <= set(lines)
    assert f"Sid 60 bytes: {'A' * 64}…" in lines
    assert "H" not in lines, "A is no member of it"
    lines = [" ".join(line.split()) for line in shown(tmp_path, capsys, "--object", "G").splitlines()]
    assert {"kind Group", "members 2"} <= set(lines)
    (taken,) = document(tmp_path, capsys, "--object", "B")["quarantine"]
    assert (taken["attribute"].lower(), taken["value"]) == ("proxyaddresses", "SMTP:same@example.org")
    assert "In quarantine" in shown(tmp_path, capsys, "--object", "B")
    told = document(tmp_path, capsys, "--object", "C")
    assert told["state"] == "in the bin"
    assert [(each["anchor"], each["asleep"]) for each in told["member_of"]] == [("G", True), ("H", True)]
    assert document(tmp_path, capsys, "--object", told["cloud_anchor"])["source_anchor"] == "C"


@pytest.mark.usefixtures("made")
def test_an_object_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulator", "show", str(tmp_path / "tenant.db"), "--object", "none"]) == 3
    assert "no object has the anchor 'none'" in capsys.readouterr().err


def test_a_running_simulator_is_read_and_not_disturbed(
    tmp_path: Path, made: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    with made.tenant._storage.transaction():
        before = document(tmp_path, capsys)
        made.tenant._storage.keep("exported", b"9")
        assert document(tmp_path, capsys) == before, "what is not committed is not there"
    assert document(tmp_path, capsys)["finalize_export"] == {"exported": 9, "applied": 5}
    assert document(tmp_path, capsys)["counters"]["calls"] == before["counters"]["calls"]


def test_a_file_can_be_read_after_its_simulator_ended(
    tmp_path: Path, made: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    before = document(tmp_path, capsys)
    made.tenant.close()
    assert document(tmp_path, capsys) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "there is no such file"), (b"no database" * 500, "holds no tenant"), (b"", "holds no tenant")],
)
def test_a_file_that_is_no_tenant_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "tenant.db").write_bytes(content)
    assert run(["simulator", "show", str(tmp_path / "tenant.db")]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and told in line and str(tmp_path / "tenant.db") in line


@pytest.mark.usefixtures("made")
def test_the_page_has_every_member_of_the_json_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = section("docs/simulator.md", "## What it was asked")
    for title, options in (("member of a tenant", ()), ("member of an object", ("--object", "B"))):
        told = {name for row in rows(page, title=title) for name in coded(row[0])}
        assert set(_members(document(tmp_path, capsys, *options), told)) == told


def _members(value: object, told: set[str], path: str = "") -> Iterator[str]:
    if f"{path}.<name>" in told:
        yield f"{path}.<name>"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, told, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and path != "features.names":
        for inner in value:
            yield from _members(inner, told, f"{path}[]")
    else:
        yield path


def test_a_file_goes_with_one_tenant(tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    make_simulator(TenantSettings("11111111-0000-4000-8000-000000000000"), path=path).tenant.close()
    with pytest.raises(InputRefused, match=r"tenant\.db: it holds the tenant 11111111.*give --tenant-id 11111111"):
        make_simulator(path=path)
    make_simulator(TenantSettings("11111111-0000-4000-8000-000000000000", page_size=7), path=path).tenant.close()


def test_features_have_names_and_unknown_bits_are_not_passed_over() -> None:
    assert features_of(0) == ()
    assert features_of(41016)[-1] == "bit 32768"
    assert features_of(sum(FEATURES)) == tuple(FEATURES.values())
    assert all(bit & (bit - 1) == 0 for bit in FEATURES)
