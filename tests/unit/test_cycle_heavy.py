"""Batches that are too much: they go in halves, and one object the service cannot stand keeps back no other."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import guid, user, user_dn
from support.engine import Engine, links
from support.model import ModelCloud
from syncramp.cycle.batches import EASY, CallSize
from syncramp.cycle.calls import HOPELESS
from syncramp.cycle.job import Pace
from syncramp.errors import CallFailed, CallTimedOut, CallTooLarge
from syncramp.model.wire import SyncObject

PEOPLE = range(1, 31)


@pytest.fixture(autouse=True)
def thirty_people_in_one_group(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    engine.source.add(*map(user, PEOPLE))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    engine.pace = Pace(objects_per_call=30, parallel=1, call_timeout=0.0)


class Stubborn:
    """In place of the cloud's provision: calls that match end in an error, before or after they are processed."""

    def __init__(
        self,
        cloud: ModelCloud,
        matches: Callable[[list[SyncObject]], bool],
        error: Callable[[], Exception],
        *,
        processed: bool = False,
    ) -> None:
        self._provision, self._matches, self._error, self._processed = cloud.provision, matches, error, processed
        self.sizes: list[tuple[int, int]] = []
        cloud.provision = self  # type: ignore[method-assign]

    def __call__(self, objects, patience: float = 0.0):
        self.sizes.append((len(objects), sum(obj.links for obj in objects)))
        if self._matches(objects):
            if self._processed:
                self._provision(objects, patience)
            raise self._error()
        return self._provision(objects, patience)


def more_than(number: int) -> Callable[[list[SyncObject]], bool]:
    return lambda objects: len(objects) > number


def names(anchor: str) -> Callable[[list[SyncObject]], bool]:
    return lambda objects: any(obj.values["SourceAnchor"] == anchor for obj in objects)


def too_large() -> Exception:
    return CallTooLarge("the request is too large")


def timed_out() -> Exception:
    return CallTimedOut("no answer came in time")


def failed() -> Exception:
    return CallFailed("the service failed: internal error")


@pytest.mark.parametrize("error", [too_large, timed_out, failed])
@pytest.mark.parametrize("processed", [False, True])
def test_a_batch_that_is_too_much_goes_in_halves_until_it_fits(engine, error, processed) -> None:
    cloud = Stubborn(engine.cloud, more_than(8), error, processed=processed and error is not too_large)
    report, _ = engine.run()
    assert (report.objects.acknowledged, report.links.acknowledged) == (31, 30)
    assert report.settled
    first = [size for size, _ in cloud.sizes if size > 8]
    assert first[-1] == 15
    assert {size for size, _ in cloud.sizes if 1 < size <= 8} <= {7, 8}


@pytest.mark.parametrize("error", [timed_out, failed])
def test_one_object_the_service_cannot_stand_is_in_doubt_alone(engine, error) -> None:
    poison = engine.anchor(user(17))
    Stubborn(engine.cloud, names(poison), error)
    report, _ = engine.run()
    assert (report.objects.acknowledged, report.objects.in_doubt) == (30, 1)
    assert report.warnings["not answered, while others of its call were"] == 1
    assert not report.failure
    assert set(engine.cloud.objects) == {engine.anchor(user(n)) for n in PEOPLE if n != 17} | set(engine.cloud.links)


def test_one_object_that_is_too_large_by_itself_is_refused_alone(engine) -> None:
    poison = engine.anchor(user(17))
    Stubborn(engine.cloud, names(poison), too_large)
    report, _ = engine.run()
    assert (report.objects.acknowledged, report.objects.refused) == (30, 1)
    assert report.errors == {"LargeObject": 1}
    assert "too large for a call of its own" in report.error_samples["LargeObject"][0].detail


def test_members_of_one_group_are_halved_down_to_what_the_service_takes(engine) -> None:
    cloud = Stubborn(engine.cloud, lambda objects: sum(obj.links for obj in objects) > 4, timed_out, processed=True)
    report, _ = engine.run()
    assert report.links.acknowledged == 30
    assert [links for _, links in cloud.sizes if links][:5] == [30, 15, 7, 3, 4]
    (members,) = engine.cloud.links.values()
    assert len(members) == 30


def test_a_service_that_always_fails_is_given_up_soon(engine) -> None:
    cloud = Stubborn(engine.cloud, lambda objects: True, failed)
    with pytest.raises(CallFailed):
        engine.run()
    assert len(cloud.sizes) == HOPELESS
    assert not engine.cloud.objects


def test_a_time_out_is_not_waited_for_again_with_the_same_batch(engine) -> None:
    cloud = Stubborn(engine.cloud, more_than(15), timed_out)
    engine.run()
    assert [size for size, _ in cloud.sizes][:3] == [30, 15, 15]


