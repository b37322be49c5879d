"""Groups of the cloud by Microsoft Graph, over real sockets: what is known is what the tenant has."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.graphed import Graphed, graphed
from support.model import Crash
from support.office import Office, steps
from support.simulator import put
from support.tenant_cloud import known, truth
from syncramp.endpoint.https import Answer
from syncramp.errors import AccessDenied, CredentialsRefused, EndpointUnavailable, ServiceRefused, Stopped
from syncramp.model.cloud import CloudState, Teller
from syncramp.simulator.faults import GRAPH, Calls, Kind, Rule, Script
from syncramp.simulator.graph import Graph as SimulatedGraph


def asked(made: Graphed) -> int:
    return made.tenant.journal.count("calls").get(GRAPH, 0)


@settings(max_examples=8, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.tuples(steps, st.sampled_from(["delta", "everything", "killed"]), st.integers(0, 3)), max_size=4),
)
def test_what_is_known_is_what_the_tenant_has_whatever_the_pages_and_whenever_a_read_was_killed(
    page: int, most: int, rounds: list
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with graphed(Path(folder), graph_page_size=page, most_links=most) as made:
            office = Office(made.tenant)
            for actions, way, after in rounds:
                for action in actions:
                    office.act(*action)
                with made.store() as store:
                    if way == "everything":
                        with store.database.transaction():
                            store.cloud.intake.forget(Teller.GRAPH)
                    if way == "killed":
                        made.reader.after = after
                        with suppress(Crash):
                            made.take_in(store)
                        made.reader.after = -1
                        office.act("rename", after, 0)
                    made.take_in(store)
                    assert known(store) == truth(made.tenant)
                    if way == "killed":
                        made.take_in(store)  # what changed behind the pages that were kept
                    seq = store.cloud.seq()
                    made.take_in(store)
                    assert store.cloud.seq() == seq


def test_groups_that_a_directory_masters_are_left_out_and_attributes_are_kept(tmp_path: Path) -> None:
    with graphed(tmp_path) as made, made.store() as store:
        made.tenant.provision([put("g", "Group", displayName="From AD")])
        team = made.tenant.portal.add_group("team", Visibility="Private")
        roles = made.tenant.portal.add_group("roles", unified=False, IsAssignableToRole=True)
        made.take_in(store)
        told = {f"Group_{one.object_id}": one.attributes for one in store.cloud.all()}
        assert told == {
            team: {
                "displayName": "team",
                "description": "Everything about team",
                "groupTypes": ("Unified",),
                "mail": "team@simulated.onmicrosoft.com",
                "mailEnabled": True,
                "mailNickname": "team",
                "proxyAddresses": ("SMTP:team@simulated.onmicrosoft.com",),
                "securityEnabled": False,
                "visibility": "Private",
            },
            roles: {
                "displayName": "roles",
                "isAssignableToRole": True,
                "mailEnabled": False,
                "securityEnabled": True,
            },
        }
        made.tenant.portal.change(team, Description=None)
        made.take_in(store)
        assert "description" not in {f"Group_{one.object_id}": one for one in store.cloud.all()}[team].attributes


def test_a_deleted_team_waits_in_the_bin_and_is_gone_by_graphs_word(tmp_path: Path) -> None:
    with graphed(tmp_path) as made, made.store() as store:
        team = made.tenant.portal.add_group("team")
        group = made.tenant.portal.add_group("plain", unified=False)
        states = []
        for act in (None, made.tenant.portal.delete, made.tenant.portal.restore, made.tenant.portal.delete):
            if act is not None:
                act(team)
            made.take_in(store)
            made.take_in(store)  # of who was restored all members are read
            states.append({f"Group_{one.object_id}": one.state for one in store.cloud.all()}[team])
        made.tenant.portal.purge(team)
        made.tenant.portal.delete(group)
        made.take_in(store)
        assert states == [CloudState.LIVE, CloudState.BIN, CloudState.LIVE, CloudState.BIN]
        assert {one.state for one in store.cloud.all()} == {CloudState.GONE}


def test_of_a_group_that_was_not_shown_any_more_graph_is_asked_whether_it_can_come_back(tmp_path: Path) -> None:
    with graphed(tmp_path) as made, made.store() as store:
        binned, gone, there = (made.tenant.portal.add_group(name) for name in ("binned", "gone", "there"))
        made.take_in(store)
        for team in (binned, gone):
            made.tenant.portal.delete(team)
        made.tenant.portal.purge(gone)
        with store.database.transaction():
            store.cloud.intake.forget(Teller.GRAPH)
        made.take_in(store)
        states = {f"Group_{one.object_id}": one.state for one in store.cloud.all()}
        assert states == {binned: CloudState.UNTOLD, gone: CloudState.GONE, there: CloudState.LIVE}


def test_a_cursor_that_graph_has_forgotten_makes_it_read_everything_again(tmp_path: Path) -> None:
    with graphed(tmp_path, cookie_lifetime=60.0) as made, made.store() as store:
        team = made.tenant.portal.add_group("team")
        made.take_in(store)
        made.clock.now += 61
        made.tenant.portal.delete(team)
        other = made.tenant.portal.add_group("other")
        made.take_in(store)
        assert known(store) == {other: set()}
        assert any("resyncRequired" in getattr(note, "text", "") for note in made.notes)


@pytest.mark.parametrize("kind", [Kind.BUSY, Kind.UNAVAILABLE, Kind.EXPIRED_TOKEN])
def test_patience_that_is_asked_for_is_had(tmp_path: Path, kind: Kind) -> None:
    script = Script((Rule(kind, operation=GRAPH, calls=Calls(1, 1 if kind is Kind.EXPIRED_TOKEN else 3)),))
    with graphed(tmp_path, script) as made, made.store() as store:
        team = made.tenant.portal.add_group("team")
        made.take_in(store)
        assert known(store) == {team: set()}
        assert asked(made) == (2 if kind is Kind.EXPIRED_TOKEN else 4)


@pytest.mark.parametrize("kind", [Kind.BUSY, Kind.RESET, Kind.TRUNCATED, Kind.PROXY, Kind.FAULT])
def test_a_graph_that_does_not_answer_is_told_and_what_came_before_is_kept(tmp_path: Path, kind: Kind) -> None:
    script = Script((Rule(kind, operation=GRAPH, calls=Calls(2)),))
    with graphed(tmp_path, script, graph_page_size=1) as made, made.store() as store:
        for name in ("one", "two"):
            made.tenant.portal.add_group(name, [made.tenant.portal.add_user(f"{name}@x.example")])
        with pytest.raises(EndpointUnavailable):
            made.take_in(store)
        assert store.cloud.intake.reading(Teller.GRAPH)
        script.rules = ()
        made.take_in(store)
        assert known(store) == truth(made.tenant)


def test_a_token_that_is_never_accepted_is_no_passing_fault(tmp_path: Path) -> None:
    script = Script((Rule(Kind.EXPIRED_TOKEN, operation=GRAPH),))
    with graphed(tmp_path, script) as made, made.store() as store:
        with pytest.raises(CredentialsRefused):
            made.take_in(store)
        assert asked(made) == 2


def test_a_missing_permission_is_named(tmp_path: Path) -> None:
    with graphed(tmp_path, roles=()) as made, made.store() as store:
        with pytest.raises(AccessDenied, match=r"Authorization_RequestDenied.*grant .* Group.Read.All"):
            made.take_in(store)


@pytest.mark.parametrize("roles", [("Group.Read.All",), ("Group.Read.All", "Member.Read.Hidden")])
def test_members_of_a_hidden_membership_are_known_to_who_may_see_them(tmp_path: Path, roles: tuple[str, ...]) -> None:
    with graphed(tmp_path, roles=roles) as made, made.store() as store:
        portal = made.tenant.portal
        someone = portal.add_user("x@x.example")
        secret = portal.add_group("secret", [someone], Visibility="HiddenMembership")
        plain = portal.add_group("plain", [someone])
        made.take_in(store)
        assert known(store) == {plain: {someone.lower()}, secret: {someone.lower()} if len(roles) > 1 else None}


def test_an_address_of_another_host_does_not_get_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = SimulatedGraph._delta

    def elsewhere(self: SimulatedGraph, base: str, query: object, roles: object) -> dict:
        return original(self, "https://127.0.0.1:1", query, roles)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedGraph, "_delta", elsewhere)
    with graphed(tmp_path) as made, made.store() as store:
        with pytest.raises(ServiceRefused, match="https://127.0.0.1:1/v1.0/.*not its own address"):
            made.take_in(store)


def test_a_page_of_what_stands_before_graph_deletes_no_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with graphed(tmp_path) as made:
        group = made.tenant.portal.add_group("deleted", []).removeprefix("Group_")
        assert not made.reader.graph.hard_deleted(group)
        assert made.reader.graph.hard_deleted("00000000-0000-0000-0000-000000000001")
        monkeypatch.setattr(made.reader.graph, "_sent", lambda path: Answer(404, {}, b"<html>"))
        with pytest.raises(EndpointUnavailable):
            made.reader.graph.hard_deleted(group)


def test_a_run_that_was_asked_to_stop_asks_nothing(tmp_path: Path) -> None:
    with graphed(tmp_path) as made, made.store() as store:
        made.reader.graph._stop.set()
        with pytest.raises(Stopped):
            made.take_in(store)
        assert asked(made) == 0
