"""``syncramp plan --object``, ``--group`` and ``--kind`` where groups are written back: of both directions."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.directory_model import CONTAINER
from support.tenant_model import SECURITY, Tenant, mark, object_id
from support.written_back import DOCUMENT
from support.written_engine import WrittenEngine
from syncramp.cli import run
from syncramp.cycle.job import Job
from syncramp.errors import InputRefused, SourceUnavailable
from syncramp.explanation.choosing import Chosen, choose
from syncramp.source import dn
from syncramp.store.store import Store

Told = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.in_a_file("the command line is given a file")


@pytest.fixture
def engine(tmp_path: Path) -> WrittenEngine:
    """All Staff (7) has two people in both. A third came in, who has another title; Pilots (8) is new, with one."""
    made = WrittenEngine(tmp_path / "state.db", cloud=Tenant())
    made.employ(1, 2, 3)
    made.source.add(group(101))
    made.source.members[guid(101)] = [user_dn(1)]
    made.settle_back()
    staff = made.cloud_anchors(1, 2)
    made.tenant.given(7, staff, displayName="All Staff", mail="all@contoso.com", mailNickname="all")
    made.settle_back()
    made.tenant.join(7, *made.cloud_anchors(3))
    made.tenant.given(8, made.cloud_anchors(1), displayName="Pilots")
    made.source.add(user(3, title="Director"))
    return made


@pytest.fixture
def told(
    engine: WrittenEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Told:
    """The command, with the engine's directory and tenant in place of those of its document."""

    @contextmanager
    def job(*_: object, **__: object) -> Iterator[Job]:
        with engine.store() as store:
            yield engine.job(store, sends=False)

    monkeypatch.setattr("syncramp.session.opening.job", job)
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)

    def command(*options: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["plan", str(tmp_path / "syncconfig.yaml"), *options])
        return int(code), *capsys.readouterr()

    return command


def _parts(out: str) -> tuple[list[str], list[str]]:
    """Lines of each direction, without the one that counts."""
    cloud, _, directory = out.partition("\nIn Active Directory\n")
    return cloud.splitlines()[:-1], directory.splitlines()[:-1]


CALLED = f"CN=Group_{object_id(7)},{CONTAINER}"


@pytest.mark.parametrize("name", ["all staff", "all@contoso.com", object_id(7), f"Group_{object_id(7)}", CALLED])
def test_a_group_of_the_cloud_is_found_by_each_of_its_names(told: Told, name: str) -> None:
    code, out, error = told("--group", name)
    assert code == 2, error
    cloud, directory = _parts(out)
    assert cloud == []
    assert directory[0].lower().startswith(f"members group cn={mark(7)}") and directory[0].endswith(": +1 −0")
    assert [line for line in directory if line.startswith("  +")] == [f"  + {user_dn(3)}"]
    assert mark(8) not in out.lower()


def test_a_person_is_told_with_the_own_change_and_with_memberships_of_both_directions(told: Told) -> None:
    cloud, directory = _parts(told("--object", user_dn(3))[1])
    assert cloud[0].startswith(f"Update User {user_dn(3)}")
    assert [line.lower()[: len("members group cn=group_")] for line in directory[:1]] == ["members group cn=group_"]
    assert directory[1:] == [f"  + {user_dn(3)}"]
    assert _parts(told("--object", "user3@corp.example.com")[1]) == (cloud, directory), (
        "the ledger knows no such name"
    )
    cloud, directory = _parts(told("--object", user_dn(2))[1])
    assert cloud == directory == []


def test_what_is_asked_for_in_several_ways_must_be_so_in_all_of_them(told: Told) -> None:
    cloud, directory = _parts(told("--group", "Pilots", "--object", user_dn(1))[1])
    assert cloud == [] and directory[0].lower().startswith(f"members group cn={mark(8)}")
    assert _parts(told("--group", "Pilots", "--object", user_dn(3))[1]) == ([], [])


def test_a_kind_is_of_both_directions(told: Told) -> None:
    cloud, directory = _parts(told("--kind", "User")[1])
    assert cloud and not directory
    cloud, directory = _parts(told("--kind", "Group")[1])
    assert not cloud
    assert {line.split()[0] for line in directory if not line.startswith(" ")} == {"Create", "Members"}


def test_the_json_has_the_changes_that_were_asked_for_of_each_direction(told: Told) -> None:
    body = json.loads(told("--group", "Pilots", "-o", "json")[1])
    assert body["changes"] == [] and body["asked"] == {"groups": ["Pilots"]}
    assert {change["anchor"] for change in body["writeback_changes"]} == {mark(8)}
    body = json.loads(told("--object", user_dn(3), "-o", "json")[1])
    assert [change["verb"] for change in body["changes"]] == ["Update"]
    assert [(change["verb"], change["anchor"]) for change in body["writeback_changes"]] == [("Members", mark(7))]


def test_a_comment_names_only_what_was_asked_for(told: Told) -> None:
    out = told("--group", "Pilots", "-o", "markdown")[1].lower()
    assert f"members group `cn={mark(8)}" in out and f"members group `cn={mark(7)}" not in out


def test_a_name_of_neither_direction_is_refused(told: Told) -> None:
    code, _, error = told("--group", "Nobody")
    assert code == 3 and "nothing that was read is known as 'Nobody'" in error


def test_a_group_of_the_cloud_is_known_though_nothing_of_it_is_written(engine: WrittenEngine, told: Told) -> None:
    engine.tenant.given(9, engine.cloud_anchors(1), displayName="Admins", **SECURITY, groupTypes=())
    code, out, error = told("--group", "Admins")
    assert code == 2, error
    assert _parts(out) == ([], [])


def test_a_group_of_the_cloud_is_known_before_the_directory_was_looked_at(engine: WrittenEngine, told: Told) -> None:
    engine.tenant.given(9, engine.cloud_anchors(1), displayName="Newcomers")
    engine.directory.fault = _away
    code, out, error = told("--group", "Newcomers")
    assert code == 1 and out.startswith("0 changes shown") and "In Active Directory" not in out, error


def test_a_group_of_the_cloud_is_known_though_the_ledger_is_a_new_one(engine: WrittenEngine, tmp_path: Path) -> None:
    with engine.store() as store, closing(Store(tmp_path / "new.db", dn.key)) as ledger:
        chosen = choose(store, ledger, engine.config, ["All Staff"], 1.0)
        assert chosen == Chosen()
        with pytest.raises(InputRefused, match="nothing that was read is known as 'Nobody'"):
            choose(store, ledger, engine.config, ["All Staff", "Nobody"], 1.0)


def _away(moment: str) -> None:
    raise SourceUnavailable("dc1 does not answer")


def test_an_entry_of_the_directory_is_the_group_whose_mark_it_carries(engine: WrittenEngine, told: Told) -> None:
    engine.source.add(group(102, adminDescription=f"Group_{object_id(7)}"))
    cloud, directory = _parts(told("--group", group(102).dn)[1])
    assert cloud == [] and directory[1:] == [f"  + {user_dn(3)}"]
