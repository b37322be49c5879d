"""What the pages say about the code is what the code has; and every page can be reached."""

import os
from pathlib import Path

import pytest

import syncramp
from support.console import ROOT, steps, treatment
from support.pages import anchors, coded, links, pages, prose, rows, section, text
from syncramp.cycle.job import Pace
from syncramp.endpoint import contract
from syncramp.endpoint.causes import CAUSES
from syncramp.endpoint.clouds import ADDRESSES, PATH, SYNC_RESOURCE
from syncramp.endpoint.soap import CONTENT_TYPE
from syncramp.model.desire import Code
from syncramp.model.holds import Hold
from syncramp.model.values import Kind
from syncramp.model.wire import Company
from syncramp.rules import limits, origins
from syncramp.rules.anchors import LONGEST
from syncramp.rules.exclusions import EXCLUSIONS
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.simulator.settings import TenantSettings
from syncramp.spec.sign_in import AccountAuth
from syncramp.spec.types import (
    EndpointOverrides,
    SyncConfig,
    WriteBudget,
)

DOCS = ROOT / "docs"
PACKAGE = ROOT / "reconciler" / "syncramp"
OPERATOR = ROOT / "operator" / "syncramp_operator"
ROOMS = {"expr": "expressions", "ramp": "ramps", "source/ldap": "LDAP"} | {
    room: f"the {room}" for room in ("check", "cycle", "endpoint", "explanation", "rules", "simulator", "store")
}
"""Rooms with a section of their own in docs/architecture.md, and what it calls them."""
HOW = {words: convert for convert, words in origins.WORDS.items()} | {origins.REFERENCE: None}
"""The words of docs/rules.md for a conversion; references have none."""
SERIES = {"extensionAttribute": 15, "msExchExtensionCustomAttribute": 5}
"""Rows that stand for several attributes, and the number of the last one."""
NEEDS = {"yes": "", "with a nickname": "mailnickname"}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading in {_name(target)}"


def test_every_page_of_the_documentation_is_linked_from_its_contents() -> None:
    reached = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    for page in DOCS.rglob("*.md"):
        assert page == DOCS / "README.md" or {page, page.parent} & (reached - {DOCS}), f"{_name(page)} is not linked"


def test_the_readme_leads_to_the_documentation_and_the_examples() -> None:
    assert {"docs/README.md", "examples/README.md", "CHANGELOG.md", "LICENSE"} <= set(links(ROOT / "README.md"))


def test_the_list_of_examples_is_complete() -> None:
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert {Path(link).parts[0] for link in links(ROOT / "examples" / "README.md")} >= folders


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_command_of_a_page_has_a_treatment(page: Path) -> None:
    for step in steps(text(page)):
        treatment(step.command)


def test_a_command_that_nobody_said_how_to_treat_is_an_error() -> None:
    with pytest.raises(AssertionError, match="nobody said how to treat frobnicate"):
        treatment("ls | frobnicate")


def test_the_table_of_attributes_is_the_code() -> None:
    told = {}
    for wire, directory, how, *kinds in rows(section("docs/attributes.md", "## What is sent")):
        names, sources = coded(wire), coded(directory)
        if len(names) == 2:
            assert (names, sources) in [([f"{name}1", f"{name}{last}"],) * 2 for name, last in SERIES.items()]
        for kind, here in zip(Kind, kinds, strict=True):
            if here:
                told[kind, names[0]] = (sources[0], HOW[how], NEEDS[here])
    assert told == _flows()


def _flows() -> dict[tuple[Kind, str], object]:
    found: dict[tuple[Kind, str], object] = {}
    for kind in Kind:
        wires = {flow.wire for flow in FLOWS[kind]}
        series = {f"{name}{number}" for name, last in SERIES.items() for number in range(1, last + 1)}
        assert series & wires == (set() if kind is Kind.DEVICE else series)
        for flow in FLOWS[kind]:
            name = flow.wire.rstrip("0123456789")
            if name not in SERIES or flow.wire == f"{name}1":
                found[kind, flow.wire] = (flow.attribute, flow.convert, flow.needs)
        found |= {(kind, flow.wire): (flow.attribute, None, flow.needs) for flow in REFERENCES[kind]}
    return found


