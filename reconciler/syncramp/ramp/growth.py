"""Admission on counts: how many members of each group come in one run, without looking at who they are.

It does what ``ramp.admission`` does on sets of members. Without a budget the numbers are the same. A budget is given
to people there, so that the same ones come first in every group; here each group gets a part of it as large as its
room. When people are in several groups, a few links of the budget stay unused there, fewer than there are groups.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncramp.ramp.candidates import Candidate
from syncramp.spec.ramps import Admit, RampPolicy


@dataclass(slots=True)
class Counted:
    """A group of a ramp in numbers, as it grows."""

    dn: str
    admit: Admit
    """As its ramp says; a denied group under ``Members`` is ``Whole``."""
    there: int
    """Members that the cloud possibly holds."""
    queue: int
    """Desired, possibly not in the cloud, and no restoration."""
    max_members: int
    """``groups.maxMembers``: of a group with more nobody comes."""
    restored: int = 0
    """Those who return at once."""
    leaving: int = 0
    """Of those that are there: not desired any more, gone with the next run."""
    mail: int | None = None
    """What it may have because it is mail-enabled; None: it is not."""
    filling: bool = False
    """Whole: its additions were begun and have not all arrived."""
    newcomers: bool = False
    """It was whole: who waits is no growth of the ramp."""
    stuck: int = 0
    """Of the queue those who cannot come whatever the ramp says."""
    too_long: bool = False
    """Whole: its additions take longer than a run may."""

    @property
    def size(self) -> int:
        """Members once everybody came, and nobody who is to be removed went yet."""
        return self.there + self.restored + self.queue

    @property
    def desired(self) -> int:
        """Members that it should have."""
        return self.size - self.leaving

    @property
    def oversize(self) -> bool:
        """It would have more members than the service takes."""
        return self.size > self.max_members

    def room(self, ceiling: int) -> int:
        """How many of the queue there is room for under a ceiling, whatever budgets say."""
        if self.oversize or self.too_long:
            return 0
        limits = (self.max_members, self.mail, None if self.admit is Admit.NOW else ceiling)
        limit = min(each for each in limits if each is not None)
        able = self.queue - self.stuck
        if self.size <= limit:
            return able
        by_part = self.admit is Admit.MEMBERS or self.filling
        return max(0, min(able, limit - self.there - self.restored)) if by_part else 0

    def settle(self) -> int:
        """Removals went, and who returns at once is back.

        :returns: links that came.
        """
        came, self.restored = self.restored, 0
        self.there, self.leaving = self.there + came - self.leaving, 0
        return came

    def take(self, links: int) -> None:
        """So many of the queue came."""
        self.there += links
        self.queue -= links


def counted(group: Candidate, policy: RampPolicy, max_members: int) -> Counted:
    """A group in numbers."""
    there = group.membership
    return Counted(
        there.dn,
        group.admit,
        len(there.possible),
        group.queued,
        max_members,
        restored=len(group.restored),
        leaving=len(there.possible - there.desired),
        mail=policy.mail_enabled_max if group.mail_enabled else None,
        filling=group.filling,
        newcomers=group.newcomers,
        stuck=group.stuck - group.nested,
    )


def admissible(groups: Iterable[Counted], ceiling: int) -> int:
    """Links that could come under a ceiling if budgets were endless."""
    return sum(group.room(ceiling) for group in groups)


def passing(groups: Iterable[Counted], ceiling: int, budget: int) -> int:
    """Those of them that wait for no later run, as ``ramp.admission.passing`` has it.

    :param budget: of this run.
    """
    whole = parts = 0
    for group in groups:
        if group.admit is Admit.MEMBERS:
            parts += group.room(ceiling)
        elif group.admit is Admit.NOW or group.newcomers:
            whole += group.room(ceiling)
    return whole + min(parts, budget)


def parted(rooms: Sequence[int], budget: int) -> list[int]:
    """A budget, given to groups in parts as large as their rooms.

    :param rooms: how many members each has room for.
    :returns: how many of each come, together as many as the budget or all.
    """
    total = sum(rooms)
    if total <= budget:
        return list(rooms)
    parts, before, passed = [], 0, 0
    for room in rooms:
        passed += room
        after = passed * budget // total
        parts.append(after - before)
        before = after
    return parts


class Pending:
    """Who can come under a ceiling, taken in the order in which runs take them.

    Groups that are filled whole stand one behind the other. All others share what goes, so that nobody looks at each
    of them in each run: :meth:`hand_out` gives them their parts at the end.
    """

    def __init__(self, groups: Iterable[Counted], ceiling: int) -> None:
        known = [(group, group.room(ceiling)) for group in groups]
        self.fills = deque(
            sorted(
                (group for group, room in known if room and group.admit is Admit.WHOLE),
                key=lambda group: not group.filling,
            )
        )
        """Filling ones first."""
        self._ceiling = ceiling
        self._sharing = [(group, room) for group, room in known if room and group.admit is not Admit.WHOLE]
        self._room = sum(room for _, room in self._sharing)
        self._taken = 0
        self._widest = max(self._sharing, key=lambda pair: pair[0].there + pair[1], default=None)

    def __bool__(self) -> bool:
        return bool(self.fills) or self.open > 0

    @property
    def open(self) -> int:
        """Links that groups share, and that are not taken yet."""
        return self._room - self._taken

    @property
    def sharing(self) -> int:
        """Groups that share."""
        return len(self._sharing)

    def fill(self) -> int:
        """The next group becomes whole.

        :returns: its links.
        """
        group = self.fills.popleft()
        links = group.room(self._ceiling)
        group.take(links)
        group.filling = False
        return links

    def take(self, links: int) -> None:
        """Of what groups share."""
        self._taken += links

    def largest(self) -> int:
        """Members of the largest group that shares, with its part of what was taken."""
        if self._widest is None:
            return 0
        group, room = self._widest
        return group.there + room * self._taken // self._room

    def hand_out(self) -> None:
        """Give groups that share their parts of what was taken."""
        parts = parted([room for _, room in self._sharing], self._taken)
        for (group, _), links in zip(self._sharing, parts, strict=True):
            group.take(links)
