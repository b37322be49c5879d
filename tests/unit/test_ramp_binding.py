"""Which group follows which ramp: the first that matches, until it is whole or the policy changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.pages import coded, rows, section
from syncramp.model.ramps import Bound
from syncramp.model.state import Membership
from syncramp.ramp.binding import Binding, bind, denied
from syncramp.ramp.steps import digest_of
from syncramp.spec.ramps import DENY_PATTERNS, Admit, Gate, Metric, RampPolicy, Soak, Step

LATER = 20.0


def ramp(name: str, least: int = 10, where: str | None = None, ceiling: int = 1000) -> RampPolicy:
    return RampPolicy(name, (Step(ceiling),), (), min_members=least, where=where)


def group(size: int, there: int = 0, identity: int = 1) -> Membership:
    """A group of which so many are wanted, and the first ones are in the cloud."""
    desired, possible = BitMap(range(100, 100 + size)), BitMap(range(100, 100 + there))
    return Membership(
        identity,
        1,
        f"anchor-{identity}",
        f"CN={identity},DC=x",
        "",
        desired,
        BitMap(),
        possible,
        BitMap(),
        in_cloud=True,
    )


def followed(
    groups: Sequence[Membership],
    policies: Sequence[RampPolicy],
    bound: Mapping[int, Bound] | None = None,
    named: Sequence[str] = (),
    now: float = LATER,
) -> Binding:
    """Groups match the expressions that are named."""
    return bind(groups, bound or {}, policies, lambda policy, _: policy.where in named, now)


def tied(policy: RampPolicy, there: int = 0, *, at: float = 1.0, filling: bool = False) -> dict[int, Bound]:
    start = BitMap(range(100, 100 + there))
    return {1: Bound(1, "anchor-1", policy.name, at, digest_of(policy), start, filling)}


def test_the_first_ramp_that_matches_binds_a_group_with_what_the_cloud_has_of_it() -> None:
    first, second, third = ramp("first", 50), ramp("second", 20), ramp("third", 10)
    found = followed([group(30, 7)], [first, second, third])
    assert found.bound == {1: Bound(1, "anchor-1", "second", LATER, digest_of(second), BitMap(range(100, 107)))}
    assert (found.released, found.stays) == ({}, {})


@pytest.mark.parametrize(("size", "bound"), [(9, False), (10, True), (11, True)])
def test_a_group_follows_a_ramp_from_its_size_on(size: int, bound: bool) -> None:
    assert (1 in followed([group(size)], [ramp("large", 10)]).bound) is bound


def test_a_condition_that_is_not_true_leaves_the_group_to_the_next_ramp() -> None:
    policies = [ramp("named", where="a"), ramp("all")]
    assert followed([group(10)], policies).bound[1].ramp == "all"
    assert followed([group(10)], policies, named=["a"]).bound[1].ramp == "named"
    assert followed([group(10)], policies[:1]).bound == {}


def test_only_ramps_for_groups_of_its_size_are_asked() -> None:
    asked = []

    def matches(policy: RampPolicy, identity: int) -> bool:
        asked.append((policy.name, identity))
        return True

    bind(
        [group(15, identity=4)],
        {},
        [ramp("larger", 20, "a"), ramp("large", 10, "b"), ramp("rest", 1, "c")],
        matches,
        0,
    )
    assert asked == [("large", 4)]


@pytest.mark.parametrize("size", [3, 9, 10, 500])
@pytest.mark.parametrize("named", [["a"], []])
def test_a_group_that_waits_stays_with_its_ramp_whatever_its_size_and_name_become(
    size: int, named: list[str]
) -> None:
    named_ramp = ramp("named", 10, "a")
    before = tied(named_ramp, 2)
    found = followed([group(size, 2)], [ramp("huge", 100), named_ramp], before, named)
    assert found.bound == before
    now = "huge" if size >= 100 else "named" if named and size >= 10 else ""
    assert found.stays == ({} if now == "named" else {1: now})
    assert found.released == {}


def test_a_group_that_is_whole_leaves_its_ramp_when_it_does_not_match_any_more() -> None:
    policy = ramp("large", 10)
    found = followed([group(9, 9)], [policy], tied(policy, 2))
    assert (found.bound, found.released) == ({}, tied(policy, 2))


def test_a_group_that_is_whole_and_matches_still_is_bound_as_before() -> None:
    policy = ramp("large", 10)
    assert followed([group(10, 10)], [policy], tied(policy, 2)).bound == tied(policy, 2)


def test_a_group_that_is_whole_moves_to_another_ramp_and_its_way_back_begins_there() -> None:
    policy, huge = ramp("large", 10), ramp("huge", 20)
    (found,) = followed([group(20, 20)], [huge, policy], tied(policy, 2)).bound.values()
    assert (found.ramp, found.at, len(found.start)) == ("huge", LATER, 20)


def test_who_is_to_be_removed_keeps_no_group_from_being_whole() -> None:
    policy = ramp("large", 10)
    assert followed([group(9, 12)], [policy], tied(policy)).released


@pytest.mark.parametrize(
    "changed",
    [
        {"min_members": 5},
        {"where": "a"},
        {"admit": Admit.MEMBERS},
        {"order": "object.mail"},
        {"steps": (Step(900),)},
        {"steps": (Step(1000, Soak(cycles=1)),)},
        {"steps": (Step(None), Step(1000))},
    ],
)
def test_when_its_policy_changes_a_group_is_matched_anew_and_its_way_back_stays(changed: dict[str, object]) -> None:
    policy = ramp("large", 10)
    now = replace(policy, **changed)  # type: ignore[arg-type]
    (found,) = followed([group(30, 5)], [now], tied(policy, 2, filling=True), ["a"]).bound.values()
    assert found == replace(tied(policy, 2, filling=True)[1], at=LATER, policy=digest_of(now))


def test_gates_budgets_and_whom_a_pause_waits_for_do_not_bind() -> None:
    policy = ramp("large")
    other = replace(
        policy,
        gates=(Gate(Metric.THROTTLE, None, None),),
        groups_per_cycle=7,
        per_cycle=7,
        per_day=7,
        failures_before_pause=7,
        mail_enabled_max=7,
        time_zone="Europe/Paris",
    )
    assert digest_of(other) == digest_of(policy)


def test_a_group_whose_ramp_is_gone_follows_the_next_one_that_matches_or_none() -> None:
    gone, rest = ramp("gone", 10), ramp("rest", 5)
    (found,) = followed([group(30, 5)], [rest], tied(gone, 2)).bound.values()
    assert (found.ramp, found.start) == ("rest", BitMap([100, 101]))
    assert followed([group(3, 2)], [rest], tied(gone, 2)).released == tied(gone, 2)


def test_a_ramp_of_another_name_with_the_same_steps_is_another_ramp() -> None:
    gone = ramp("gone")
    (found,) = followed([group(30, 5)], [replace(gone, name="new")], tied(gone, 2)).bound.values()
    assert (found.ramp, found.at) == ("new", LATER)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Membership, tuple[RampPolicy, ...], list[str]]]:
    """What a group is in some runs, with the ramps of the document and the conditions that are true of it."""
    sizes = st.integers(0, 30)
    policies = st.builds(
        ramp, st.sampled_from("xyz"), sizes, st.sampled_from([None, "a", "b"]), st.sampled_from([5, 9])
    )
    documents = st.lists(policies, max_size=3, unique_by=lambda policy: policy.name).map(tuple)
    document = draw(documents)
    runs = []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 3)) == 0:
            document = draw(documents)
        runs.append((group(draw(sizes), draw(sizes)), document, draw(st.lists(st.sampled_from("ab")))))
    return runs


@given(histories())
def test_no_history_releases_a_group_that_waits_and_whose_ramp_did_not_change(
    runs: list[tuple[Membership, tuple[RampPolicy, ...], list[str]]],
) -> None:
    bound: Mapping[int, Bound] = {}
    for number, (member, document, named) in enumerate(runs):
        found = followed([member], document, bound, named, float(number))
        assert not found.bound.keys() & found.released.keys()
        assert found.released.keys() <= bound.keys()
        assert all(each.ramp in {policy.name for policy in document} for each in found.bound.values())
        assert found.stays.keys() <= found.bound.keys()
        before = bound.get(1)
        waits = bool(member.desired - member.possible)
        kept = before and any((p.name, digest_of(p)) == (before.ramp, before.policy) for p in document)
        if before and waits and kept:
            assert found.bound[1] == before
        if before and waits and 1 in found.bound:
            assert found.bound[1].start == before.start
        if before is None and 1 in found.bound:
            assert found.bound[1].start == member.possible
        bound = found.bound


def test_after_a_ramp_was_complete_the_way_back_begins_where_the_next_growth_does() -> None:
    policy = ramp("large")
    bound, grown = tied(policy, 5), group(40, 30)

    def start(complete: Sequence[str], waited: bool = False) -> int:
        before = {1: replace(bound[1], waited=waited)}
        return len(bind([grown], before, [policy], lambda *_: True, LATER, complete).bound[1].start)

    assert (start(["large"]), start([]), start(["other"])) == (30, 5, 5)
    assert start(["large"], waited=True) == 5  # somebody waited for longer: that growth is not over


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6), st.integers(0, 20))
def test_what_becomes_of_a_group_does_not_depend_on_the_others(sizes: list[tuple[int, int]], least: int) -> None:
    groups = [group(size, there, identity) for identity, (size, there) in enumerate(sizes)]
    policies = [ramp("large", least), ramp("rest", least // 2)]
    alone = [followed([one], policies).bound for one in groups]
    assert followed(groups, policies).bound == {identity: each for one in alone for identity, each in one.items()}


@pytest.mark.parametrize(
    ("name", "dn", "pattern"),
    [
        ("VPN-Deny", "CN=x,DC=y", "*deny*"),
        ("vpn", "CN=All DENY,DC=y", "*deny*"),
        ("vpn", "CN=x,OU=a,OU=Blocked\\, old,DC=y", "*block*"),
        ("Break the glass", "CN=x,DC=y", "*break*glass*"),
        ("vpn", "CN=x,DC=deny", ""),
        ("vpn", "CN=x,CN=deny,DC=y", ""),
        ("", "CN=x", ""),
        ("deny", "no name at all", "*deny*"),
        ("den", "CN=y,OU=z", ""),
    ],
)
def test_a_group_is_denied_by_its_names_and_those_of_the_units_above_it(name: str, dn: str, pattern: str) -> None:
    assert denied(name, dn, DENY_PATTERNS) == pattern


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("deny", "deny-all", False),
        ("DENY?", "Deny1", True),
        ("deny?", "deny", False),
        ("[ab]*", "a", False),
        ("[ab]*", "[AB]c", True),
        ("a.c", "abc", False),
        ("*", "", True),
    ],
)
def test_a_pattern_knows_a_star_and_a_question_mark_and_no_case(pattern: str, name: str, matches: bool) -> None:
    assert bool(denied(name, "CN=z", (pattern,))) is matches


def test_an_escaped_sign_of_a_name_is_the_sign_itself() -> None:
    assert denied("", "CN=a\\,deny\\+b,DC=y", ("a,deny+b",)) == "a,deny+b"


def test_without_patterns_nothing_is_denied() -> None:
    assert denied("deny", "CN=deny", ()) == ""


def _told() -> Iterator[tuple[str, list[str]]]:
    for pattern, matched in rows(section("docs/ramps.md", "### Deny patterns")):
        yield coded(pattern)[0], coded(matched)


def test_the_page_tells_what_each_pattern_matches() -> None:
    told = dict(_told())
    assert tuple(told) == DENY_PATTERNS
    for pattern, examples in told.items():
        for example in examples:
            dn = f"CN=x,{example},DC=y" if example.startswith("OU=") else "CN=x,DC=y"
            assert denied("" if example.startswith("OU=") else example, dn, DENY_PATTERNS) == pattern
