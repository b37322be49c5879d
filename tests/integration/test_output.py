"""What a person sees: a terminal shows a plan whole, nothing of a directory forges a line, and nobody else reads."""

import os
import pty
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build import user_dn
from support.walk import Walk, anchor, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def rendered(data: str) -> list[str]:
    """The lines of a screen after a stream of text and cursor movements, as far as progress bars make them."""
    lines, row, column = [""], 0, 0
    for text, number, command in re.findall(r"([^\x1b]+)|\x1b\[\??([0-9;]*)([A-Za-z])", data):
        if command == "A":
            row -= int(number or 1)
        elif command == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
        for sign in text:
            if sign == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif sign == "\r":
                column = 0
            else:
                lines[row] = lines[row][:column].ljust(column) + sign + lines[row][column + 1 :]
                column += 1
    return [line.rstrip() for line in lines]


def on_terminal(walk: Walk, command: str) -> list[str]:
    screen, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    shown = ""
    with walk.running(command, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        while more := _read(screen):
            shown += more
        process.wait()
    os.close(screen)
    return rendered(shown)


def _read(screen: int) -> str:
    try:
        return os.read(screen, 4096).decode(errors="replace")
    except OSError:  # EIO: the other side is closed
        return ""


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_terminal_shows_to_its_end_what_a_pipe_gets(walk: Walk, command: str) -> None:
    walk.here()
    walk.forest.people.pop(3)
    walk.forest.people[2] = {"title": "Director"}
    plain = walk.here("plan").out.splitlines()
    shown = on_terminal(walk, command)
    told = [line for line in plain if line.startswith(("Source", "Held", "    Delete"))]
    assert len(told) == 3
    assert [line for line in shown if line in told] == told
    if command == "plan":
        assert plain[-1].startswith("Digest") and plain[-1] in shown


def test_a_plan_of_nothing_says_so_on_a_terminal(walk: Walk) -> None:
    walk.here()
    assert "Nothing to do: the cloud is known to hold what the sources say." in on_terminal(walk, "plan")


def test_a_value_of_the_directory_makes_no_line_of_its_own(walk: Walk) -> None:
    walk.here()
    walk.forest.people[2] = {"title": "x\u202ey"}
    walk.forest.people[1] = {"title": "Clerk"}
    walk.write()
    text = walk.ldif.read_text().replace(
        "title: Clerk", "title:: eBtbMkoKRGlnZXN0IDAwMDA="
    )  # x ESC [2J LF Digest 0000
    walk.ldif.write_text(text)
    done = walk.run("plan", str(walk.document))
    assert r"x\u202ey" in done.out
    assert r"x\x1b[2J\nDigest 0000" in done.out
    assert len([line for line in done.out.splitlines() if line.startswith("Digest")]) == 1


def test_only_its_owner_reads_the_store(walk: Walk) -> None:
    before = os.umask(0o022)
    try:
        walk.here()
    finally:
        os.umask(before)
    assert stat.S_IMODE(walk.state.parent.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in walk.state.parent.iterdir()} == {
        walk.state.name: 0o600,
        f"{walk.state.name}.run": 0o600,
        f"{walk.state.name}.lock": 0o600,
    }


@pytest.mark.parametrize("mode", ["Plan", "Staging"])
def test_a_run_that_sends_nothing_says_why(walk: Walk, mode: str) -> None:
    walk.spec["mode"] = mode
    assert f"Nothing was sent: spec.mode is {mode}\n" in walk.here().out
    walk.spec["mode"] = "Sync"
    assert "Nothing was sent" not in walk.here().out


def test_a_plan_tells_what_a_removed_source_leaves_in_the_cloud(walk: Walk) -> None:
    walk.here()
    walk.spec["sources"][0]["name"] = "labs"
    walk.forest.people, walk.forest.groups = {9: {}}, {}
    expected = "Source corp: not in the document any more; its 4 objects stay in the cloud as they are\n"
    for done in (walk.here("plan"), walk.here()):
        assert expected in done.out
    assert walk.here("plan", "-o", "json").json["unmanaged"] == {"corp": 4}
    assert anchor(1) in walk.in_cloud()


def test_a_store_that_is_not_there_is_told(walk: Walk) -> None:
    walk.here()
    wrong = walk.folder / "typo.db"
    assert (
        f"info: there is no store {wrong}: nothing is known of the tenant yet\n"
        in walk.here("plan", "--state", str(wrong)).err
    )
    assert walk.here("status", "--state", str(wrong)).out == f"No run yet: there is no store {wrong}.\n"


def test_a_plan_tells_whole_what_is_asked_for(walk: Walk) -> None:
    walk.here()
    walk.forest.people[2] = {"title": "Director"}
    walk.forest.people.pop(3)
    whole = walk.here("plan", "--full").out
    assert whole.startswith(walk.here("plan").out)
    (update,) = (line for line in whole.splitlines() if line.startswith("Update User"))
    asked = walk.here("plan", "--object", user_dn(2)).out.splitlines()
    assert asked[0] == update
    assert asked[1].split() == ["title", "(none)", "→", "Director"]
    assert asked[-1].startswith("1 change shown of the plan ")
    assert walk.here("plan", "--kind", "Contact").out.startswith("0 changes shown of the plan ")
    document = walk.here("plan", "-o", "json", "--object", user_dn(2), "--kind", "User").json
    assert [change["dn"] for change in document["changes"]] == [user_dn(2)]
    assert document["asked"] == {"objects": [user_dn(2)], "kinds": ["User"]}


def test_nobody_known_by_a_name_is_an_input_that_is_refused(walk: Walk) -> None:
    walk.here()
    for option in ("--object", "--group"):
        walk.run("plan", str(walk.document), option, "nobody@corp.example.com").assert_error(
            3, "nothing that was read is known as 'nobody@corp.example.com'"
        )


@pytest.mark.parametrize(("form", "begins"), [("markdown", "### Syncramp: "), ("html", "<!doctype html>\n")])
def test_a_plan_is_written_to_a_file(walk: Walk, form: str, begins: str) -> None:
    walk.here()
    walk.forest.people.pop(3)
    shown = walk.here("plan", "-o", form)
    assert shown.code == 2 and shown.out.startswith(begins) and user_dn(3) in shown.out
    file = walk.folder / "plan"
    done = walk.here("plan", "-o", form, "-O", str(file))
    assert (done.code, done.out) == (2, "")
    assert file.read_text() == shown.out


def test_a_file_that_cannot_be_written_is_told(walk: Walk) -> None:
    done = walk.here("plan", "-O", str(walk.folder / "nowhere" / "plan.md"))
    done.assert_error(3, "the file cannot be written: No such file or directory")
