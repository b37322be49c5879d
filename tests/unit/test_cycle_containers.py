"""A container that is renamed in the directory is told as one, and so is what follows from it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.facts import Entry
from syncramp.model.plan import Plan
from syncramp.report.text import plan_lines
from syncramp.source.dn import parent, renamed

OLD, NEW = f"OU=People,{BASE}", f"OU=Staff,{BASE}"


def placed(entry: Entry, old: str, new: str) -> Entry:
    """The entry, with everything that names the old container."""

    def moved(value: bytes) -> bytes:
        return value.removesuffix(old.encode()) + new.encode() if value.endswith(old.encode()) else value

    attributes = {name: tuple(map(moved, values)) for name, values in entry.attributes.items()}
    return replace(entry, dn=moved(entry.dn.encode()).decode(), attributes=attributes)


def person(number: int, ou: str = "People", **attributes: str) -> Entry:
    made = user(number, ou, **attributes)
    return replace(made, attributes={**made.attributes, "distinguishedname": (made.dn.encode(),)})


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db")
    made.source.add(person(1), person(2, manager=user_dn(1)), person(3, "Sub,OU=People"), group(101))
    made.source.add(person(9, "Others"))
    made.source.members[guid(101)] = [user_dn(1)]
    made.settle()
    return made


def rename(engine: Engine, old: str = OLD, new: str = NEW, numbers: Sequence[int] = (1, 2, 3)) -> None:
    engine.source.add(*(placed(engine.source.entries[guid(number)], old, new) for number in numbers))
    engine.source.members[guid(101)] = [engine.source.entries[guid(1)].dn]


def planned(engine: Engine) -> tuple[Plan, list[str]]:
    report, plan = engine.run(sends=False)
    return plan, list(plan_lines(plan, report))


def test_whoever_is_in_a_container_that_was_renamed_follows_from_it(engine: Engine) -> None:
    rename(engine)
    plan, lines = planned(engine)
    assert plan.origins == {"Container": 3} and plan.attributes == {"onPremisesDistinguishedName": 3}
    assert plan.containers == {(OLD, NEW): 3}
    at = lines.index("  3 of these changes follow from 1 container renamed or moved in a directory")
    assert lines[at + 1] == f"    {OLD} → {NEW} (3)"
    engine.settle()
    assert planned(engine)[0].empty


def test_somebody_who_changes_as_well_follows_from_the_directory(engine: Engine) -> None:
    rename(engine)
    changed = engine.source.entries[guid(2)]
    engine.source.add(replace(changed, attributes={**changed.attributes, "title": (b"Boss",)}))
    assert planned(engine)[0].origins == {"Container": 2, "Source": 1}


def test_who_is_moved_alone_out_of_a_container_that_goes_on_follows_from_the_directory(engine: Engine) -> None:
    rename(engine, numbers=(1,))
    assert planned(engine)[0].origins == {"Source": 1}


def test_who_is_moved_into_a_container_that_was_there_follows_from_the_directory(engine: Engine) -> None:
    rename(engine, new=f"OU=Others,{BASE}")
    assert planned(engine)[0].origins == {"Source": 3}


def test_somebody_who_was_deleted_along_is_not_left_behind_in_the_old_container(engine: Engine) -> None:
    rename(engine, numbers=(1, 3))
    engine.source.entries.pop(guid(2))
    assert planned(engine)[0].origins == {"Container": 2}


def test_somebody_new_in_the_renamed_container_makes_it_no_other_one(engine: Engine) -> None:
    rename(engine)
    engine.source.add(person(4, "Staff"))
    assert planned(engine)[0].origins == {"Container": 3, "Source": 1}


def test_whose_own_name_changes_with_the_container_follows_from_the_directory(engine: Engine) -> None:
    rename(engine)
    entry = engine.source.entries[guid(3)]
    engine.source.add(replace(entry, dn=entry.dn.replace("CN=User 3", "CN=User Three")))
    assert planned(engine)[0].origins == {"Container": 2, "Source": 1}


def test_a_container_that_moved_below_another_one_is_told_too(engine: Engine) -> None:
    new = f"OU=People,OU=Company,{BASE}"
    rename(engine, new=new)
    plan, _ = planned(engine)
    assert plan.origins == {"Container": 3} and plan.containers == {(OLD, new): 3}


def test_containers_that_were_renamed_are_told_the_largest_first(engine: Engine) -> None:
    numbers = range(20, 34)
    engine.source.add(*(person(number, f"Team {number % 7}") for number in numbers), person(50, "Team 0"))
    engine.settle()
    for number in (*numbers, 50):
        entry = engine.source.entries[guid(number)]
        engine.source.add(placed(entry, parent(entry.dn), parent(entry.dn).replace("Team", "Crew")))
    plan, lines = planned(engine)
    assert sum(plan.containers.values()) == 15 and len(plan.containers) == 7
    at = lines.index("  15 of these changes follow from 7 containers renamed or moved in a directory")
    assert lines[at + 1] == f"    OU=Team 0,{BASE} → OU=Crew 0,{BASE} (3)" and lines[at + 6] == "    … and 2 more"


def test_an_import_that_was_cut_tells_nothing_of_containers(engine: Engine) -> None:
    rename(engine)
    engine.source.complete = False
    assert planned(engine)[0].origins == {"Source": 3}


@pytest.mark.parametrize(
    ("old", "new", "containers"),
    [
        ("CN=a,OU=A,DC=x", "CN=a,OU=B,DC=x", ("OU=A,DC=x", "OU=B,DC=x")),
        ("CN=a,OU=S,OU=A,DC=x", "CN=a,OU=S,OU=B,DC=x", ("OU=A,DC=x", "OU=B,DC=x")),
        ("CN=a,OU=S,OU=A,DC=x", "CN=a,OU=S,OU=A,OU=C,DC=x", ("OU=A,DC=x", "OU=A,OU=C,DC=x")),
        ("CN=a,OU=S,OU=A,OU=C,DC=x", "CN=a,OU=S,OU=A,DC=x", ("OU=A,OU=C,DC=x", "OU=A,DC=x")),
        ("CN=a\\,b,OU=A\\,A,DC=x", "CN=a\\,b,OU=B,DC=x", ("OU=A\\,A,DC=x", "OU=B,DC=x")),
        ("CN=a,OU=A,DC=x", "CN=a,DC=x", ("OU=A,DC=x", "DC=x")),
        ("CN=a,OU=A,DC=x", "CN=b,OU=B,DC=x", None),
        ("CN=a,OU=A,DC=x", "CN=a,OU=a,DC=x", None),
        ("CN=a,OU=A,DC=x", "CN=a,OU=A,DC=x", None),
    ],
)
def test_the_container_is_the_highest_that_has_another_name(old: str, new: str, containers: object) -> None:
    assert renamed(old, new) == containers


RDN = st.sampled_from(["OU=a", "OU=b", "OU=c\\,c", "OU=\\ d"])


@given(st.lists(RDN, min_size=1, max_size=4), st.lists(RDN, min_size=1, max_size=4))
def test_the_old_container_holds_the_old_name_and_the_new_one_the_new(one: list[str], other: list[str]) -> None:
    old, new = (",".join(["CN=x", *rdns, "DC=x"]) for rdns in (one, other))
    found = renamed(old, new)
    assert (found is None) == (one == other)
    if found is not None:
        assert old.endswith(f",{found[0]}") and new.endswith(f",{found[1]}") and found[0] != found[1]
        assert old.removesuffix(found[0]) == new.removesuffix(found[1]) or "DC=x" in found
