"""Plain creates are counted by columns, and nothing differs from counting every change by itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.approvals import Marks
from syncramp.model.circumstances import Approved, Circumstances, Owner, Share
from syncramp.model.guards import What
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.model.packing import digest, pack
from syncramp.model.plan import Change, ObjectChange, Plan, Verb
from syncramp.model.ramps import Room
from syncramp.model.state import ObjectState, Origin
from syncramp.model.values import Kind
from syncramp.plan.changes import changes, in_blocks, object_change
from syncramp.plan.creates import Creates, PlainCreates
from syncramp.plan.summary import summarise
from syncramp.plan.survey import Survey

_BARRIER = Barrier("Creates", Hold.TOO_MANY_CREATES, Class.CREATES, "too many", BitMap([1]))
IDS = st.sets(st.integers(1, 3), max_size=1).map(BitMap)


def _summary(found: Iterable[Change | Creates], around: Circumstances) -> Plan:
    return summarise(found, lambda ids: (f"anchor{one}" for one in ids), around)


def _new(number: int) -> ObjectState:
    wanted = {"displayName": f"Person {number}"}
    return ObjectState(number, 1, Kind.USER, f"anchor{number}", "CN=p", wanted, None, False, frozenset(), None, "")


def _head(state: ObjectState) -> tuple[Any, ...]:
    wanted = None if state.desired is None else digest(pack(state.desired))
    new = wanted is not None and state.acked is None and not (state.doubt or state.hold)
    return state.id, state.kind.value, state.anchor or None, wanted, int(state.origin), int(new)


class _Page:
    def __init__(self, states: Sequence[ObjectState]) -> None:
        self._states, self.heads, self.made = states, list(map(_head, states)), 0

    def state(self, place: int) -> ObjectState:
        self.made += 1
        return self._states[place]


class _View:
    def __init__(self, states: Sequence[ObjectState], size: int = 500) -> None:
        self._states = states
        self.pages = [_Page(states[start : start + size]) for start in range(0, len(states), size)]

    def differing(self) -> Iterator[ObjectState]:
        return iter(self._states)

    def differing_pages(self) -> Iterator[_Page]:
        return iter(self.pages)

    def memberships(self, also: object = ()) -> Iterator[Any]:
        return iter(())


def test_more_creates_than_a_page_and_than_examples_are_counted_as_each_by_itself() -> None:
    view, around = _View([_new(number) for number in range(1, 1_020)]), Circumstances()
    plan = _summary(in_blocks(view, around), around)
    assert plan == _summary(changes(view, around), around)
    assert plan.counts == {"Create": {"User": 1_019}}
    assert [sample.anchor for sample in plan.samples["Create"]] == [f"anchor{number}" for number in range(1, 11)]
    assert sum(page.made for page in view.pages) == 10  # and no object is made of the others


def test_one_that_is_special_leaves_the_others_of_its_page_together() -> None:
    view, around = _View([_new(number) for number in range(1, 100)]), Circumstances(under_way=BitMap([7]))
    runs = [one for page in view.pages for one in PlainCreates(around).runs(page)]
    assert [one.id if isinstance(one, ObjectState) else list(one.ids) for one in runs] == [
        list(range(1, 7)),
        7,
        list(range(8, 100)),
    ]


@st.composite
def _states(draw: st.DrawFn) -> ObjectState:
    return ObjectState(
        draw(st.integers(1, 3)),
        1,
        draw(st.sampled_from(Kind)),
        draw(st.sampled_from(("a", "b", ""))),
        "CN=p",
        draw(st.sampled_from((None, {}, {"userPrincipalName": "p@x"}, {"title": "t"}))),
        draw(st.sampled_from((None, None, {"title": "t"}))),
        draw(st.booleans()),
        frozenset(),
        None,
        draw(st.sampled_from(("", "", "JoinConflict: two"))),
        origin=draw(st.sampled_from(Origin)),
    )


@st.composite
def _circumstances(draw: st.DrawFn) -> Circumstances:
    seldom = st.integers(0, 5).map(lambda drawn: drawn == 0)
    return Circumstances(
        never_read=("hr",) if draw(seldom) else (),
        incomplete={1: "cut off"} if draw(seldom) else {},
        dropped=frozenset({1}) if draw(seldom) else frozenset(),
        foreign=frozenset({"a"}) if draw(seldom) else frozenset(),
        taken={"p@x": Owner(9, "CN=o", "because")} if draw(seldom) else {},
        adoption="look first" if draw(seldom) else "",
        under_way=draw(IDS),
        cloud_managed=draw(IDS),
        unanchored=draw(IDS),
        barriers={Class.CREATES: [_BARRIER]} if draw(seldom) else {},
        manual=draw(seldom),
        approved=Approved(Marks([7])) if draw(seldom) else Approved(),
        share=Share(draw(IDS), {}, "a share") if draw(seldom) else None,
        shut="the window is shut" if draw(seldom) else "",
        matching=dict.fromkeys(draw(IDS), "theirs"),
        restoring=draw(IDS),
        ramps={each: Room("r", BitMap(), absent=draw(st.booleans())) for each in draw(IDS)},
        adopted=draw(seldom),
        keeps_edits=draw(seldom),
        unwritten=dict.fromkeys(draw(IDS), (Hold.MEMBERS_UNKNOWN, "unknown")),
    )


@settings(max_examples=300)
@given(st.lists(_states(), max_size=6), _circumstances(), st.integers(1, 4))
def test_a_plan_is_the_same_in_blocks_and_each_by_itself(
    drawn: Sequence[ObjectState], around: Circumstances, size: int
) -> None:
    states = [replace(state, id=number) for number, state in enumerate(drawn, 1)]
    view, blocks, alone = _View(states, size), Survey(BitMap), Survey(BitMap)
    told = [
        _summary(survey.watch(found(view, around)), around)
        for survey, found in ((blocks, in_blocks), (alone, changes))
    ]
    assert [each.digest for each in told[0].waiting] == [each.digest for each in told[1].waiting]
    assert replace(told[0], waiting=()) == replace(told[1], waiting=())
    assert all(blocks.ids(what) == alone.ids(what) for what in What)
    flat = [
        one
        for change in in_blocks(view, around)
        for one in (map(change.change, range(len(change.ids))) if isinstance(change, Creates) else [change])
    ]
    assert flat == list(changes(view, around))


@given(_states(), _circumstances())
def test_a_plain_create_is_what_the_rules_for_every_change_make_of_it(
    state: ObjectState, around: Circumstances
) -> None:
    expected = object_change(state, around)
    if PlainCreates(around).holds(state):
        assert expected == ObjectChange(state, Verb.CREATE, state.desired or {})
    assert list(changes(_View([state]), around)) == ([expected] if expected else [])


def test_a_new_object_is_a_plain_create_where_nothing_is_special() -> None:
    assert PlainCreates(Circumstances()).holds(_new(1))
    assert not PlainCreates(Circumstances(under_way=BitMap([1]))).holds(_new(1))
