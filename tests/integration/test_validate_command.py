"""``syncramp validate`` as people run it: exit codes, both forms of output, standard input, files that are none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.documents import EXAMPLES, FOLDER
from syncramp.check.offline import unchecked
from syncramp.check.verdict import verdict
from syncramp.spec.document import read_documents
from syncramp.spec.schema import with_defaults

GOOD = str(EXAMPLES / "good.yaml")
GERMANY = str(EXAMPLES / "germany.yaml")
SEVERAL = str(EXAMPLES / "several.yaml")
GERMAN = (
    "the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 endpoint; "
    "tenants that were migrated use Commercial"
)
UNCHECKED = (
    "Not checked offline: Secrets and ConfigMaps; the directories; the LDIF files; the tenant (sign-in, verified "
    "domains,\n  the attribute of its anchors); other SyncConfigs of the cluster; what must not change (--old)\n"
)
V1 = "the V1 endpoint is not supported, it cannot hold groups above 50,000 members; remove the field or say V2"


def syncramp(
    *arguments: str, text: str | bytes = b"", folder: Path | None = None, encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("syncramp")), *arguments],
        input=text.encode() if isinstance(text, str) else text,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": encoding},
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)
    )


def refused(name: str, **process: Any) -> dict[str, Any]:
    """The one finding on a file that is refused as a whole."""
    done = syncramp("validate", "-o", "json", name, **process)
    assert done.returncode == 3
    (told,) = json.loads(done.stdout)["documents"]
    assert (told["file"], told["document"], told["name"], told["ok"]) == (name, None, None, False)
    (finding,) = told["findings"]
    assert finding["path"] == ""
    assert finding["remedy"]
    return dict(finding)


def test_a_document_that_is_accepted_ends_with_0() -> None:
    done = syncramp("validate", GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"OK  {GOOD} (contoso)\n{UNCHECKED}", "")


def test_germany_and_v1_are_refused_with_the_reason_and_what_to_do() -> None:
    done = syncramp("validate", GERMANY)
    assert done.returncode == 3
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"BAD {GERMANY} (altlast): 2 findings",
        "  spec.target.cloud, line 8",
        '    value:  "Germany"',
        f"    reason: {GERMAN}",
        "    remedy: set cloud: Commercial if the tenant was migrated",
        "  spec.target.endpoint.version, line 14",
        '    value:  "V1"',
        f"    reason: {V1}",
        "    remedy: remove the field or set version: V2",
    ]


def test_one_bad_file_among_several_is_told_and_the_others_are_judged() -> None:
    done = syncramp("validate", GOOD, "none.yaml", GERMANY, str(FOLDER / "minimal.yaml"))
    assert done.returncode == 3
    assert [line for line in done.stdout.splitlines() if line.startswith(("OK ", "BAD"))] == [
        f"OK  {GOOD} (contoso)",
        "BAD none.yaml: 1 finding",
        f"BAD {GERMANY} (altlast): 2 findings",
        f"OK  {FOLDER / 'minimal.yaml'} (minimal)",
    ]


def test_every_document_of_a_file_has_its_own_lines() -> None:
    done = syncramp("validate", SEVERAL)
    assert done.returncode == 3
    assert [line for line in done.stdout.splitlines() if line.startswith(("OK ", "BAD"))] == [
        f"OK  {SEVERAL} (first)",
        f"BAD {SEVERAL} (second): 9 findings",
        f"BAD {SEVERAL} (third): 1 finding",
    ]
    assert "hunter2" not in done.stdout


def test_the_json_form_holds_what_the_text_says() -> None:
    done = syncramp("validate", GOOD, SEVERAL, "-o", "json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert list(told) == ["version", "documents"]
    assert told["version"] == 1
    documents = [*read_documents(GOOD), *read_documents(SEVERAL)]
    assert told["documents"] == [
        {
            "file": file,
            "document": number,
            "name": document.data["metadata"]["name"],
            "ok": not verdict(document),
            "compared": False,
            "findings": [found.as_json() for found in verdict(document)],
            "unchecked": [] if verdict(document) else unchecked(with_defaults(document.data), compared=False),
        }
        for document, (file, number) in zip(
            documents, [(GOOD, 1), (SEVERAL, 1), (SEVERAL, 2), (SEVERAL, 3)], strict=True
        )
    ]
    finding = told["documents"][2]["findings"][0]
    assert set(finding) == {"path", "line", "value", "reason", "remedy", "forbidden", "stands"}


def test_the_json_form_is_plain_where_all_is_well() -> None:
    done = syncramp("validate", "--output", "json", GOOD)
    assert done.returncode == 0
    (told,) = json.loads(done.stdout)["documents"]
    assert told.pop("unchecked")
    assert told == {
        "file": GOOD,
        "document": 1,
        "name": "contoso",
        "ok": True,
        "compared": False,
        "findings": [],
    }


def test_a_document_is_read_from_standard_input() -> None:
    text = Path(GERMANY).read_text(encoding="utf-8")
    done = syncramp("validate", "-", text=text)
    assert done.returncode == 3
    assert done.stdout.startswith("BAD - (altlast): 2 findings\n  spec.target.cloud, line 8\n")
    done = syncramp("validate", GOOD, "-", text=Path(GOOD).read_text(encoding="utf-8"))
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "OK  - (contoso)")


def test_standard_input_is_read_once() -> None:
    done = syncramp("validate", "-", "-", text=Path(GOOD).read_text(encoding="utf-8"))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: -: standard input can be read once; name - once\n"


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "Mül日"), ("latin-1", r"Mül\u65e5")])
def test_what_a_terminal_cannot_show_is_escaped(encoding: str, shown: str) -> None:
    text = Path(GOOD).read_text(encoding="utf-8").replace("mode: Sync", "mode: Mül日")
    done = syncramp("validate", "-", text=text, encoding=encoding)
    assert done.returncode == 3
    assert f'    value:  "{shown}"\n' in done.stdout


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", None, "the file holds no document"),
        (b"---\n# nothing\n---\n~\n", None, "the file holds no document"),
        (bytes(range(128, 256)), 1, "this is no UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", 1, "this is no YAML: it holds a control character"),
        (b"a: 1\nb: c: d\n", 2, "this is no YAML: mapping values are not allowed here"),
        (b"a: 1\n\tb: 2\n", 2, "this is no YAML: a tab stands where only spaces may"),
        (b"a" * 1_000_001, None, "the file is larger than 1,000,000 bytes"),
    ],
    ids=["empty", "only empty documents", "bytes", "a program", "no YAML", "a tab", "too large"],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes, line: int | None, reason: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    for finding in (refused("a.yaml", folder=tmp_path), refused("-", text=content)):
        assert (finding["line"], finding["reason"]) == (line, reason)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locked.yaml").touch(mode=0o000)
    assert refused("none.yaml", folder=tmp_path)["reason"] == "the file cannot be read: No such file or directory"
    assert refused(".", folder=tmp_path)["reason"] == "the file cannot be read: Is a directory"
    if os.geteuid() != 0:  # root reads everything
        assert refused("locked.yaml", folder=tmp_path)["reason"] == "the file cannot be read: Permission denied"


def test_closed_standard_input_is_refused() -> None:
    command = f"exec {Path(sys.executable).with_name('syncramp')} validate - <&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert "standard input is closed" in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["validate", "none.yaml"]])
def test_a_full_disk_under_standard_output_is_told_in_a_sentence(arguments: list[str]) -> None:
    command = [str(Path(sys.executable).with_name("syncramp")), *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: what is to be said cannot be written: No space left on device\n",
    )


def test_a_secret_in_a_wrong_file_is_not_repeated(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: hunter2}\n"
    for text in (secret, "hunter2\n", "password: hunter2\n", "- hunter2\n", "{hunter2", "@hunter2", "*hunter2"):
        done = syncramp("validate", "-", text=text)
        assert done.returncode == 3
        assert "hunter2" not in done.stdout + done.stderr


WRONG = [
    *("", "nonsense", "--bogus", "validate", "validate --bogus", "validate -o xml a.yaml", "validate a.yaml -o"),
    *("plan", "plan --bogus a.yaml", "plan a.yaml b.yaml", "plan -o xml a.yaml", "plan none.yaml"),
    *("sync", "sync --bogus a.yaml", "sync a.yaml b.yaml", "sync none.yaml"),
    *("import", "import --bogus a.yaml", "import a.yaml b.yaml", "import none.yaml"),
    *("status", "status --bogus a.yaml", "status a.yaml b.yaml", "status none.yaml"),
    *("guards", "guards --bogus a.yaml", "guards a.yaml b.yaml", "guards -o html a.yaml", "guards none.yaml"),
    *("approve", "approve --bogus a.yaml", "approve none.yaml"),
    *("adopt", "adopt --bogus a.yaml", "adopt a.yaml b.yaml", "adopt none.yaml", "adopt --release none.yaml"),
    *("snapshot", "snapshot --bogus a.yaml", "snapshot a.yaml b.yaml -O x", "snapshot none.yaml -O x"),
    *("explain", "explain --bogus a.yaml x", "explain none.yaml x"),
    *("simulator --bogus", "simulator --port many", "simulator a.yaml"),
    *("ramp", "ramp show", "ramp show --bogus a.yaml", "ramp show -o text a.yaml", "ramp show none.yaml"),
    *("ramp status none.yaml", "ramp history none.yaml", "ramp promote a.yaml", "ramp promote none.yaml large"),
    *("ramp forecast none.yaml", "ramp suggest none.yaml"),
    *("source", "source nonsense", "source accept none.yaml corp", "source accept a.yaml", "source test none.yaml"),
    *("rules", "rules show --bogus", "rules show --kind Printer", "rules show none.yaml"),
    *("endpoint --bogus", "endpoint nonsense", "endpoint probe", "endpoint probe none.yaml"),
    *("demo --bogus", "demo --people many", "demo a.yaml"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_usage_of_every_command_ends_with_3_and_tells_it_on_standard_error(
    arguments: str, tmp_path: Path
) -> None:
    done = syncramp(*arguments.split(), folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(("Usage: syncramp", "error: none.yaml: ", "Error: Option '-o'"))
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_is_tested_for_every_command() -> None:
    from syncramp.cli import command_line

    app = command_line()
    commands = {command.callback.__name__.rstrip("_") for command in app.registered_commands if command.callback}
    commands |= {group.name for group in app.registered_groups}
    assert commands == {line.split()[0] for line in WRONG if line and line[0].islower()} - {"nonsense"}


@pytest.mark.parametrize("arguments", ["--help", "--version", "validate --help", "sync --help", "demo --help"])
def test_help_and_version_end_with_0(arguments: str) -> None:
    done = syncramp(*arguments.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def changed(tmp_path: Path, before: str, after: str, name: str = "changed.yaml") -> str:
    """The good document with one text replaced."""
    text = Path(GOOD).read_text(encoding="utf-8")
    assert before in text
    file = tmp_path / name
    file.write_text(text.replace(before, after), encoding="utf-8")
    return str(file)


def test_a_change_of_what_must_not_change_is_refused_and_any_other_is_not(tmp_path: Path) -> None:
    moved = changed(tmp_path, "cloud: Commercial", "cloud: China")
    done = syncramp("validate", moved, "--old", GOOD)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == f"BAD {moved} (contoso), compared: 1 finding"
    assert "is immutable; make a new SyncConfig for another cloud" in done.stdout
    done = syncramp("validate", changed(tmp_path, "mode: Sync", "mode: Plan"), "--old", GOOD)
    assert done.returncode == 0
    assert "--old" not in done.stdout
    assert "other SyncConfigs of the cluster" in done.stdout


def test_what_was_wrong_before_is_a_warning_and_is_refused_without_it(tmp_path: Path) -> None:
    old = changed(tmp_path, "cloud: Commercial", "cloud: Germany", "old.yaml")
    new = changed(tmp_path, "cloud: Commercial", "cloud: Germany").replace("old", "new")
    Path(new).write_text(Path(new).read_text(encoding="utf-8").replace("mode: Sync", "mode: Plan"), encoding="utf-8")
    done = syncramp("validate", new, "--old", old)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"OK  {new} (contoso), compared: 1 warning"
    assert "    stands: as before; a cluster keeps it, a run refuses it" in lines
    assert syncramp("validate", new).returncode == 3
    (told,) = json.loads(syncramp("validate", new, "--old", old, "-o", "json").stdout)["documents"]
    assert (told["ok"], told["compared"], told["findings"][0]["stands"]) == (True, True, True)


def test_a_document_is_compared_with_the_one_of_its_name_also_in_a_list(tmp_path: Path) -> None:
    text = Path(GOOD).read_text(encoding="utf-8").replace("cloud: Commercial", "cloud: China")
    items = "".join(f"- {line}\n" if line.startswith("apiVersion") else f"  {line}\n" for line in text.splitlines())
    done = syncramp("validate", GOOD, SEVERAL, "--old", "-", text=f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert "spec.target.cloud" in done.stdout
    assert f"BAD {GOOD} (contoso), compared: 1 finding" in done.stdout
    assert f"OK  {SEVERAL} (first)\n" in done.stdout, "there is none of this name, so it is new"


@pytest.mark.parametrize("text", ["{}\n", "5\n", ""])
def test_a_file_without_documents_before_is_refused(text: str) -> None:
    done = syncramp("validate", GOOD, "--old", "-", text=text)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: -: the file holds no document with a name; name the documents before\n"
