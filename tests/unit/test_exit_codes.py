"""docs/exit-codes.md and the code say the same of every exit code."""

import re
from pathlib import Path

from support.console import commands
from syncramp.cli import INTERRUPTED, command_line
from syncramp.cli.exits import MEANINGS, Exit

PAGE = (Path(__file__).parents[2] / "docs/exit-codes.md").read_text(encoding="utf-8")


def test_the_table_of_the_page_is_the_table_of_the_code() -> None:
    assert re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE) == [
        (str(int(code)), meaning) for code, meaning in MEANINGS.items()
    ]
    assert set(MEANINGS) == set(Exit)
    assert f"gets {INTERRUPTED}," in PAGE


def test_every_command_stands_on_the_page() -> None:
    assert sorted(re.findall(r"^\| `([\w -]+)` \|", PAGE, re.MULTILINE)) == sorted(commands(command_line()))


def test_the_page_speaks_of_no_other_code() -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    assert re.findall(r"^  (\d)\)", script, re.MULTILINE) == [str(int(code)) for code in Exit]
