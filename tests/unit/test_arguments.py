"""Values of the command line are taken as typer itself takes them, with pydantic or without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from syncramp.cli import command_line
from syncramp.cli.arguments import take_plainly


def parameters(command: Any) -> Iterator[Any]:
    yield from command.get_params(typer.Context(command))
    for below in getattr(command, "commands", {}).values():
        yield from parameters(below)


def taken(parameter: Any, value: Any) -> Any:
    try:
        return parameter.process_value(None, value)
    except (typer.BadParameter, typer.TyperException) as error:
        return str(error)


@pytest.fixture
def values(tmp_path: Path) -> list[Any]:
    there, closed = tmp_path / "there", tmp_path / "closed"
    for path in (there, closed):
        path.write_text("")
    closed.chmod(0)
    paths = [str(there), there, str(closed), str(tmp_path), str(tmp_path / "missing"), "a\0b", "~", ""]
    return [None, *paths, "-", "text", "\udcff", "json", "JSON", "5", "-5", "2026-01-01T00:00:00Z", b"bytes", 5, True]


def test_every_parameter_takes_what_typer_takes_and_refuses_what_typer_refuses(values: list[Any]) -> None:
    own, theirs = (typer.main.get_command(command_line()) for _ in range(2))
    take_plainly(own)
    pairs = [*zip(parameters(own), parameters(theirs), strict=True)]
    assert len(pairs) > 50
    for ours, other in pairs:
        if ours.callback is not None:
            continue
        for value in (ours.default, *values, (), ("text", str(values[1])), values[1:4], [None], ["a\0b"]):
            found, wanted = taken(ours, value), taken(other, value)
            assert (found, type(found)) == (wanted, type(wanted)), (ours.name, value)
            take_plainly(own)
