"""Which group follows which ramp.

A group is bound to the first ramp that matches it, and stays with it until it is whole, whatever its name, size or
place say meanwhile: a rename must not let members in, and a group around a limit must not change its ramp every day.
What a group had in the cloud when it was bound stays on record, also when its ramp changes before it is whole, since
that is what ``revert`` leads back to. Once the ramp was complete, what comes next is another growth, and goes back to
where that began. Pure functions.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import lru_cache

from syncramp.model.ramps import Bound
from syncramp.model.state import Membership
from syncramp.ramp.steps import digest_of
from syncramp.source.dn import DnError, canonical, parent
from syncramp.spec.ramps import RampPolicy

Matches = Callable[[RampPolicy, int], bool]
"""Whether the expression of a ramp is true of a group; asked only of ramps for groups of its size."""

_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2}|.)")


@dataclass(frozen=True, slots=True)
class Binding:
    """Who follows which ramp, and what changed."""

    bound: Mapping[int, Bound]
    released: Mapping[int, Bound]
    """Groups that follow no ramp any more, with what they were bound by."""
    stays: Mapping[int, str]
    """Groups that stay although another ramp would match them now: its name; empty: none would."""


def bind(
    groups: Iterable[Membership],
    bound: Mapping[int, Bound],
    policies: Sequence[RampPolicy],
    matches: Matches,
    now: float,
    complete: Collection[str] = (),
) -> Binding:
    """Bind groups to ramps.

    :param groups: those that are large enough for some ramp, and those that are bound.
    :param bound: by earlier runs.
    :param policies: the ramps in their order; the first that matches counts.
    :param now: seconds since the epoch.
    :param complete: names of ramps that were complete when the last run was over.
    """
    digests = {policy.name: digest_of(policy) for policy in policies}
    made: dict[int, Bound] = {}
    released: dict[int, Bound] = {}
    stays: dict[int, str] = {}
    for group in groups:
        tied, found = bound.get(group.id), _first(group, policies, matches)
        name = found.name if found else ""
        if tied and not whole(group) and digests.get(tied.ramp) == tied.policy:
            made[group.id] = _anew(tied, group) if tied.ramp in complete else tied
            if name != tied.ramp:
                stays[group.id] = name
        elif found:
            made[group.id] = _tie(group, tied, name, digests[name], now)
        elif tied:
            released[group.id] = tied
    return Binding(made, released, stays)


def whole(group: Membership) -> bool:
    """Nobody who should be a member is possibly missing."""
    return not group.desired.difference_cardinality(group.possible)


def _first(group: Membership, policies: Sequence[RampPolicy], matches: Matches) -> RampPolicy | None:
    size = len(group.desired)
    return next(
        (
            policy
            for policy in policies
            if size >= policy.min_members and (policy.where is None or matches(policy, group.id))
        ),
        None,
    )


def _tie(group: Membership, tied: Bound | None, ramp: str, digest: str, now: float) -> Bound:
    if tied is None:
        return Bound(group.id, group.anchor, ramp, now, digest, group.possible)
    if (tied.ramp, tied.policy) == (ramp, digest):
        return tied
    start = group.possible if whole(group) else tied.start
    return replace(tied, ramp=ramp, at=now, policy=digest, start=start)


def _anew(tied: Bound, group: Membership) -> Bound:
    """A group of a ramp that was complete: if nobody waited, this is where the next growth begins."""
    return tied if tied.waited else replace(tied, start=group.possible)


def denied(name: str, dn: str, patterns: Sequence[str]) -> str:
    """The pattern of a group in which who is missing has the opposite of what it is for; empty: none.

    :param name: its displayName.
    :param patterns: ``spec.groups.denyPatterns``; compared without case with the name, the cn and the names of
        organisational units.
    """
    names = [name.casefold(), *_names(dn)]
    return next((pattern for pattern in patterns if any(map(_compiled(pattern).match, names))), "")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.casefold().replace("[", "[[]")))


def _names(dn: str) -> Iterable[str]:
    """The values of a DN's first part and of its organisational units."""
    try:
        above = canonical(dn)
    except DnError:
        return
    first = True
    while above:
        rest = parent(above)
        head = above[: len(above) - len(rest)].rstrip(",")
        attribute, _, value = head.partition("=")
        if first or attribute.strip().casefold() == "ou":
            yield _ESCAPED.sub(_plain, value).casefold()
        above, first = rest, False


def _plain(found: re.Match[str]) -> str:
    text = found[1]
    return chr(int(text, 16)) if len(text) == 2 else text
