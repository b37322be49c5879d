"""What people do to directories, done to each kind of directory and brought into a cloud by the engine.

Nothing is lost, and nobody is deleted who is only called otherwise; the next run repairs what one could not know.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from support import samba, slapd
from support.living import ActiveDirectory, Double, File, Living, openldap
from support.scene import Scene, scene, scope
from syncramp.cycle.scoping import NOT_THERE, RENAMED
from syncramp.model.holds import Hold


def _file(folder: Path, request: pytest.FixtureRequest) -> Iterator[Living]:
    yield File(folder / "directory.ldif")


def _openldap(folder: Path, request: pytest.FixtureRequest) -> Iterator[Living]:
    (folder / "slapd").mkdir()
    with openldap(folder / "slapd") as running:
        yield running


def _samba(folder: Path, request: pytest.FixtureRequest) -> Iterator[Living]:
    domain = request.getfixturevalue("domain")
    top = domain.as_administrator.add_unit(f"Living {uuid4().hex[:8]}")
    yield ActiveDirectory(domain, top)


def _double(folder: Path, request: pytest.FixtureRequest) -> Iterator[Living]:
    made = Double(folder)
    with made.controller.running(folder):
        yield made


_MAKE: dict[str, Callable[[Path, pytest.FixtureRequest], Iterator[Living]]] = {
    "file": _file,
    "openldap": _openldap,
    "samba": _samba,
    "double": _double,
}
KINDS = [
    "file",
    pytest.param("openldap", marks=slapd.NEEDED),
    pytest.param("samba", marks=samba.needed()),
    "double",
]


@pytest.fixture(params=KINDS)
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    """Two units, two people and a group of both."""
    for made in _MAKE[request.param](tmp_path, request):
        made.unit("People")
        made.unit("Others")
        made.user("ann", "People")
        made.user("bob", "People")
        made.group("staff", "People", "ann", "bob")
        yield made


@pytest.fixture
def stage(directory: Living, tmp_path: Path) -> Scene:
    """The unit People, found by its GUID, in the cloud."""
    people = scope(directory, "People", guid=UUID(bytes_le=directory.nodes["People"].guid))
    made = scene(tmp_path / "state.db", directory, people)
    made.calm()
    assert made.there == {"ann", "bob", "staff"} and made.members("staff") == {"ann", "bob"}
    made.cloud.calls.clear()
    return made


def nothing_goes(stage: Scene) -> None:
    """Nobody is deleted; where groups do not follow their members, those are lost to them."""
    assert not stage.plan.counts.get("Delete")
    assert stage.plan.holds.keys() <= ({"UnresolvedMember"} if stage.directory.dangles else set())


def test_a_unit_that_is_renamed_takes_its_people_along_and_changes_nobody(directory: Living, stage: Scene) -> None:
    directory.rename("People", "OU=Staff")
    report = stage.go()
    nothing_goes(stage)
    assert stage.there == {"ann", "bob", "staff"} and stage.members("staff") == {"ann", "bob"}
    assert all(source.complete for source in report.sources)
    assert [sample.dn for sample in report.warning_samples[RENAMED]] == [directory.dn("People")]
    directory.change("ann", displayName="anna")
    stage.calm()
    assert stage.there == {"anna", "bob", "staff"}


def test_a_unit_that_moves_out_of_scope_takes_its_people_along_and_brings_them_back(
    directory: Living, stage: Scene
) -> None:
    directory.unit("Team", "People")
    directory.user("cid", "Team")
    directory.join("staff", "cid")
    stage.calm()
    assert stage.members("staff") == {"ann", "bob", "cid"}
    directory.rename("Team", below="Others")
    stage.calm()
    assert stage.there == {"ann", "bob", "staff"} and stage.members("staff") == {"ann", "bob"}
    directory.rename("Team", below="People")
    stage.calm()
    assert stage.there == {"ann", "bob", "cid", "staff"}
    if not directory.dangles:
        assert stage.members("staff") == {"ann", "bob", "cid"}


def test_who_stops_matching_leaves_and_who_matches_again_returns(directory: Living, tmp_path: Path) -> None:
    made = scene(tmp_path / "state.db", directory, scope(directory, "People", filter="(!(description=leaver))"))
    made.calm()
    directory.change("ann", description="leaver")
    made.calm()
    assert made.there == {"bob", "staff"} and made.members("staff") == {"bob"}
    directory.change("ann", description="")
    made.calm()
    assert made.there == {"ann", "bob", "staff"} and made.members("staff") == {"ann", "bob"}


def test_a_group_may_be_imported_before_its_members(directory: Living, tmp_path: Path) -> None:
    directory.user("cid", "Others")
    directory.group("early", "People", "cid", "ann")
    made = scene(tmp_path / "state.db", directory, scope(directory, "People"))
    made.calm()
    assert made.members("early") == {"ann"}
    made.scopes = (*made.scopes, scope(directory, "Others"))
    made.calm()
    assert made.members("early") == {"ann", "cid"}


def test_who_leaves_the_scope_and_returns_is_a_member_again(directory: Living, stage: Scene) -> None:
    if directory.dangles:  # without referential integrity nobody tells the group of another name
        pytest.skip("groups of this server do not follow their members")
    directory.rename("ann", below="Others")
    stage.calm()
    assert stage.there == {"bob", "staff"} and stage.members("staff") == {"bob"}
    directory.rename("ann", below="People")
    stage.calm()
    assert stage.members("staff") == {"ann", "bob"}


def test_who_is_deleted_leaves_the_groups_and_may_be_restored(directory: Living, stage: Scene) -> None:
    node = directory.delete("ann")
    for _ in range(3):
        report = stage.go()
    assert report.settled
    assert stage.there == {"bob", "staff"} and stage.members("staff") == {"bob"}
    if directory.restores:
        directory.restore("ann", node)
        directory.change("ann", displayName="ann")
        stage.calm()
        assert stage.there == {"ann", "bob", "staff"}
        assert stage.members("staff") == ({"ann", "bob"} if directory.revives_links else {"bob"})


NAMES = ["Müller, Ada", 'O\'Neil "Bo"', "#hash", "a+b=c; <d>", "back\\slash", "漢字", "trailing\xa0", "two  spaces"]


def test_names_may_hold_whatever_a_dn_can_escape(directory: Living, stage: Scene) -> None:
    odd = {f"odd{number}": name for number, name in enumerate(NAMES) if name not in directory.refuses}
    for name, cn in odd.items():
        directory.user(name, "People", cn=cn)
    directory.unit("Odd, unit", "People", rdn=r"OU=Odd\, unit")
    directory.user("below", "Odd, unit")
    directory.join("staff", "below", *odd)
    stage.calm()
    assert stage.members("staff") == {"ann", "bob", "below", *odd}
    directory.rename("Odd, unit", r"OU=Odd\# unit")
    stage.go()
    assert not stage.plan.counts.get("Delete") and "below" in stage.there
    assert stage.members("staff") == {"ann", "bob", "below", *odd}


def test_nested_groups_may_go_in_a_circle(directory: Living, stage: Scene) -> None:
    directory.group("inner", "People", "ann", "staff")
    directory.join("staff", "inner")
    stage.calm()
    assert stage.members("staff") == {"ann", "bob", "inner"} and stage.members("inner") == {"ann", "staff"}


def test_a_base_that_is_deleted_stalls_its_source_and_deletes_nobody(directory: Living, stage: Scene) -> None:
    for name in ("ann", "bob", "staff"):
        directory.rename(name, below="Others")
    directory.delete("People")
    for _ in range(3):
        report = stage.go()
        assert not report.succeeded and stage.there == {"ann", "bob", "staff"}
    (told,) = [source.reason for source in report.sources if not source.complete]
    assert "has the GUID" in told and "remove the scope" in told


def test_a_base_without_a_guid_that_is_renamed_stalls_its_source_until_the_document_follows(
    directory: Living, tmp_path: Path
) -> None:
    made = scene(tmp_path / "state.db", directory, scope(directory, "People"))
    made.calm()
    directory.rename("People", "OU=Staff")
    for _ in range(3):
        report = made.go()
        assert not report.succeeded and made.there == {"ann", "bob", "staff"}
    (told,) = [source.reason for source in report.sources if not source.complete]
    assert "is not there; if it was renamed, name it by guid" in told
    made.scopes = (scope(directory, "People"),)
    made.calm()
    nothing_goes(made)
    assert made.there == {"ann", "bob", "staff"}


def test_who_is_in_the_pilot_group_comes_and_who_leaves_it_goes(directory: Living, tmp_path: Path) -> None:
    directory.group("pilot", "Others", "ann", "staff")
    made = scene(tmp_path / "state.db", directory, scope(directory, "People", group=directory.dn("pilot")))
    made.calm()
    assert made.there == {"ann", "staff"} and made.members("staff") == {"ann"}
    directory.join("pilot", "bob")
    directory.leave("pilot", "ann")
    made.calm()
    assert made.there == {"bob", "staff"} and made.members("staff") == {"bob"}
    directory.delete("pilot")
    for _ in range(3):
        report = made.go()
        assert not report.succeeded and made.there == {"bob", "staff"}
    assert "the pilot group" in report.sources[-1].reason and "is not there" in report.sources[-1].reason


def test_a_subtree_that_is_left_out_and_renamed_is_warned_of(directory: Living, tmp_path: Path) -> None:
    directory.unit("Service", "People")
    directory.user("robot", "Service")
    made = scene(tmp_path / "state.db", directory, scope(directory, "People", exclude=(directory.dn("Service"),)))
    report = made.calm()
    assert made.there == {"ann", "bob", "staff"} and NOT_THERE not in report.warnings
    directory.rename("Service", "OU=Robots")
    report = made.go()
    assert [sample.dn for sample in report.warning_samples[NOT_THERE]] == [made.scopes[0].exclude[0]]


def test_a_value_that_is_no_text_is_kept_back_and_nothing_else_of_its_object(directory: Living, stage: Scene) -> None:
    if not directory.takes_bytes:
        pytest.skip("this server refuses such a value itself")
    directory.change("ann", displayName=b"\xff\xfe\x00bytes", description="changed")
    report = stage.go()
    nothing_goes(stage)
    assert stage.there == {"ann", "bob", "staff"} and stage.holds("ann")["description"] == "changed"
    assert [sample.dn for samples in report.warning_samples.values() for sample in samples] == [directory.dn("ann")]
    directory.change("ann", displayName="anna")
    stage.calm()
    assert stage.there == {"anna", "bob", "staff"}


def test_who_is_in_two_sources_with_one_guid_belongs_to_the_first_and_the_other_waits(
    directory: Living, tmp_path: Path
) -> None:
    made = scene(tmp_path / "state.db", directory, scope(directory, "People"), sources=("corp", "again"))
    for _ in range(2):
        report = made.go()
    assert all(read.complete for read in report.sources)
    assert report.holds[Hold.ANCHOR] == 3 and not made.plan.counts.get("Delete")
    told = made.plan.hold_samples[Hold.ANCHOR]
    assert all("belongs to another object" in sample.detail for sample in told)
    assert made.there == {"ann", "bob", "staff"} and made.members("staff") == {"ann", "bob"}
    made.others["again"] = [scope(directory, "Others")]
    made.calm()
    assert made.there == {"ann", "bob", "staff"} and made.members("staff") == {"ann", "bob"}
