"""``syncramp ramp show``: the ramps of a document in full, as YAML and as JSON."""

import json
from pathlib import Path

import pytest
import yaml

from support.console import ROOT
from syncramp.cli import run
from syncramp.spec.ramps import DENY_PATTERNS

DOCUMENT = ROOT / "examples/03-first-sync/syncconfig.yaml"


def shown(capsys: pytest.CaptureFixture[str], document: Path, *arguments: str) -> str:
    assert run(["ramp", "show", str(document), *arguments]) == 0
    return capsys.readouterr().out


def test_yaml_and_json_hold_the_same(capsys) -> None:
    told = yaml.safe_load(shown(capsys, DOCUMENT))
    assert {"version": 1, **told} == json.loads(shown(capsys, DOCUMENT, "-o", "json"))
    assert told["groups"]["denyPatterns"] == list(DENY_PATTERNS)


def test_a_document_without_ramps_has_the_built_in_one(capsys) -> None:
    (built_in,) = yaml.safe_load(shown(capsys, DOCUMENT))["groups"]["ramps"]
    assert (built_in["name"], built_in["admit"], built_in["match"]) == ("built-in", "Whole", {"minMembers": 50_000})
    assert [step.get("ceiling") for step in built_in["steps"]] == [75_000, 100_000, None, 150_000, 200_000, 250_000]


def test_a_document_that_is_not_accepted_is_refused(capsys, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("kind: Nothing\n")
    assert run(["ramp", "show", str(path)]) == 3
    assert capsys.readouterr().out == ""


def test_the_list_of_commands_says_of_each_what_it_does_in_one_line(capsys) -> None:
    assert run(["ramp", "--help"]) == 0
    told = capsys.readouterr().out
    assert "  rehearse      Play the ramps against a simulated tenant.\n" in told
    assert "..." not in told.partition("Commands:")[2]
