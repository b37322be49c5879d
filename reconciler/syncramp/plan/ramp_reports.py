"""The reports of all ramps of a run: what was assembled before the plan (``plan.rooms``), put into words.

A plan is told of the memberships that it was made of; the report of a run reads them once more when it is over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.ramps import RampReport, RampState, Room
from syncramp.model.state import Membership
from syncramp.plan.nesting import people
from syncramp.plan.rooms import Followers
from syncramp.ramp.candidates import Candidate
from syncramp.ramp.reporting import Standing, report


class View(Protocol):
    """What is read of groups (``store.snapshot``)."""

    def groups(self, ids: BitMap) -> Iterator[Membership]:
        """Those of these groups that should be in the cloud."""

    def members(self, identity: int) -> BitMap:
        """Members that a group should have."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the reports of a run are made of, beside the groups."""

    states: Mapping[str, RampState]
    """Ramp -> its state in this run."""
    rooms: Mapping[int, Room]
    spent: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    """Ramp -> what a change of the document does to it, as a sentence."""
    eta: Mapping[str, str] = field(default_factory=dict)
    """Ramp -> when it is complete, by the forecast (RFC 3339)."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """Group -> what must be known of it, as a clause."""


def ramp_reports(
    view: View, found: Followers, known: Known, groups: BitMap, now: float, next_run: float, *, over: bool = False
) -> Iterator[RampReport]:
    """Every ramp that some group follows, in the order in which they match.

    :param groups: ids of all groups, for those that are nested.
    :param now: seconds since the epoch.
    :param next_run: seconds between two runs.
    :param over: the run is, so memberships are read anew.
    """
    for policy in found.policies:
        candidates = found.groups.get(policy.name, ())
        if not candidates:
            continue
        ids = BitMap(each.membership.id for each in candidates)
        there = {group.id: group for group in view.groups(ids)} if over else {}
        standings = [_standing(each, there.get(each.membership.id), known) for each in candidates]
        yield report(
            policy,
            known.states[policy.name],
            standings,
            now,
            next_run=next_run,
            spent=known.spent.get(policy.name, 0),
            changed=known.changed.get(policy.name, ""),
            eta=known.eta.get(policy.name, ""),
            effective=lambda group: people(group, view.members, groups),
        )


def _standing(each: Candidate, fresh: Membership | None, known: Known) -> Standing:
    group = each.membership
    denied = f"its name matches {each.denied}, so it comes whole" if each.denied else ""
    note = "; ".join(filter(None, (denied, known.notes.get(group.id, ""))))
    return Standing(fresh or group, known.rooms.get(group.id), note)
