"""The options of ``syncramp simulator`` make the tenant that they name."""

import re
import socket
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from support.pages import coded, rows, section
from syncramp.cli import command_line, run
from syncramp.cli.simulator_options import RENAMED, settings_of
from syncramp.simulator.settings import DAY, Prevention, Repeated, TenantSettings
from syncramp.simulator.tenant import Tenant

WITHOUT = {
    "display_name",
    "initial_domain",
    "interval",
    "tracking_changes",
}
"""Fields that only Python sets."""
OTHERWISE = {"syncing": "not_activated"}


def _command() -> Any:
    return typer.main.get_command(command_line()).commands["simulator"]  # type: ignore[attr-defined]


def _defaults() -> dict[str, object]:
    return {param.name: param.default for param in _command().params}


def test_the_defaults_of_the_options_are_those_of_a_tenant() -> None:
    given = _defaults() | {"verified_domains": None}
    assert settings_of(given) == TenantSettings()


def test_every_field_of_a_tenant_has_an_option_or_is_named_here() -> None:
    names = {field.name for field in fields(TenantSettings)} - WITHOUT
    assert {RENAMED.get(name) or OTHERWISE.get(name, name) for name in names} <= _defaults().keys()
    assert WITHOUT.isdisjoint(_defaults())


def test_help_and_the_page_show_the_options_by_the_same_themes() -> None:
    page = section("docs/cli.md", "## syncramp simulator")
    told = {theme: [coded(row[0])[0] for row in rows(page, title=theme)] for theme in _themes()}
    assert told == _themes()
    assert re.findall(r"^\| (.+?) \| default \|", page, re.MULTILINE) == list(told)
    shown = CliRunner().invoke(command_line(), ["simulator", "--help"]).output
    assert re.findall(r"^([A-Z][^:]*):$", shown, re.MULTILINE) == [*told, "Options", "Commands"]


def _themes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for param in _command().params:
        found.setdefault(param.rich_help_panel, []).append(param.opts[0])
    return found


@pytest.mark.parametrize("command", [[], ["endpoint"], ["simulator"]])
def test_what_a_command_is_for_fits_into_its_line(command: list[str]) -> None:
    shown = CliRunner().invoke(command_line(), [*command, "--help"]).output
    assert re.search(r"^  \w+ +[A-Z].*\.$", shown, re.MULTILINE)
    assert "..." not in shown.partition("\nCommands:")[2]


@pytest.mark.parametrize("option", ["--tenant-id", "--client-id"])
@pytest.mark.parametrize("text", ["", "contoso", "57cf9f281ad740f4bee8d3ab9877f0a8"])
def test_an_id_that_no_document_could_name_is_refused(
    option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulator", option, text]) == 3
    assert f"error: {option}: {text!r} is no GUID; write it as 57cf9f28-" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "a b", "-x", "a/b", "[::1]"])
def test_a_name_that_is_no_host_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulator", "--name", text]) == 3
    assert f"error: --name: {text!r} is no name of a host" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(["simulator", "--directory", str(tmp_path), "--port", str(port)]) == 1
    told = f"error: 127.0.0.1:{port}: the simulator cannot listen: Address already in use; name a free port"
    assert told in capsys.readouterr().err


def test_options_change_what_they_name() -> None:
    changed = {
        "links_per_call": 7,
        "members": 8,
        "members_v1": 9,
        "bin_days": 1.0,
        "verified_domains": ["x.test", "y.test"],
        "not_activated": True,
        "anchor_attribute": "objectGUID",
        "repeated_changes": Repeated.REFUSE,
        "deletion_prevention": Prevention.DISABLED,
    }
    made = settings_of(_defaults() | changed)
    assert (made.most_links, made.most_members, made.most_members_v1) == (7, 8, 9)
    assert (made.bin_days * DAY, made.verified_domains, made.syncing) == (DAY, ("x.test", "y.test"), False)
    assert Tenant(made, lambda: 0.0).company().anchor_attribute == "objectGUID"
    assert (made.repeated_changes, made.deletion_prevention) == (Repeated.REFUSE, Prevention.DISABLED)
