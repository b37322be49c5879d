"""Groups that are mastered in the cloud, read back from a tenant: what is known is what is there."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.build import user
from support.engine import Engine
from support.model import Crash
from support.office import Office, steps
from support.simulator import HandClock, group, put, quick_tenant
from support.tenant_cloud import TenantCloud, engine_of, known, look, truth, wanting
from syncramp.model.cloud import CloudState, Teller, Unwritable
from syncramp.model.wire import AnchorType, Operation, ReadBackPage, ReferenceChange, SyncObject
from syncramp.simulator.settings import MemberForm, SoftDeletes
from syncramp.simulator.tenant import Tenant
from syncramp.spec.types import SyncConfig
from syncramp.store.forest import Forest
from syncramp.store.store import Store

reads = st.sampled_from(["delta", "everything", "killed", "killed in everything"])


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([MemberForm.CHANGES, MemberForm.LIST]),
    st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.tuples(steps, reads, st.integers(0, 3)), min_size=1, max_size=5),
)
def test_what_is_known_is_what_the_tenant_has_whatever_the_pages_and_whenever_a_read_was_killed(
    form: MemberForm, page: int, most: int, rounds: list
) -> None:
    clock = HandClock()
    tenant = quick_tenant(clock, member_form=form, page_size=page, most_links=most)
    office = Office(tenant)
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_of(tenant, Path(folder) / "state.db", clock)
        for actions, way, after in rounds:
            for action in actions:
                office.act(*action)
            with engine.store() as store:
                if way.endswith("everything"):
                    store.observations.forget_cookie()
                if way.startswith("killed"):
                    _killed(engine, store, after)
                    office.act("rename", after, 0)
                look(engine, store)
                assert known(store) == truth(tenant)
        with engine.store() as store:
            look(engine, store)  # what changed while the last one was read
            seq = store.cloud.seq()
            look(engine, store)
            assert store.cloud.seq() == seq


def _killed(engine: Engine, store: Store, after: int) -> None:
    """A read-back that dies after some pages, if it is as long as that."""
    assert isinstance(engine.cloud, TenantCloud)
    engine.cloud.dies_after = after
    with suppress(Crash):
        look(engine, store)
    engine.cloud.dies_after = -1


@pytest.fixture
def tenant() -> Tenant:
    tenant = quick_tenant(HandClock())
    tenant.provision([put("a1"), put("a2"), group("g", ["a1"])])
    return tenant


def test_groups_with_a_source_anchor_are_not_among_them(tenant: Tenant, tmp_path: Path) -> None:
    team = tenant.portal.add_group("team", [tenant.portal.cloud_anchor("a1")])
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    with engine.store() as store:
        look(engine, store)
        assert known(store).keys() == {team}


def test_a_tenant_that_never_shows_members_leaves_them_unknown(tmp_path: Path) -> None:
    tenant = quick_tenant(HandClock(), member_form=MemberForm.NONE)
    team = tenant.portal.add_group("team", [tenant.portal.add_user("x@x.example")])
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    with engine.store() as store:
        look(engine, store)
        assert known(store) == {team: None}


def test_a_document_that_begins_to_write_groups_back_reads_everything_once(tenant: Tenant, tmp_path: Path) -> None:
    team = tenant.portal.add_group("team")
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    wanted, engine.config = engine.config, without(engine.config)
    with engine.store() as store:
        look(engine, store)
        assert known(store) == {} and store.observations.cookie() is not None
    engine.config = wanted
    calls = tenant.calls["read_back"]
    for _ in range(3):
        with engine.store() as store:
            look(engine, store)
            assert known(store) == {team: set()} or known(store) == {team: None}
    assert tenant.calls["read_back"] == calls + 3
    engine.config = without(wanted)
    with engine.store() as store:
        look(engine, store)
        assert not store.cloud.intake.complete(Teller.READ_BACK), "what it misses now, nobody keeps"


def without(config: SyncConfig) -> SyncConfig:
    return replace(config, writeback=None)


@pytest.mark.parametrize("form", [MemberForm.CHANGES, MemberForm.LIST])
def test_a_deleted_team_waits_in_the_bin_comes_back_and_goes_for_good(form: MemberForm, tmp_path: Path) -> None:
    clock = HandClock()
    tenant = quick_tenant(clock, soft_deletes=SoftDeletes.REASON, member_form=form)
    someone = tenant.portal.add_user("x@x.example")
    team = tenant.portal.add_group("team", [someone])
    engine = engine_of(tenant, tmp_path / "state.db", clock)
    states = []
    for act in (None, tenant.portal.delete, tenant.portal.restore, tenant.portal.delete, tenant.portal.purge):
        if act is not None:
            act(team)
        for everything in (False, True):
            with engine.store() as store:
                if everything:
                    store.observations.forget_cookie()
                look(engine, store)
                (group,) = store.cloud.all()
                assert group.members is not None
                assert {name for _, name in store.cloud.names(group.members)} == {someone.lower()}
        states.append(group.state)
    assert states == [CloudState.LIVE, CloudState.BIN, CloudState.LIVE, CloudState.BIN, CloudState.GONE]


def test_a_guest_is_known_as_one_in_whatever_order_the_pages_come(tmp_path: Path) -> None:
    tenant = quick_tenant(HandClock(), page_size=1, guests=1, microsoft365_groups=1)
    later = tenant.portal.add_guest("ada@partner.example")
    (team,) = tenant.cloud_groups()
    tenant.portal.change_members(team, add=[later])
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    with engine.store() as store:
        look(engine, store)
        (group,) = store.cloud.all()
        _, refused = Forest(store.database, 1).guids(group.members or BitMap())
    assert list(refused.values()) == [Unwritable.GUEST] * 2


def test_an_adoption_looks_past_groups_of_the_cloud_so_the_next_read_is_one_of_everything(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "state.db", config=wanting())
    engine.source.add(user(1))
    engine.run(sends=False)
    with engine.store() as store:
        assert store.cloud.intake.complete(Teller.READ_BACK)
    assert engine.adopt().recorded
    with engine.store() as store:
        assert not store.cloud.intake.complete(Teller.READ_BACK)
    engine.run(sends=False)
    with engine.store() as store:
        assert store.cloud.intake.complete(Teller.READ_BACK)


def test_a_read_of_everything_takes_out_what_was_missed(tmp_path: Path) -> None:
    """Its cookie was lost, or the service forgot it."""
    clock = HandClock()
    tenant = quick_tenant(clock, cookie_lifetime=60.0)
    office = Office(tenant)
    engine = engine_of(tenant, tmp_path / "state.db", clock)
    for lost in (True, False):
        office.act("add", 3, 0)
        with engine.store() as store:
            look(engine, store)
            office.act("leave", 0, 0)
            office.act("delete", 1, 0)
            if lost:
                store.observations.forget_cookie()
            else:
                clock.now += 61
            look(engine, store)
            assert known(store) == truth(tenant)


def test_a_read_of_everything_that_dies_before_its_first_page_begins_there_again(tmp_path: Path) -> None:
    tenant = quick_tenant(HandClock())
    office = Office(tenant)
    engine = engine_of(tenant, tmp_path / "state.db", HandClock())
    wanted, engine.config = engine.config, without(engine.config)
    with engine.store() as store:
        look(engine, store)
        engine.config = wanted
        _killed(engine, store, 0)
        office.act("rename", 0, 1)
        look(engine, store)
        assert known(store) == truth(tenant)


def test_two_parts_of_a_group_on_one_page_are_one(tmp_path: Path) -> None:
    def part(member: str, **values: object) -> SyncObject:
        change = ReferenceChange(member, by=AnchorType.CLOUD)
        return SyncObject("Group", Operation.SET, {"CloudAnchor": "Group_a", **values, "Member": (change,)})

    class Split(TenantCloud):
        def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
            yield ReadBackPage([part("User_1", DisplayName="A"), part("User_2")], b"end", more=False)

    engine = engine_of(quick_tenant(HandClock()), tmp_path / "state.db", HandClock())
    engine.cloud = Split(tenant=quick_tenant(HandClock()))
    with engine.store() as store:
        look(engine, store)
        assert known(store) == {"Group_a": {"user_1", "user_2"}}
        assert [one.attributes for one in store.cloud.all()] == [{"displayName": "A"}]
