"""The pages of the command line against the real one: every option with its default, and no others."""

import re
from typing import Any

import pytest

from support.console import commands
from support.pages import coded, rows, section, text
from syncramp.cli import command_line

COMMANDS = commands(command_line())
CLI = (
    "docs/cli.md",
    "docs/cli-decisions.md",
    "docs/cli-endpoint.md",
    "docs/cli-import.md",
    "docs/cli-ramps.md",
    "docs/cli-ramp-commands.md",
    "docs/source-test.md",
)


def _options(command: Any) -> dict[tuple[str, ...], object]:
    """Its options with their defaults, as the command line itself has them."""
    found = (option for option in command.params if option.param_type_name == "option")
    return {tuple(sorted(option.opts)): _default(option.default) for option in found}


def _default(value: object) -> str:
    if value is None or value is False:
        return ""
    return str(getattr(value, "value", value))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_page_has_every_option_of_a_command_with_its_default(name: str) -> None:
    told = {}
    for options, default, explained in rows(_section(name)):
        assert explained
        told[tuple(sorted(coded(options)))] = "" if " beside the document" in default or default == "off" else default
    assert told == {
        options: f"`{default}`" if default else "" for options, default in _options(COMMANDS[name]).items()
    }


def _section(name: str) -> str:
    """What the pages say of a command."""
    heading = f"## syncramp {name}"
    return section(next(page for page in CLI if f"{heading}\n" in text(page)), heading)


def test_the_pages_have_every_command_and_no_other() -> None:
    told = [name for page in CLI for name in re.findall(r"^## syncramp ([\w -]+)$", text(page), re.MULTILINE)]
    assert sorted(told) == sorted(COMMANDS)


def test_the_page_has_the_options_that_stand_before_a_command() -> None:
    head = text("docs/cli.md").partition("\n## ")[0]
    assert {name for row in rows(head) for name in coded(row[0])} == {"--version", "--help"}
