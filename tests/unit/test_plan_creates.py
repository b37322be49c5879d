"""Plain creates are counted in blocks, and nothing differs from counting every change by itself."""

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.random_plans import Random, plans
from syncramp.model.approvals import Marks
from syncramp.model.circumstances import Approved, Circumstances, Owner, Share
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.model.plan import Change, ObjectChange, Plan, Verb
from syncramp.model.ramps import Room
from syncramp.model.state import ObjectState, Origin
from syncramp.model.values import Kind
from syncramp.plan import creates
from syncramp.plan.changes import changes, object_change
from syncramp.plan.creates import PlainCreates
from syncramp.plan.summary import summarise

_BARRIER = Barrier("Creates", Hold.TOO_MANY_CREATES, Class.CREATES, "too many", BitMap([1]))
IDS = st.sets(st.integers(1, 3), max_size=1).map(BitMap)


def _summary(changes: Sequence[Change], around: Circumstances) -> Plan:
    return summarise(changes, lambda ids: (f"anchor{one}" for one in ids), around)


def _new(number: int) -> ObjectState:
    wanted = {"displayName": f"Person {number}"}
    return ObjectState(number, 1, Kind.USER, f"anchor{number}", "CN=p", wanted, None, False, frozenset(), None, "")


class _View:
    def __init__(self, states: Sequence[ObjectState]) -> None:
        self._states = states

    def differing(self) -> Sequence[ObjectState]:
        return self._states

    def memberships(self, also: object = ()) -> Sequence[object]:
        return ()


@settings(max_examples=50)  # whole plans: each takes a while to draw
@given(plans(), st.integers(1, 3))
def test_a_plan_is_the_same_with_and_without_blocks(random: Random, size: int) -> None:
    with patch.object(creates, "BLOCK", size):
        blocks = _summary(random.changes, random.around)
    with patch.object(PlainCreates, "holds", lambda self, state: False):
        one_by_one = _summary(random.changes, random.around)
    assert [each.digest for each in blocks.waiting] == [each.digest for each in one_by_one.waiting]
    assert replace(blocks, waiting=()) == replace(one_by_one, waiting=())


def test_more_creates_than_a_block_and_than_examples_are_counted_alike() -> None:
    states = [_new(number) for number in range(1, 2 * creates.BLOCK + 20)]
    found = [ObjectChange(state, Verb.CREATE, state.desired or {}) for state in states]
    around = Circumstances()
    plan = _summary(found, around)
    with patch.object(PlainCreates, "holds", lambda self, state: False):
        assert plan == _summary(found, around)
    assert plan.counts == {"Create": {"User": len(states)}}
    assert [sample.anchor for sample in plan.samples["Create"]] == [f"anchor{number}" for number in range(1, 11)]


@st.composite
def _states(draw: st.DrawFn) -> ObjectState:
    return ObjectState(
        draw(st.integers(1, 3)),
        1,
        draw(st.sampled_from(Kind)),
        draw(st.sampled_from(("a", "b"))),
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


@given(_states(), _circumstances())
def test_a_plain_create_is_what_the_rules_for_every_change_make_of_it(
    state: ObjectState, around: Circumstances
) -> None:
    expected = object_change(state, around)
    if PlainCreates(around).holds(state):
        assert expected == ObjectChange(state, Verb.CREATE, state.desired or {})
    assert list(changes(_View([state]), around)) == ([expected] if expected else [])  # type: ignore[arg-type]


def test_a_new_object_is_a_plain_create_where_nothing_is_special() -> None:
    assert PlainCreates(Circumstances()).holds(_new(1))
    assert not PlainCreates(Circumstances(under_way=BitMap([1]))).holds(_new(1))
