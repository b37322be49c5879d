"""Who tells the members of groups of the cloud: the read-back, or Microsoft Graph, and from one to the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.model import Crash
from support.simulator import HandClock, quick_tenant
from support.tenant_cloud import engine_of, known, look, wanting
from syncramp.cycle.job import Writeback
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.intake import take_in
from syncramp.endpoint.facts import QUESTIONS
from syncramp.endpoint.profile import WireProfile, members_told_by
from syncramp.model.cloud import GroupsPage, SeenGroup, Teller
from syncramp.spec.types import Cloud, MembersFrom
from syncramp.store.store import Store


def profile(members: str | None) -> WireProfile:
    question = QUESTIONS["readBack.members"]
    fact = question.not_tried("no call") if members is None else question.answered(members, "seen")
    return WireProfile(datetime.now(UTC), "0.1.0", Cloud.COMMERCIAL, "host", "tenant", {"readBack.members": fact})


@pytest.mark.parametrize(
    ("asked", "seen", "told"),
    [
        (MembersFrom.AUTO, "not at all", MembersFrom.GRAPH),
        (MembersFrom.AUTO, "changes", MembersFrom.READ_BACK),
        (MembersFrom.AUTO, "list", MembersFrom.READ_BACK),
        (MembersFrom.AUTO, None, MembersFrom.READ_BACK),
        (MembersFrom.READ_BACK, "not at all", MembersFrom.READ_BACK),
        (MembersFrom.GRAPH, "changes", MembersFrom.GRAPH),
    ],
)
def test_graph_is_asked_where_the_read_back_shows_no_members_unless_the_document_says(
    asked: MembersFrom, seen: str | None, told: MembersFrom
) -> None:
    assert members_told_by(asked, profile(seen)) is told


def test_without_a_profile_the_read_back_tells() -> None:
    assert members_told_by(MembersFrom.AUTO, None) is MembersFrom.READ_BACK


@dataclass
class Telling:
    """A Graph that gives pages, and knows who is gone for good."""

    pages: list[GroupsPage]
    gone: set[str] = field(default_factory=set)
    asked: list[str | None] = field(default_factory=list)
    dies: bool = False

    def groups(self, cursor: str | None) -> Iterator[GroupsPage]:
        self.asked.append(cursor)
        if self.dies:
            raise Crash
        yield from self.pages

    def hard_deleted(self, object_id: str) -> bool:
        return object_id in self.gone


def ask(store: Store, graph: Telling | None, folder: Path) -> None:
    engine = engine_of(quick_tenant(HandClock()), folder / "none.db", HandClock())
    config = wanting(members=MembersFrom.GRAPH)
    assert config.writeback is not None
    other = Writeback(config.writeback, store, store, None, graph=graph)  # type: ignore[arg-type]
    take_in(replace(engine.job(store), writeback=other), Phase("import", engine.events.append, "group"))


def test_graph_takes_over_from_the_read_back_and_gives_back(tmp_path: Path) -> None:
    clock = HandClock()
    tenant = quick_tenant(clock)
    someone, other = (tenant.portal.add_user(f"{name}@x.example") for name in ("some", "other"))
    team = tenant.portal.add_group("team", [someone])
    engine = engine_of(tenant, tmp_path / "state.db", clock)
    object_id = team.removeprefix("Group_")
    with engine.store() as store:
        look(engine, store)
        engine.config = wanting(members=MembersFrom.GRAPH)
        told = SeenGroup({"displayName": "By Graph"}, merges=True, adds=[other.lower()])
        graph = Telling([GroupsPage([(object_id, told)], "/v1.0/next", ended=True)])
        ask(store, graph, tmp_path)
        tenant.portal.change(team, Description="The read-back says so")
        look(engine, store)
        assert known(store) == {team: {other.lower()}}
        assert [one.attributes["displayName"] for one in store.cloud.all()] == ["By Graph"]
        ask(store, graph, tmp_path)
        assert graph.asked == [None, "/v1.0/next"]
        engine.config = wanting(members=MembersFrom.READ_BACK)
        look(engine, store)
        assert known(store) == {team: {someone.lower()}}
        assert not store.cloud.intake.complete(Teller.GRAPH)
        calls = tenant.calls["read_back"]
        look(engine, store)
        assert tenant.calls["read_back"] == calls + 1
        engine.config = wanting(members=MembersFrom.GRAPH)
        ask(store, graph, tmp_path)
        assert graph.asked[-1] is None


def test_a_group_that_came_twice_on_a_page_is_one(tmp_path: Path) -> None:
    engine = engine_of(quick_tenant(HandClock()), tmp_path / "state.db", HandClock())
    parts = [
        ("a", SeenGroup({"displayName": "A"}, merges=True, adds=["user_1"])),
        ("a", SeenGroup({"displayName": "A"}, merges=True, adds=["user_2"])),
    ]
    with engine.store() as store:
        ask(store, Telling([GroupsPage(parts, "c", ended=True)]), tmp_path)
        assert known(store) == {"Group_a": {"user_1", "user_2"}}


def test_only_who_was_deleted_without_a_word_of_it_is_asked_for_and_only_who_is_gone_is_gone(tmp_path: Path) -> None:
    engine = engine_of(quick_tenant(HandClock()), tmp_path / "state.db", HandClock())
    everybody = [(name, SeenGroup({}, merges=True)) for name in "abc"]
    graph = Telling([GroupsPage(everybody, "c", ended=True)], gone={"a", "c"})
    with engine.store() as store:
        ask(store, graph, tmp_path)
        with store.database.transaction():
            store.cloud.intake.forget(Teller.GRAPH)
        graph.pages = [GroupsPage(everybody[2:], "c", ended=True)]
        ask(store, graph, tmp_path)
        assert {one.object_id: one.state.value for one in store.cloud.all()} == {
            "a": "HardDeleted",
            "b": "Deleted",
            "c": "Live",
        }


def test_a_read_of_everything_that_dies_before_its_first_page_begins_there_again(tmp_path: Path) -> None:
    engine = engine_of(quick_tenant(HandClock()), tmp_path / "state.db", HandClock())
    graph = Telling([GroupsPage([("a", SeenGroup({}, merges=True))], "/v1.0/next", ended=True)])
    with engine.store() as store:
        ask(store, graph, tmp_path)
        with store.database.transaction():
            store.cloud.intake.forget(Teller.GRAPH)
        graph.dies = True
        with pytest.raises(Crash):
            ask(store, graph, tmp_path)
        graph.dies = False
        ask(store, graph, tmp_path)
        assert graph.asked == [None, None, None]


def test_without_graph_a_security_group_that_was_deleted_is_gone_before_groups_are_imported(tmp_path: Path) -> None:
    tenant = quick_tenant(HandClock())
    group, team = tenant.portal.add_group("plain", unified=False), tenant.portal.add_group("team")
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    with engine.store() as store:
        look(engine, store)
        for anchor in (group, team):
            tenant.portal.delete(anchor)
        look(engine, store)
        ask(store, None, tmp_path)
        states = {f"Group_{one.object_id}": one.state.value for one in store.cloud.all()}
        assert states == {group: "HardDeleted", team: "Deleted"}
