"""Facts of a plan: how much of what counts, of how much, with what was sent in the last 24 hours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.guards import Prevention, Spend, What
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.plan import MembershipChange, ObjectChange, Verb
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.plan.facts import Facts, Setting, gather
from syncramp.plan.survey import Survey
from syncramp.spec.failsafe import Failsafe


@dataclass
class Kept:
    """A store of people in two places: those with odd numbers are in A, the others in B; groups begin at 9000."""

    in_cloud: BitMap
    members_of: Mapping[int, BitMap] = field(default_factory=dict)
    with_title: int = 0
    asked: list[str] = field(default_factory=list)

    def named(self, ids: BitMap) -> Iterator[tuple[int, Kind, str, str]]:
        for each in ids:
            yield each, Kind.GROUP if each >= 9000 else Kind.USER, "corp", _dn(each)

    def sizes(self) -> Mapping[tuple[Kind, str], int]:
        self.asked.append("sizes")
        groups = len(self.in_cloud & BitMap(range(9000, 9999)))
        return {(Kind.USER, "corp"): len(self.in_cloud) - groups, (Kind.GROUP, "corp"): groups}

    def dns(self, source: str) -> Iterator[str]:
        self.asked.append("dns")
        return map(_dn, self.in_cloud)

    def links(self) -> int:
        self.asked.append("links")
        return 1000

    def members(self, groups: BitMap) -> Mapping[int, BitMap]:
        return {group: members for group, members in self.members_of.items() if group in groups}

    def having(self, attribute: str) -> int:
        self.asked.append("having")
        return self.with_title

    def graph(self) -> tuple[Mapping[int, BitMap], Mapping[int, BitMap]]:
        raise AssertionError("nothing is nested")


def _dn(number: int) -> str:
    return f"CN={number},OU={'A' if number % 2 else 'B'},DC=example"


BASES = {"corp": ["OU=A,DC=example", "OU=B,DC=example"]}


def state(number: int, **acked: str) -> ObjectState:
    kind = Kind.GROUP if number >= 9000 else Kind.USER
    return ObjectState(number, 1, kind, str(number), _dn(number), None, acked, False, frozenset(), None, "", {})


def survey(*changes: ObjectChange | MembershipChange) -> Survey:
    made = Survey(BitMap)
    assert list(made.watch(changes)) == list(changes)
    return made


def deletes(*numbers: int) -> Survey:
    return survey(*(ObjectChange(state(number), Verb.DELETE, {}) for number in numbers))


def facts(found: Survey, kept: Kept, day: Mapping[Spend, BitMap] | None = None, **setting: object) -> Facts:
    return gather(found, kept, Setting(day or {}, **setting), Failsafe())  # type: ignore[arg-type]


def parts(found: Facts) -> dict[str, tuple[int, int]]:
    return {part.subject: (len(part.number), part.number.whole) for part in found.parts}


def test_deletes_are_counted_by_kind_source_and_base() -> None:
    kept = Kept(BitMap(range(1, 201)) | BitMap([9000]))
    found = facts(deletes(*range(1, 103), 9000), kept, bases=BASES)
    assert parts(found) == {
        "User": (102, 200),
        "Group": (1, 1),
        "corp": (103, 201),
        "OU=A,DC=example": (51, 100),
        "OU=B,DC=example": (52, 101),
    }


def test_the_base_of_a_source_that_has_one_alone_is_the_source() -> None:
    found = facts(deletes(1), Kept(BitMap(range(10))), bases={"corp": ["DC=example"]})
    assert set(parts(found)) == {"User", "corp"}


def test_a_percentage_of_deletes_is_of_what_was_there_when_the_day_began() -> None:
    spent = {Spend(What.DELETE): BitMap(range(1, 41))}
    found = facts(deletes(*range(41, 51)), Kept(BitMap(range(41, 101))), spent)
    assert parts(found)["User"] == (50, 100)


def test_how_many_objects_lie_below_a_base_is_looked_up_where_it_matters() -> None:
    kept = Kept(BitMap(range(1, 201)))
    assert parts(facts(deletes(*range(1, 101)), kept, bases=BASES))["OU=A,DC=example"] == (50, 0)
    assert kept.asked == ["sizes"]
    thorough = facts(deletes(1), kept, bases=BASES, thorough=True)
    assert parts(thorough)["OU=A,DC=example"] == (1, 100)


def test_nothing_is_looked_up_where_nothing_counts() -> None:
    kept = Kept(BitMap(range(1, 201)))
    assert not facts(survey(), kept, bases=BASES).parts
    assert kept.asked == []


def test_who_has_an_attribute_is_looked_up_between_the_floor_and_the_count() -> None:
    def cleared(number: int, spent: int = 0) -> tuple[int, list[str]]:
        kept = Kept(BitMap(range(1000)), with_title=300)
        changes = (ObjectChange(state(each, title="Clerk"), Verb.UPDATE, {"title": None}) for each in range(number))
        day = {Spend(What.CLEAR, "title"): BitMap(range(number, number + spent))}
        return facts(survey(*changes), kept, day).clears["title"].whole, kept.asked

    assert cleared(50) == (0, [])
    assert cleared(51) == (300, ["having"])
    assert cleared(500) == (300, ["having"])
    assert cleared(501) == (0, [])
    assert cleared(30, spent=30) == (330, ["having"]), "those who lost it today had it when the day began"


def test_a_clear_of_what_was_not_there_is_none() -> None:
    change = ObjectChange(state(1), Verb.UPDATE, {"title": None})
    assert not facts(survey(change), Kept(BitMap([1]))).clears


def test_a_held_change_counts_nowhere() -> None:
    held = ObjectChange(state(1, title="Clerk"), Verb.UPDATE, {})
    assert not facts(survey(held), Kept(BitMap([1]))).clears
    waiting = ObjectChange(state(1), Verb.DELETE, {}, (HeldPart(Hold.ABSENT_ONCE, "it was absent once", {}),))
    assert not len(facts(survey(waiting), Kept(BitMap([1]))).deletes)


def test_a_group_that_is_deleted_is_as_large_as_it_was_a_day_ago() -> None:
    kept = Kept(BitMap([9000]), {9000: BitMap(range(60))})
    spent = {Spend(What.REMOVAL, group=9000): BitMap(range(50, 110))}
    assert [loss.size for loss in facts(deletes(9000), kept, spent).groups] == [110]


def losing(group: int, removes: range, possible: range, derived: range = range(0)) -> MembershipChange:
    sets = (BitMap(), BitMap(possible), BitMap(possible), BitMap(derived))
    return MembershipChange(
        Membership(group, 1, str(group), _dn(group), "", *sets, in_cloud=True), BitMap(), BitMap(removes)
    )


def test_removals_of_the_last_day_count_for_their_group_and_for_all() -> None:
    day = {Spend(What.REMOVAL, group=9000): BitMap(range(5, 12)), Spend(What.REMOVAL, group=9001): BitMap(range(100))}
    found = facts(survey(losing(9000, range(10), range(20))), Kept(BitMap()), day)
    (loss,) = found.losses
    assert (len(loss.number), loss.size, loss.left) == (12, 20, 10)
    assert (found.removals, found.links) == (112, 1000)


def test_all_links_are_counted_where_their_percentage_matters() -> None:
    assert facts(survey(losing(9000, range(50), range(60))), Kept(BitMap())).links == 0
    assert facts(survey(losing(9000, range(51), range(60))), Kept(BitMap())).links == 1000


def test_who_leaves_with_an_own_delete_does_not_stay() -> None:
    (loss,) = facts(survey(losing(9000, range(1), range(12), range(1, 12))), Kept(BitMap())).losses
    assert (loss.left, len(loss.number)) == (0, 1)


def test_the_tenants_own_prevention_is_a_number_or_a_percentage_or_off() -> None:
    assert Prevention("EnabledForCount", 7, 50).limit(1000) == 7
    assert Prevention("EnabledForPercentage", 7, 5).limit(999) == 49
    assert Prevention("Disabled", 7, 5).limit(1000) is None
    assert Prevention().limit(1000) is None