def test_calls_are_smaller_after_a_heavy_one_also_in_the_next_run(engine) -> None:
    cloud = Stubborn(engine.cloud, more_than(15), timed_out)
    engine.run()
    engine.source.add(*(user(number, title="Clerk") for number in PEOPLE))
    cloud.sizes.clear()
    assert engine.run()[0].settled
    assert max(size for size, _ in cloud.sizes) == 15


def test_a_batch_that_was_never_answered_is_smaller_when_it_comes_again(engine) -> None:
    engine.lose("before")
    cloud = Stubborn(engine.cloud, lambda objects: False, failed)
    assert engine.settle().settled
    assert max(size for size, _ in cloud.sizes) == 15


def test_a_stop_ends_the_halving_and_leaves_the_rest_in_doubt(engine) -> None:
    def stops() -> Exception:
        engine.stop.set()
        return failed()

    cloud = Stubborn(engine.cloud, more_than(15), stops)
    report, _ = engine.run()
    assert [size for size, _ in cloud.sizes] == [30], "no half goes after the stop"
    assert (report.objects.in_doubt, report.objects.left) == (30, 1)
    engine.stop.clear()
    cloud._matches = lambda objects: False
    assert engine.settle().settled


def _sizes() -> Iterator[tuple[int, int]]:
    yield from ((1, 1), (30, 15_000), (500, 15_000), (7, 3))


@pytest.mark.parametrize(("objects", "links"), list(_sizes()))
def test_a_call_grows_back_to_its_full_size(objects, links) -> None:
    size = CallSize(objects, links)
    for _ in range(10):
        size.shrink(size.objects, size.links)
    assert (size.objects, size.links) >= (1, 1)
    for _ in range(EASY * 40):
        size.grow()
    assert (size.objects, size.links) == (objects, links)


@given(st.integers(1, 500), st.integers(1, 15_000))
def test_what_was_as_large_as_a_call_may_be_and_too_much_is_never_made_again(objects, links) -> None:
    size = CallSize(objects, links)
    while max(most := (size.objects, size.links)) > 1:
        size.shrink(*most)
        assert (size.objects, size.links) == tuple(max(1, (objects, links)[n] >> size.halvings) for n in (0, 1))
        assert size.objects < most[0] or size.links < most[1]


def test_calls_that_failed_together_make_the_next_ones_smaller_once() -> None:
    size = CallSize(30, 15_000)
    for _ in range(4):
        size.shrink(30, 0)
    assert size.objects == 15


def test_a_small_call_that_failed_makes_the_next_ones_half_as_large_and_no_smaller() -> None:
    """It may be one member that the service cannot stand, in every run."""
    size = CallSize(30, 15_000)
    size.shrink(1, 2)
    assert (size.objects, size.links) == (15, 7_500)


def test_one_member_the_service_cannot_stand_keeps_back_no_other_one_wherever_it_stands(engine) -> None:
    many = range(1001, 2201)
    engine.source.add(*map(user, many))
    engine.source.members[guid(101)] = [user_dn(number) for number in many]
    engine.pace = Pace(objects_per_call=1000, parallel=1, call_timeout=0.0)
    poison = engine.anchor(user(many[0]))
    Stubborn(engine.cloud, lambda objects: any(("ADD", poison) in links(obj) for obj in objects), failed)
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.in_doubt) == (0, 1200)
    assert not report.failure
    (members,) = engine.cloud.links.values()
    assert members == {engine.anchor(user(number)) for number in many[1:]}


def test_halving_goes_down_to_one_link_of_the_largest_batch(engine) -> None:
    """One object with the most links behind the most objects: nothing of it succeeds before the last half."""
    depth = (1000 - 1).bit_length() + (15_000 - 1).bit_length()
    assert depth + Pace().lost_answers <= HOPELESS


def test_one_object_that_nobody_answers_makes_no_call_smaller() -> None:
    size = CallSize(30, 15_000)
    size.shrink(1, 0)
    size.shrink(0, 1)
    assert (size.objects, size.links) == (30, 15_000)


def test_a_group_of_which_one_half_was_refused_is_in_doubt_and_goes_again(engine) -> None:
    """The other half of its members is there: it is neither applied nor refused as a whole."""
    Stubborn(engine.cloud, lambda objects: sum(obj.links for obj in objects) > 15, too_large)
    poison = engine.anchor(user(1))
    engine.cloud.refuse = lambda obj: "no" if ("ADD", poison) in links(obj) else ""
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused, report.links.in_doubt) == (0, 0, 30)
    engine.cloud.refuse = lambda obj: ""
    assert engine.settle().settled
    (members,) = engine.cloud.links.values()
    assert len(members) == 30
