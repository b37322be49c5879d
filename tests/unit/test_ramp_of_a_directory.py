"""The ramp of groups that are written to a directory: what it has of its own beside its gates."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from support.ramped import MONDAY, membership, standing, state
from syncramp.model.ramps import PauseReason, Phase
from syncramp.model.sizes import LIMITS
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind
from syncramp.plan.following import following
from syncramp.ramp.checklist import checklist
from syncramp.ramp.reporting import report, with_groups
from syncramp.ramp.steps import Setting, Situation, digest_of
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step, built_in, built_in_writeback

HOUR = 3600.0
POLICY = built_in_writeback()
SLOW = replace(POLICY, least_soak=timedelta(hours=48))
GROUP = 0x8
SECURITY = GROUP - 0x80000000


def soaking(policy: RampPolicy, hours: float, step: int = 0) -> bool:
    """Whether a soak that lasted so long is over."""
    at = Setting(policy, Situation(1, 1, 0, lambda ceiling: 0), (), MONDAY + hours * HOUR, 9)
    return at.soaked(state(Phase.SOAKING, step, 1400, soaked_from=MONDAY)).over


def test_a_ceiling_soaks_as_long_as_its_site_links_need_whatever_its_step_says() -> None:
    assert [soaking(POLICY, hours) for hours in (23.9, 24)] == [False, True]
    assert [soaking(SLOW, hours) for hours in (47.9, 48)] == [False, True]
    assert [soaking(SLOW, hours, step=6) for hours in (71.9, 72)] == [False, True], "a longer one stays"
    assert SLOW.soak(2) == Soak() == SLOW.soak(99), "a pause does not soak"


def test_how_slow_site_links_are_begins_no_ramp_anew() -> None:
    assert digest_of(SLOW) == digest_of(POLICY)


def test_the_longer_soak_is_told_with_when_it_can_be_over() -> None:
    told = report(SLOW, state(Phase.SOAKING, 0, 1400, soaked_from=MONDAY), MONDAY)
    assert told.soak["duration"] == 48 * HOUR
    assert told.next_decision == "2026-11-18T00:00:00Z"


@pytest.mark.parametrize(
    ("step", "said", "unsaid"),
    [
        (0, ("member;range=1500-*", "repadmin"), ("Get-ADGroupMember", "Licences")),
        (2, ("member;range=1500-*", "Get-ADGroupMember fails above 5,000 members"), ("Licences", "Teams")),
    ],
)
def test_a_pause_lists_what_reads_groups_in_a_directory(
    step: int, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    text = "\n".join(checklist(POLICY, state(Phase.PAUSED, step, 4900, pause=PauseReason.STEP)))
    assert all(word in text for word in said)
    assert not any(word in text for word in unsaid)
    assert "Get-ADGroupMember" not in "\n".join(
        checklist(built_in(timedelta(minutes=30)), state(Phase.PAUSED, step, 4900, pause=PauseReason.STEP))
    )


def test_groups_are_told_that_come_near_the_limits_of_who_reads_a_directory() -> None:
    ramp = report(POLICY, state(), MONDAY)
    groups = [standing(desired=1_250, possible=9), standing(2, desired=5_001), standing(3, desired=1_199)]
    assert with_groups(ramp, groups).warnings == {
        "CN=g1": f"1,250 of 1,500 ({LIMITS[1_500]})",
        "CN=g2": f"5,001 members, over 5,000 ({LIMITS[5_000]}); over 1,500 ({LIMITS[1_500]})",
    }


class View:
    """Groups of a directory, by their groupType."""

    def __init__(self, types: dict[int, int]) -> None:
        self._types = types

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        for identity in ids:
            desired = {"groupType": self._types[identity], "displayName": f"g{identity}"}
            name = f"group_{identity}"
            yield ObjectState(
                identity, 1, Kind.GROUP, name, f"CN={name}", desired, None, False, frozenset(), None, ""
            )


def test_security_groups_come_whole_and_distribution_groups_member_by_member() -> None:
    types = {1: GROUP, 2: SECURITY}
    groups = [membership(number, [7]) for number in types]
    found = following(View(types), groups, {}, (POLICY,), (), MONDAY)
    assert found.denied == {2: "it is a security group"}
    cloud = replace(POLICY, name="large", admit=Admit.MEMBERS)
    assert following(View(types), groups, {}, (cloud,), (), MONDAY).denied == {}, "only in a directory"


def test_the_steps_of_a_ramp_may_have_no_soak_of_their_own() -> None:
    bare = replace(SLOW, steps=(Step(1400),))
    assert bare.soak(0) == Soak(timedelta(hours=48))