def test_the_tables_of_exclusions_are_the_code() -> None:
    told = [(kind, when, reason) for kind, when, reason in rows(section("docs/rules.md", "### Who is left out"))]
    common = EXCLUSIONS[Kind.USER][:2]
    assert [(when.replace("`", ""), reason) for kind, when, reason in told if kind == "people, groups"] == [
        (rule.when, rule.reason) for rule in common
    ]
    for kind in Kind:
        own = EXCLUSIONS[kind]
        assert (own[:2] == common) == (kind is not Kind.DEVICE)
        assert [(when.replace("`", ""), reason) for told_kind, when, reason in told if told_kind == kind.value] == [
            (rule.when, rule.reason) for rule in own if rule not in common
        ]


def test_the_page_of_holds_explains_every_hold_and_no_other() -> None:
    page = (ROOT / "docs/holds.md").read_text()
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(Hold)


def test_operations_explains_every_reason_to_keep_a_value_back_and_no_other() -> None:
    part = section("docs/operations.md", "## What is kept back of an object")
    told = [line[4:] for line in part.splitlines() if line.startswith("### ")]
    assert told == list(Code)


def test_operations_tells_every_length_and_every_number_of_values() -> None:
    longest = {
        name: cells[1] for cells in rows(section("docs/operations.md", "### TooLong")) for name in coded(cells[0])
    }
    assert longest == {
        **{name: f"{number:,}" for name, number in limits.LONGEST.items()},
        "proxyAddresses": f"{limits.LONGEST_ADDRESS}",
        "userPrincipalName": f"{limits.LONGEST_NAME} before the `@`, {limits.LONGEST_SUFFIX} after it",
    }
    most = dict(rows(section("docs/operations.md", "### TooManyValues")))
    extensions = {"directory extensions of one object": limits.MOST_EXTENSIONS}
    assert most == {f"`{name}`": f"{number}" for name, number in limits.MOST.items()} | {
        name: f"{number}" for name, number in extensions.items()
    }


def test_architecture_lists_every_hold_and_no_other() -> None:
    told = rows(section("docs/architecture.md", "## What holds a change"))
    assert [coded(row[0]) for row in told] == [[hold.value] for hold in Hold]


@pytest.mark.parametrize("room", ROOMS)
def test_architecture_shows_every_module_of_a_room_and_no_other(room: str) -> None:
    part = section("docs/architecture.md", f"### Inside {ROOMS[room]}")
    assert sorted(name for row in rows(part) for name in coded(row[1])) == _modules(room)


def test_architecture_shows_every_module_of_the_other_rooms_and_no_other() -> None:
    told = rows(section("docs/architecture.md", "### Inside the other rooms"))
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - ROOMS.keys()
    assert {coded(row[0])[0]: sorted(coded(row[1])) for row in told} == {room: _modules(room) for room in rooms}


def test_architecture_shows_every_room_and_module_of_the_operator_and_no_other() -> None:
    told = rows(section("docs/architecture.md", "### Inside the operator"))
    parts = {row[0].strip("`"): sorted(coded(row[1])) for row in told}
    rooms = {path.parent.name for path in OPERATOR.glob("*/__init__.py")}
    assert parts.pop("the processes") == _flat(OPERATOR)
    assert parts == {room: _flat(OPERATOR / room) for room in rooms}


