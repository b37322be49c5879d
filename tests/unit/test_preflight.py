"""Whether a run may send at all: other clients of the tenant, what would be lost, the quota."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import user
from support.clock import Clock
from support.cloud_groups import CONTAINER, writeback
from support.engine import Engine
from support.model import US
from syncramp.errors import AnotherSyncClientActive, CapabilityLoss, Stalled
from syncramp.model.features import CAPABILITIES, FEATURES, Capability
from syncramp.model.preflight import Client, Mark, Watch
from syncramp.model.report import RunReport
from syncramp.model.wire import Company
from syncramp.plan.preflight import (
    another_client,
    another_container,
    beyond_quota,
    capabilities,
    seconds_of,
    sending,
    sent,
    watched,
)
from syncramp.report.preflight import preflight_lines
from syncramp.spec.types import Mode

CONNECT = ("SERVER1", "2.4.21.0", "1651564e-7ce4-4d99-88be-0a65050d8dc3")
HALF_HOUR = 1800.0


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
def engine(engine: Engine, clock: Clock) -> Engine:
    engine.clock = clock
    engine.cloud.client = CONNECT
    return engine


def takes_over(engine: Engine, **target: object) -> None:
    engine.config = replace(engine.config, target=replace(engine.config.target, **target))


def test_another_client_at_the_first_look_is_waited_for_two_intervals(engine: Engine, clock: Clock) -> None:
    with pytest.raises(AnotherSyncClientActive, match="SERVER1 .*2.4.21.0.*takeOver: SERVER1"):
        engine.run()
    assert issubclass(AnotherSyncClientActive, Stalled)  # whoever waits does not know that the client is off
    clock.now += 2 * HALF_HOUR - 1
    with pytest.raises(AnotherSyncClientActive):
        engine.run()
    assert not engine.cloud.calls
    clock.now += 1
    engine.run()
    assert engine.cloud.calls


def test_an_interval_that_the_tenant_tells_is_the_one_that_counts(engine: Engine, clock: Clock) -> None:
    engine.cloud.interval = "PT3H"
    with pytest.raises(AnotherSyncClientActive):
        engine.run()
    clock.now += 6 * 3600 - 1
    with pytest.raises(AnotherSyncClientActive):
        engine.run()
    clock.now += 1
    engine.run()


@pytest.mark.parametrize("name", ["SERVER1", "server1", CONNECT[2]])
def test_a_document_that_names_the_client_takes_its_place_at_once(engine: Engine, clock: Clock, name: str) -> None:
    takes_over(engine, take_over=name)
    engine.run()
    clock.now += 1
    engine.run()
    assert engine.settle().settled


def test_another_name_takes_no_place(engine: Engine) -> None:
    takes_over(engine, take_over="SERVER2")
    with pytest.raises(AnotherSyncClientActive):
        engine.run()


@pytest.mark.parametrize("tells_us", [True, False])
def test_a_client_that_comes_back_stops_the_runs_whatever_the_document_says(
    engine: Engine, clock: Clock, tells_us: bool
) -> None:
    engine.cloud.tells_us = tells_us
    takes_over(engine, take_over="SERVER1")
    engine.settle()
    clock.now += 10 * HALF_HOUR
    engine.cloud.client, engine.cloud.known_objects = CONNECT, 4711
    engine.cloud.calls.clear()
    engine.source.add(user(50))
    with pytest.raises(AnotherSyncClientActive) as caught:
        engine.run()
    assert "takeOver" not in str(caught.value) and not engine.cloud.calls
    clock.now += 2 * HALF_HOUR
    engine.run()
    assert engine.cloud.calls


def test_a_second_store_that_exports_is_seen_by_the_number_of_objects(engine: Engine, clock: Clock) -> None:
    engine.cloud.client = ("", *US)
    engine.settle()
    clock.now += 1
    engine.cloud.known_objects = 4711
    with pytest.raises(AnotherSyncClientActive, match="not from here"):
        engine.run()


def test_a_run_that_was_killed_does_not_take_its_own_mark_for_another_clients(engine: Engine) -> None:
    engine.cloud.client = ("", *US)
    engine.settle()
    engine.source.add(user(50))
    engine.lose()
    engine.cloud.known_objects = 4711
    engine.run()


def test_another_client_after_a_run_that_was_killed_is_another_client(engine: Engine) -> None:
    engine.cloud.client = ("", *US)
    engine.settle()
    engine.source.add(user(50))
    engine.lose()
    engine.cloud.client = CONNECT
    with pytest.raises(AnotherSyncClientActive):
        engine.run()


def test_an_adoption_is_the_first_look(engine: Engine, clock: Clock) -> None:
    engine.adopt()
    clock.now += 2 * HALF_HOUR
    engine.run()
    assert engine.cloud.calls


def test_a_plan_tells_what_would_end_a_run_and_ends_not(engine: Engine) -> None:
    report, plan = engine.run(sends=False)
    assert [found["check"] for found in report.preflight] == ["AnotherSyncClientActive"] and plan.objects
    assert "SERVER1" in next(preflight_lines(report))


def test_staging_looks_and_a_sync_after_two_intervals_sends(engine: Engine, clock: Clock) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    engine.run()
    clock.now += 2 * HALF_HOUR
    engine.config = replace(engine.config, mode=Mode.SYNC)
    engine.run()
    assert engine.cloud.calls


def test_capabilities_in_use_are_accepted_by_name_before_the_first_change(engine: Engine) -> None:
    engine.cloud.features = 1 | 2 | 8
    takes_over(engine, take_over="SERVER1")
    with pytest.raises(CapabilityLoss, match="PasswordHashSync, PasswordWriteback"):
        engine.run()
    takes_over(engine, accept_loss=frozenset({Capability.PASSWORD_HASH_SYNC}))
    with pytest.raises(CapabilityLoss, match="uses PasswordWriteback, which SERVER1"):
        engine.run()
    assert not engine.cloud.calls
    takes_over(engine, accept_loss=frozenset({Capability.PASSWORD_HASH_SYNC, Capability.PASSWORD_WRITEBACK}))
    engine.run()
    takes_over(engine, accept_loss=frozenset())
    engine.run()


def test_groups_that_go_on_to_be_written_back_are_no_loss(engine: Engine) -> None:
    engine.cloud.features = 1024
    takes_over(engine, take_over="SERVER1")
    with pytest.raises(CapabilityLoss, match="GroupWriteback"):
        engine.run()
    engine.config = replace(engine.config, writeback=writeback())
    engine.run()
    assert engine.cloud.calls


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, False),
        ("", False),
        (CONTAINER, False),
        (CONTAINER.lower().replace(",", ", "), False),
        ("OU=Before,DC=corp,DC=example", True),
        ("no name at all", True),
    ],
)
def test_another_container_than_the_one_before_is_told_and_ends_nothing(told: str | None, said: bool) -> None:
    found = another_container(Company("t", "", True, group_container=told), CONTAINER)
    assert (found is not None) is said
    if found is not None:
        assert str(told) in found.text and CONTAINER in found.text and not found.blocks


def test_a_tenant_that_nobody_else_synchronised_loses_nothing(engine: Engine) -> None:
    engine.cloud.client, engine.cloud.features = None, 1
    engine.run()
    assert engine.cloud.calls


def test_every_capability_has_a_bit_with_a_public_name() -> None:
    assert set(CAPABILITIES.values()) == set(Capability) and CAPABILITIES.keys() <= FEATURES.keys()
    for bit, capability in CAPABILITIES.items():
        assert FEATURES[bit].lower().endswith(capability.lower())
        assert capabilities(Company("t", "", True, features=bit)) == {capability}


def test_what_else_a_tenant_tells_counts_as_in_use() -> None:
    told = Company("t", "", True, password_syncing=True, group_container="OU=g", user_container="OU=u")
    assert capabilities(told) == {
        Capability.PASSWORD_HASH_SYNC,
        Capability.GROUP_WRITEBACK,
        Capability.USER_WRITEBACK,
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT30M", 1800),
        ("PT1H30M", 5400),
        ("P1DT1S", 86401),
        ("PT1S", 1800),
        ("P365D", 604800),
        ("PT2700.5S", 2700),
        ("soon", 1800),
        ("", 1800),
        (None, 1800),
    ],
)
def test_an_interval_is_read_within_what_a_scheduler_can_have(text: str | None, seconds: int) -> None:
    assert seconds_of(text) == seconds


def test_a_plan_beyond_the_quota_is_warned_of(engine: Engine) -> None:
    engine.cloud.client = None
    takes_over(engine, object_quota=3)
    report, _ = engine.run(sends=False)
    assert [found["check"] for found in report.preflight] == ["Quota"]
    takes_over(engine, object_quota=4)
    report, _ = engine.run()
    assert not report.preflight and engine.cloud.calls


@pytest.mark.parametrize(
    ("known", "creates", "quota", "told"),
    [
        (299_999, 1, None, ""),
        (300_000, 1, None, "300,000"),
        (500_000, 1, None, "500,000"),
        (600_000, 0, None, ""),
        (9, 1, 10, ""),
        (10, 1, 10, "10"),
        (11, 0, 10, "10"),
    ],
)
def test_the_quota_is_the_documents_or_the_documented_one(
    known: int, creates: int, quota: int | None, told: str
) -> None:
    found = beyond_quota(known, creates, quota)
    assert (found.text.endswith(f" {told}") and not found.blocks) if told and found else not told and found is None


clients = st.builds(Client, st.sampled_from(["", "A", "B"]), st.just("1"), st.sampled_from(["", "app"]))
marks = st.builds(Mark, clients, st.sampled_from([None, 1, 2]))
steps: st.SearchStrategy[Callable[[Watch | None, float], Watch | None]] = st.one_of(
    marks.map(lambda mark: lambda kept, now: watched(kept, mark, Client("", "1", "app"), now)),
    marks.map(lambda mark: lambda kept, now: kept and sent(kept, mark)),
    st.just(lambda kept, now: kept and sending(kept, now)),
)


@given(st.lists(steps, max_size=8))
def test_what_was_seen_is_kept_as_it_is(found: list[Callable[[Watch | None, float], Watch | None]]) -> None:
    kept: Watch | None = None
    for number, step in enumerate(found):
        kept = step(kept, float(number))
        if kept is not None:
            assert Watch.from_json(kept.as_json()) == kept
            assert another_client(kept, 1800.0, "", number + 3600.0) is None or kept.sign == number


def test_a_run_that_found_nothing_says_nothing() -> None:
    assert list(preflight_lines(RunReport())) == []


def test_a_quota_that_is_passed_is_told_by_a_run_too(engine: Engine) -> None:
    engine.cloud.client = None
    takes_over(engine, object_quota=3)
    report, _ = engine.run()
    assert engine.cloud.calls and next(preflight_lines(report)).startswith("Preflight Quota: 0 objects in the tenant")
