"""Ramps as reports tell of them: in a plan, in a run that is over, and in an explanation. All of it is plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncramp.model.written import Side


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One group of a ramp, as a report tells of it."""

    dn: str
    anchor: str
    phase: str
    members: int
    """Desired."""
    there: int
    """Possibly in the cloud."""
    waiting: int
    effective: int | None = None
    """People who are members directly or by nested groups, as desired; None: nothing is nested."""
    reason: str = ""
    """Why its members wait, as a sentence."""
    note: str = ""
    """What else a person should know of it, as a clause."""


@dataclass(frozen=True, slots=True)
class RampReport:
    """One ramp as a report tells of it. Everything in it is plain data."""

    name: str
    admit: str
    phase: str
    step: int
    """Counted from 1."""
    steps: int
    ceiling: int
    target: int
    direction: str = Side.CLOUD.value
    """What its groups are written to (``Side``)."""
    built_in: bool = False
    groups: int = 0
    phases: Mapping[str, int] = field(default_factory=dict)
    """``GroupPhase`` -> groups in it."""
    groups_held: int = 0
    members_waiting: int = 0
    """Memberships that wait for the ramp, over all of its groups."""
    admitted: int = 0
    """Memberships that it lets go in the run that the report is of."""
    largest: int = 0
    """Members that the largest of its groups has in the cloud, or in the directory."""
    reason: str = ""
    """Why it is in this phase, as a clause."""
    pause: str = ""
    by: str = ""
    """Who gave the command that it follows; empty: nobody."""
    changed: str = ""
    """What a change of the document does to it, as a sentence; empty: it did not change."""
    soak: Mapping[str, Any] = field(default_factory=dict)
    """``elapsed``, ``duration`` (seconds), ``cycles``, ``wantedCycles``, ``businessDays``, ``wantedBusinessDays``."""
    failures: int = 0
    """Of gates at this step."""
    judgements: Sequence[Mapping[str, Any]] = ()
    next_ceiling: int | None = None
    """Of the step that follows; None: none does, or it is a pause."""
    next_decision: str = ""
    """RFC 3339, UTC: the earliest moment at which the step can end by itself; empty: it cannot."""
    eta: str = ""
    """The same of the whole ramp, by the forecast."""
    admitted_today: int = 0
    per_cycle: int = 0
    per_day: int = 0
    """Of ``Members``; 0: it has no budget."""
    held: Sequence[GroupReport] = ()
    """The largest groups with members that wait."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """DN of a group of which something must be known beside its size -> that, as a clause."""
    warnings: Mapping[str, str] = field(default_factory=dict)
    """DN of one of the largest groups -> the limits of others that it is near, or over."""
    checklist: Sequence[str] = ()
    """What a person should look at before the ramp goes on; of a paused one."""


@dataclass(frozen=True, slots=True)
class RampTold:
    """The ramp that one group follows, as the last run left it."""

    name: str
    admit: str
    phase: str
    step: int
    """Counted from 1."""
    steps: int
    ceiling: int
    target: int
    reason: str
    """Why it is in this phase, as a clause."""
    next_decision: str
    """As in a ``RampReport``."""
    group: GroupReport
    direction: str = Side.CLOUD.value
    """As in a ``RampReport``."""