def _flat(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def _modules(room: str) -> list[str]:
    folder = PACKAGE / room
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    return sorted(packages | {path.stem for path in folder.glob("*.py")} - {"__init__"})


def test_the_limits_on_the_page_of_the_wire_are_the_defaults_of_the_code() -> None:
    told = {row[0]: row[1] for row in rows(section("docs/wire.md", "## Limits"))}
    build = told.pop("oldest client build since 30 September 2026")
    assert told == {
        "members of a group": f"{SyncConfig.__dataclass_fields__['max_members'].default:,}",
        "links in one call": f"{Company.__dataclass_fields__['max_links'].default:,}, or what the tenant says",
        "objects in one call": f"{Pace().objects_per_call}",
        "writes in five minutes": f"{WriteBudget().per_five_minutes:,} for a tenant",
        "anchor": f"fewer than {LONGEST + 1} characters, others than letters and digits count three",
    }
    assert _build(build) <= _build(EndpointOverrides().build_number)


def _build(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def test_the_page_of_the_wire_names_what_the_client_sends_and_where() -> None:
    page = text("docs/wire.md")
    pace, overrides = Pace(), EndpointOverrides()
    hosts = [
        part for address in ADDRESSES.values() for part in (address.sync, address.authority.removeprefix("https://"))
    ]
    hosts[hosts.index("login.microsoftonline.us")] = "`.us`"  # after login.microsoftonline.com
    for word in (
        *hosts,
        *(f"`{address.classic}`" for address in ADDRESSES.values()),
        f"`{AccountAuth('').client_id}`",
        f"https://<host>{PATH}",
        CONTENT_TYPE,
        f"`{SYNC_RESOURCE}/.default`",
        f"`{overrides.build_number}`",
        f"after {overrides.visibility_delay.seconds} seconds",
        f"up to {pace.objects_per_call} objects a call, up to {pace.parallel} calls at a time",
    ):
        assert word in page, word


def test_the_operations_on_the_page_of_the_wire_are_those_of_the_client() -> None:
    told = [coded(row[0])[0] for row in rows(section("docs/wire.md", "## Operations"))]
    assert told == [contract.GET_COMPANY, contract.READ_BACK, contract.PROVISION, contract.FINALIZE]


def test_the_settings_on_the_page_of_the_wire_exist() -> None:
    told = {
        name
        for row in rows(section("docs/wire.md", "## What is uncertain, and what to set"))
        for name in coded(row[2])
    }
    known = {"host", "authority", "audience", "buildNumber", "visibilityDelay"}
    known |= {"spec.target.writes.share", "spec.target.writes.linksPerFiveMinutes"}
    known |= {"applicationID", "values", "objectsPerCall", "linksPerCall", "callTimeout"}
    known |= {"readBack.cookieMember", "readBack.moreMember"}
    known |= {"spec.target.auth.account.clientID", "spec.groups.maxMembers"}
    assert told - {"https://graph.windows.net"} == known


def test_operations_tells_every_cause_of_a_refusal_with_what_helps() -> None:
    told = rows(section("docs/operations.md", "## Why the service refuses an object"))
    assert [(row[0].strip("`"), row[1]) for row in told] == [(cause.name, cause.remedy) for cause in CAUSES]


def test_the_write_budget_is_explained_with_the_defaults() -> None:
    budget = WriteBudget()
    ours = budget.per_five_minutes * budget.share // 100
    part = section("docs/operations.md", "## The write budget")
    told = " ".join(part.split())
    assert f"`perFiveMinutes` ({budget.per_five_minutes}) times `share` ({budget.share} percent)" in told
    assert f"is {ours:,} in five minutes, {ours * 12:,} an hour" in told
    times = {row[0]: row[2] for row in rows(part)}
    assert times["60,000 new objects"] == f"{(60_000 - 1) // ours * 5} minutes"


def test_the_flags_on_the_page_of_the_simulator_exist() -> None:
    told = {flag for row in rows(section("docs/simulator.md", "## What it enforces")) for flag in coded(row[1])}
    known = {flag for row in rows(section("docs/cli.md", "## syncramp simulator")) for flag in coded(row[0])}
    assert told
    assert told <= known


def test_the_simulator_behaves_as_the_wire_is_described() -> None:
    settings = TenantSettings()
    assert settings.writes_per_five_minutes == WriteBudget().per_five_minutes
    assert settings.visibility_delay == EndpointOverrides().visibility_delay.seconds


def test_the_version_is_told_by_the_changelog() -> None:
    assert f"\n## {syncramp.__version__}" in text("CHANGELOG.md")


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_prose_fits_into_120_columns(page: Path) -> None:
    lines = prose(page)
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def test_no_page_links_out_of_the_checkout() -> None:
    for page in pages():
        for link in links(page):
            if "://" not in link:
                target = os.path.normpath(page.parent / link.partition("#")[0])
                assert Path(target).is_relative_to(ROOT), f"{_name(page)}: {link}"
