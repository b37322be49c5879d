"""Whatever order directories change and are read in, the same directories give the same desired objects."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import config, entry, group, guid
from support.engine import Engine
from support.model import ListSource
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.spec.types import Join, JoinBy
from syncramp.store.packing import unpack

NAMES = ("corp", "forest", "labs")
NUMBERS = range(1, 4)
EVERYBODY = [(source, number) for source in range(len(NAMES)) for number in NUMBERS]
JOINS = (
    Join(frozenset({Kind.USER, Kind.CONTACT}), JoinBy.MAIL),
    Join(frozenset({Kind.USER}), JoinBy.EMPLOYEE_ID),
)

Person = dict[str, str]
States = st.fixed_dictionaries(
    {"kind": st.sampled_from(["User", "User", "Contact"]), "title": st.sampled_from(["", "Clerk", "Director"])},
    optional={
        "mail": st.sampled_from(["A@x.example", "a@x.example", "b@x.example", "c@x.example"]),
        "employeeID": st.sampled_from(["1", "2"]),
        "userAccountControl": st.sampled_from(["512", "514"]),
        "msExchRecipientTypeDetails": st.sampled_from(["1", "2"]),
        "isCriticalSystemObject": st.just("TRUE"),
        "manager": st.sampled_from(EVERYBODY).map(lambda one: dn_of(*one)),
    },
)
Edits = st.tuples(st.sampled_from(EVERYBODY), st.none() | States)
Steps = st.lists(st.tuples(st.lists(Edits, max_size=3), st.sets(st.sampled_from(NAMES), min_size=1)), max_size=5)
Members = st.lists(st.sampled_from(EVERYBODY), unique=True, max_size=6)


def dn_of(source: int, number: int) -> str:
    return f"CN=P{number},OU={NAMES[source]},DC=corp,DC=example,DC=com"


def made(source: int, number: int, state: Person) -> Entry:
    values: dict[str, Any] = {name: value for name, value in state.items() if value and name != "kind"}
    values |= {"cn": f"P{number} of {NAMES[source]}"}
    if state["kind"] == "User":
        values |= {"sAMAccountName": f"p{number}.{source}", "userPrincipalName": f"p{number}.{source}@x.example"}
    return entry(Kind(state["kind"]), 100 * (source + 1) + number, dn_of(source, number), values)


def fresh(path: Path, joins: Sequence[Join] = JOINS) -> Engine:
    engine = Engine(path, sources=[ListSource(name) for name in NAMES])
    engine.config = replace(config(sources=NAMES), joins=tuple(joins))
    for place, source in enumerate(engine.sources):
        source.add(group(900 + place))
    return engine


def change(engine: Engine, edits: Sequence[tuple[tuple[int, int], Person | None]]) -> None:
    for (place, number), state in edits:
        if state is None:
            engine.sources[place].entries.pop(guid(100 * (place + 1) + number), None)
        else:
            engine.sources[place].add(made(place, number, state))


def read(engine: Engine, complete: set[str], times: int = 1) -> None:
    for source in engine.sources:
        source.complete = source.name in complete
    for _ in range(times):
        engine.run(sends=False)


def desired(engine: Engine) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """Objects by anchor, with their kind, what they should have and whether they wait; and the members of groups."""
    with engine.store() as store:
        rows = store.database.all(
            "SELECT o.anchor, o.kind, o.hold != '' AS held, p.desired FROM objects o JOIN payload p ON p.id = o.id "
            "WHERE o.digest IS NOT NULL AND o.anchor IS NOT NULL"
        )
        objects = {anchor: (kind, bool(held), unpack(wanted)) for anchor, kind, held, wanted in rows}
        snapshot = store.snapshot()
        groups = {one.anchor: set(snapshot.anchors(one.desired)) for one in snapshot.memberships()}
    return objects, groups


@settings(max_examples=40, deadline=None)
@given(steps=Steps, members=Members)
def test_the_same_directories_give_the_same_objects(steps, members) -> None:
    with TemporaryDirectory() as folder:
        lived, anew = fresh(Path(folder) / "lived.db"), fresh(Path(folder) / "anew.db")
        for place, source in enumerate(lived.sources):
            source.members[guid(900 + place)] = [dn_of(*one) for one in members]
        for edits, complete in steps:
            change(lived, edits)
            read(lived, complete)
        read(lived, set(NAMES), times=3)
        for old, new in zip(lived.sources, anew.sources, strict=True):
            new.entries, new.members = dict(reversed(old.entries.items())), old.members
        read(anew, set(NAMES), times=2)
        assert desired(lived) == desired(anew)


@settings(max_examples=15, deadline=None)
@given(edits=st.lists(Edits, max_size=9), later=st.lists(Edits, max_size=4))
def test_joins_that_are_removed_leave_nothing_behind(edits, later) -> None:
    with TemporaryDirectory() as folder:
        lived, anew = fresh(Path(folder) / "lived.db"), fresh(Path(folder) / "anew.db", joins=())
        change(lived, edits)
        read(lived, set(NAMES))
        change(lived, later)
        lived.config = anew.config
        read(lived, set(NAMES), times=3)
        for old, new in zip(lived.sources, anew.sources, strict=True):
            new.entries = dict(old.entries)
        read(anew, set(NAMES), times=2)
        assert desired(lived) == desired(anew)
        with lived.store() as store:
            assert not store.joins.any()
