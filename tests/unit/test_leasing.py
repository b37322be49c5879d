"""Who holds a Lease: at no time two of them, whatever goes wrong; and somebody, once nothing does."""

import math
from dataclasses import replace

import pytest

from support.lease_walk import TERMS, Process, World
from syncramp_operator.leases.leasing import LEADER, Contender, Look, Put, Record, Rest, Seen, Terms, tenant_terms

SEEDS = 150
HOURS = 2


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_two_stores_never_have_calls_under_way_at_once(first: int) -> None:
    changes = 0
    for seed in range(first, first + 10):
        world = World(seed)
        for number in range(world.dice.choice([2, 2, 3, 4])):
            Process(world, f"store-{number}")
        world.play(HOURS * 3600 / 2)
        changes += len({flight.token for flight in world.flights})
    assert changes > 20  # it went from hand to hand


def test_once_nothing_goes_wrong_every_store_has_its_turn() -> None:
    world = World(seed=7)
    processes = [Process(world, f"store-{number}") for number in range(3)]
    world.play(1800)
    world.healthy = True
    before = len(world.flights)
    world.play(1800 + 7200)
    assert {flight.store for flight in world.flights[before:]} == {process.store for process in processes}


@pytest.mark.parametrize(
    "terms",
    [
        replace(TERMS, valid=TERMS.duration),
        replace(TERMS, duration=TERMS.valid),
    ],
    ids=["sure for as long as others wait", "others do not wait for calls under way"],
)
def test_the_walk_would_find_terms_that_are_too_short(terms: Terms) -> None:
    def walk(seed: int) -> None:
        world = World(seed, terms)
        for number in range(3):
            Process(world, f"store-{number}")
        world.play(3600)

    with pytest.raises(AssertionError, match="beside"):
        for seed in range(50):
            walk(seed)


def held(noted: int = 0) -> Contender:
    """A contender that took a free Lease at 100."""
    contender = Contender("us", LEADER, noted=noted)
    contender.saw(Record(version="1"), 100)
    contender.sends(100)
    put = contender.next(100)
    assert isinstance(put, Put)
    contender.stored(replace(put.record, version="2"))
    return contender


def test_a_lease_that_nobody_has_is_taken_at_once_with_the_next_token() -> None:
    contender = Contender("us", LEADER)
    assert contender.next(0) == Look()
    contender.saw(Record(token=4, version="9", renewed="long ago"), 0)
    assert contender.next(0) == Put(Record("us", 15, 5, "long ago", version="9"))


def test_one_that_does_not_exist_is_made() -> None:
    contender = Contender("us", LEADER)
    contender.saw(Record(), 0)
    assert contender.next(0) == Put(Record("us", 15, 1))


def test_one_that_is_renewed_is_never_taken_whatever_times_stand_in_it() -> None:
    contender = Contender("us", LEADER)
    for second in range(0, 600, 2):
        contender.saw(Record("them", 15, 1, f"{second % 4}", version="3"), second)
        assert contender.next(second) == Rest(second + 2)
        assert contender.next(second + 2) == Look()


def test_one_that_is_not_renewed_is_taken_once_its_duration_is_over_by_our_own_clock() -> None:
    contender, left = Contender("us", LEADER), Record("them", 20, 3, "never", version="3")
    for second in range(0, 20, 2):
        contender.saw(left, second)
        assert isinstance(contender.next(second), Rest)
    contender.saw(left, 20)
    assert contender.next(20) == Put(replace(left, holder="us", duration=15, token=4))


def test_what_an_earlier_process_of_the_same_holder_left_is_taken_at_once() -> None:
    contender, left = Contender("us", LEADER, noted=3), Record("us", 660, 3, "then", version="3")
    contender.saw(left, 0)
    assert contender.next(0) == Put(replace(left, duration=15, token=4))


def test_what_another_process_with_the_same_name_took_since_is_waited_for() -> None:
    """A copy of our store on another machine calls itself as we do; its token is one that we never wrote."""
    contender = Contender("us", LEADER, noted=3)
    contender.saw(Record("us", 660, 4, "then", version="3"), 0)
    assert isinstance(contender.next(0), Rest)


