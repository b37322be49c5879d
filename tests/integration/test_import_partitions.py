"""``syncramp import``, alone and several beside each other, and the run that goes on from there."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from bench.directory import write
from support.parted import state
from support.postgresql import SECRET, Server, requires_postgresql
from support.slapd import PASSWORD, requires_slapd, slapd
from support.walk import Walk, walking
from syncramp.simulator.people import Forest
from syncramp.source import dn
from syncramp.store.database import locked, shared
from syncramp.store.places import Schema, schema_name
from syncramp.store.store import Store

STATE = f"postgresql:{SECRET}"
SMALL_PAGES = """\
import sys
from syncramp.cycle import parts
from syncramp.store import partitions
parts.PAGE, partitions.PAGE = 8, 20
from syncramp.cli import run
sys.exit(run(sys.argv[1:]))
"""
PEOPLE = 150


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        made.spec["mode"] = "Staging"
        yield made


# --- on a file ---------------------------------------------------------------------------------------------------


def test_what_was_imported_is_what_the_run_goes_on_from(walk: Walk) -> None:
    walk.spec["mode"] = "Sync"
    done = walk.here("import")
    assert (done.code, done.out) == (0, "Source corp: complete, 4 entries\n")
    assert walk.in_cloud() == set()
    walk.ldif.unlink()
    walk.ldif.write_text("nobody reads this")
    done = walk.again("sync", "--imported")
    assert done.code == 0 and "Source corp: complete, 4 entries, imported at 20" in done.out, done
    walk.assert_cloud_matches()
    assert walk.again("sync", "--imported").code == 1, "it is taken once"


def test_an_import_needs_no_secret_of_the_tenant(walk: Walk) -> None:
    for folder in ("entra-sync-secret", "simulator-ca", "simulator-wire"):
        for path in (walk.folder / "secrets" / folder).glob("*"):
            path.unlink()
    assert walk.here("import").code == 0


def test_the_names_of_all_parts_are_listed_and_nothing_is_read(walk: Walk) -> None:
    walk.spec["sources"].append({**walk.spec["sources"][0], "name": "labs"})
    assert walk.here("import", "--list").out == "corp/file\nlabs/file\n"
    assert walk.again("import", "--list", "-o", "json").json == {
        "version": 1,
        "parts": [
            {"name": "corp/file", "source": "corp", "partition": "file"},
            {"name": "labs/file", "source": "labs", "partition": "file"},
        ],
    }
    assert not walk.state.exists()


def _read(walk: Walk, *options: str) -> list[str]:
    done = walk.again("import", *options, "-o", "json")
    assert done.code == 0, done
    assert all(part["complete"] for part in done.json["sources"])
    return [part["source"] for part in done.json["sources"]]


def test_a_share_has_its_number_from_the_command_line_or_from_an_indexed_job(walk: Walk) -> None:
    first = walk.spec["sources"][0]
    walk.spec["sources"] = [{**first, "name": name} for name in ("corp", "labs", "shop")]
    walk.write()
    assert _read(walk, "--of", "2", "--index", "0") == ["corp", "shop"]
    with patch.dict(os.environ, {"JOB_COMPLETION_INDEX": "1"}):
        assert _read(walk, "--of", "2") == ["labs"]
        assert _read(walk, "--partition", "shop") == ["shop"]
        walk.again("import").assert_error(3, "--of: a share needs its number and how many there are")
    assert _read(walk, "--of", "5", "--index", "4") == []
    assert walk.again("import", "--of", "5", "--index", "4").out == "Nothing to import: this share has no part\n"
    walk.again("import", "--of", "2").assert_error(3, "--index: a share needs its number")
    walk.again("import", "--list", "--of", "2").assert_error(3, "--list: it names all parts; leave --of out")
    walk.again("import", "--of", "2", "--index", "2").assert_error(3, "there is no share 2 of 2")
    walk.again("import", "--of", "2", "--partition", "corp").assert_error(3, "parts that are named are not dealt out")
    walk.again("import", "--partition", "hr").assert_error(3, "the document has no source 'hr'", "corp, labs, shop")
    walk.again("import", "--partition", "corp/DC=x").assert_error(3, "there is no part corp/DC=x", "corp/file")


def test_a_part_that_is_cut_is_told_and_not_proven(walk: Walk) -> None:
    walk.write()
    walk.ldif.write_text(walk.ldif.read_text().replace("# returned 4", "# returned 5"))
    done = walk.again("import")
    assert done.code == 1 and done.out.startswith("Source corp: NOT complete: "), done
    done = walk.sync("--imported")
    assert done.code in (0, 2) and "imported at" not in done.out, "the run reads it itself"


def test_a_document_that_keeps_nothing_cannot_be_imported(walk: Walk) -> None:
    walk.spec["mode"] = "Plan"
    walk.here("import").assert_error(3, "spec.mode: a document whose mode is Plan keeps nothing", "Staging")
    walk.spec["mode"] = "Sync"
    walk.here("sync", "--full", "--imported").assert_error(3, "--imported: what was imported is not read whole again")


def test_a_store_in_a_file_has_one_importer_or_one_run(walk: Walk) -> None:
    assert walk.here("import").code == 0
    with locked(walk.state):
        walk.again("import").assert_error(1, f"{walk.state}: another run or import holds the store", "wait until")


# --- on a server -------------------------------------------------------------------------------------------------


@requires_postgresql
def test_importers_hold_a_store_in_a_server_together_and_a_run_alone(walk: Walk, postgresql: Server) -> None:
    _shelve(walk, postgresql)
    schema = Schema(postgresql.uri, schema_name("default", "walk"), SECRET)
    postgresql.drop(schema)
    assert walk.here("import", "--state", STATE).code == 0
    with shared(schema) as place, closing(Store(place, dn.key)) as other:
        assert walk.again("import", "--state", STATE).code == 0
        walk.again("sync", "--state", STATE).assert_error(1, "another run or import holds the store")
        assert other.staging.hold(other.staging.source_id("corp"), "file")
        walk.again("import", "--state", STATE).assert_error(1, "corp/file: another importer reads this part")
    with locked(schema) as place, closing(Store(place, dn.key)):
        walk.again("import", "--state", STATE).assert_error(1, "a run holds the store", "wait until it has ended")
    assert walk.again("sync", "--imported", "--state", STATE).code in (0, 2)


def _shelve(walk: Walk, server: Server) -> None:
    path = walk.folder / "secrets" / SECRET / "uri"
    path.parent.mkdir(exist_ok=True)
    path.write_text(server.uri, "utf-8")


@dataclass
class Twins:
    """One document twice, under two names: each has a store of its own."""

    walk: Walk
    server: Server
    names: Sequence[str]

    def document(self, name: str) -> str:
        path = self.walk.folder / f"{name}.yaml"
        path.write_text(self.walk.text().replace("name: walk", f"name: {name}"), "utf-8")
        return str(path)

    def state(self, name: str) -> dict[str, object]:
        with closing(Store(Schema(self.server.uri, schema_name("default", name), SECRET), dn.key)) as store:
            assert not store.database.all("SELECT partition FROM imports UNION SELECT partition FROM staged_links")
            return state(store)

    def run(self, name: str, *options: str) -> dict[str, object]:
        Path(self.document(name)).rename(self.walk.document)
        done = self.walk.again("sync", "--state", STATE, "-o", "json", *options)
        assert done.code in (0, 2), done
        report: dict[str, object] = done.json
        return report

    def wait_for(self, name: str, entries: int, importers: "Sequence[subprocess.Popen[str]]") -> None:
        """Until a store has more than so many, as somebody sees it from outside, or all importers have ended."""
        schema = schema_name("default", name)
        while any(each.poll() is None for each in importers):
            time.sleep(0.02)
            ((made,),) = self.server.execute(f"SELECT to_regclass('{schema}.entries') IS NOT NULL")
            if made and self.server.execute(f"SELECT COUNT(*) > {entries} FROM {schema}.entries") == [(True,)]:
                return

    def importer(self, name: str, source: str) -> "subprocess.Popen[str]":
        options = ["import", self.document(name), "--state", STATE, "--partition", source, "-o", "json"]
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", SMALL_PAGES, *options]
        return subprocess.Popen(command, text=True, cwd=self.walk.folder, stdout=pipe, stderr=pipe)


@pytest.fixture
def twins(walk: Walk, postgresql: Server) -> Iterator[Twins]:
    """Three sources with people, groups and OUs: a slapd and two files."""
    _shelve(walk, postgresql)
    walk.spec["sources"], names = [], ["corp0", "corp1", "corp2"]
    with ExitStack() as stack:
        for number, name in enumerate(names):
            forest = Forest(name, "Example Corp", PEOPLE, 11 + number)
            path = walk.folder / f"{name}.ldif"
            write(path, PEOPLE, forest=forest)
            access: dict[str, object] = {"ldif": {"path": path.name, "entries": path.read_text().count("\ndn:") + 1}}
            if not number:
                (home := walk.folder / "slapd").mkdir()
                server = stack.enter_context(slapd(home, path, base=forest.base))
                for key, text in (
                    ("reader/username", f"cn=admin,{forest.base}"),
                    ("reader/password", PASSWORD),
                    ("directory-ca/ca.crt", server.ca.decode()),
                ):
                    (secret := walk.folder / "secrets" / key).parent.mkdir(exist_ok=True)
                    secret.write_text(text, "utf-8")
                ca = {"ca": {"secretKeyRef": {"name": "directory-ca"}}}
                access = {"ldap": {"servers": [server.ldaps], "tls": ca, "bind": {"secretRef": {"name": "reader"}}}}
            walk.spec["sources"].append({"name": name, **access, "scope": [{"dn": forest.base}]})
        for twin in ("calm", "wild"):
            postgresql.drop(Schema(postgresql.uri, schema_name("default", twin), SECRET))
        yield Twins(walk, postgresql, names)


@requires_postgresql
@requires_slapd
def test_importers_that_are_killed_and_started_again_come_to_what_one_run_comes_to(twins: Twins) -> None:
    expected = twins.run("calm")
    chance, killed = random.Random(5), 0
    for most in (60, 400):
        importers = [twins.importer("wild", name) for name in twins.names]
        twins.wait_for("wild", chance.randrange(most), importers)
        for each in chance.sample(importers, 2):
            each.kill()
        killed += sum(each.wait() < 0 for each in importers)
        _close(importers)
    assert killed
    _all_prove(twins)
    found = twins.run("wild", "--imported")
    assert [source["imported"] is not None for source in found["sources"]] == [True] * 3  # type: ignore[attr-defined]
    for member in ("digest", "counts", "objects", "links", "unresolved_members", "violations"):
        assert found[member] == expected[member], member
    calm, wild = twins.state("calm"), twins.state("wild")
    for table in calm:
        assert wild[table] == calm[table], table


def _all_prove(twins: Twins) -> None:
    importers = [twins.importer("wild", name) for name in twins.names]
    for each in importers:
        out, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
        assert [source["complete"] for source in json.loads(out)["sources"]] == [True]


def _close(processes: "Sequence[subprocess.Popen[str]]") -> None:
    for each in processes:
        each.communicate(timeout=120)