def test_a_token_is_never_lower_than_one_that_the_store_knows() -> None:
    """The Lease was deleted, or the store came to another cluster."""
    contender = Contender("us", LEADER, noted=57)
    contender.saw(Record(), 0)
    assert contender.next(0) == Put(Record("us", 15, 58))


def test_it_is_sure_from_when_the_renewal_was_sent_and_not_from_when_it_was_answered() -> None:
    contender = held()
    contender.sends(102)
    contender.stored(Record("us", 15, 1, version="3"))  # however long the answer took
    assert contender.holds(111.9)
    assert not contender.holds(112)


def test_what_was_lost_once_is_never_ours_again() -> None:
    contender = held()
    contender.sends(102)
    assert not contender.holds(110)
    contender.stored(Record("us", 15, 1, version="3"))
    assert not contender.holds(110)
    assert contender.next(110) == Rest(math.inf)
    assert contender.farewell(0) is None


def test_a_renewal_whose_answer_was_lost_is_no_loss() -> None:
    contender = held()
    contender.sends(102)
    contender.failed(104)
    assert contender.next(104) == Rest(106)
    assert isinstance(contender.next(106), Put)
    contender.beaten()  # by the first one, which arrived
    assert contender.next(106) == Look()
    contender.saw(Record("us", 15, 1, "new", version="3"), 106)
    assert contender.next(106) == Put(Record("us", 15, 1, "new", version="3"))


def test_an_acquisition_whose_answer_was_lost_is_sure_from_when_it_was_sent() -> None:
    contender = Contender("us", LEADER)
    contender.saw(Record(version="1"), 0)
    contender.sends(0)
    contender.failed(5)
    contender.saw(Record("us", 15, 1, version="2"), 8)
    assert contender.holds(9)
    assert not contender.holds(10)


def test_an_acquisition_that_arrived_late_is_sure_from_when_it_was_sent_first() -> None:
    contender = Contender("us", LEADER)
    contender.saw(Record(version="1"), 0)
    contender.sends(0)
    contender.failed(5)
    contender.saw(Record(version="1"), 7)  # it is still on its way
    contender.sends(8)
    contender.beaten()  # by itself
    contender.saw(Record("us", 15, 1, version="2"), 8.5)
    assert contender.holds(9)
    assert not contender.holds(10)


@pytest.mark.parametrize(
    "found",
    [
        Record("them", 15, 2, version="3"),
        Record(version=""),
        Record("us", 15, 2, version="3"),
        Record("", 15, 1, "", "", "3"),
    ],
)
def test_who_finds_another_one_in_its_lease_has_lost_it(found: Record) -> None:
    contender = held()
    contender.beaten()
    contender.saw(found, 103)
    assert not contender.holds(103)


def test_a_release_leaves_the_others_to_wait_for_calls_that_may_still_travel() -> None:
    assert held().farewell(0) == Put(Record("", 15, 1, version="2"))
    contender = Contender("us", tenant_terms(600))
    contender.saw(Record(), 0)
    contender.stored(Record("us", 660, 1, version="1"))
    assert contender.farewell(100) == Put(Record("us", 115, 1, version="1"))
    assert contender.farewell(5000) == Put(Record("us", 660, 1, version="1"))


def test_what_was_seen_is_good_for_the_next_process_and_not_after_a_new_start_of_the_machine() -> None:
    seen = Seen(Record("them", 660, 3, "then", version="3"), 1000)
    again = Seen.from_json(seen.as_json())
    assert again.after(Record("them", 660, 3, "then", version="7"), 1500).since == 1000
    assert again.after(Record("them", 660, 3, "now", version="7"), 1500).since == 1500
    assert again.after(Record("them", 660, 3, "then", version="7"), 20).since == 20


def test_a_call_that_leaves_while_the_lease_is_sure_is_over_before_another_store_may_begin() -> None:
    terms = tenant_terms(600)
    assert terms.valid + 600 < terms.duration
    assert terms.every + terms.retry * 3 < terms.valid
