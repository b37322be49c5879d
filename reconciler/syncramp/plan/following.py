"""Who follows which ramp, with what of groups is looked at for it: conditions, names that deny, and addresses.

Attributes are read of as few groups as possible: of all where a ramp has a condition, else of those that come bit by
bit, and of those that are larger than a group with an address may be.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.ramps import Bound
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Attributes
from syncramp.ramp.binding import Binding, bind, denied
from syncramp.ramp.matching import Matching, Ordering
from syncramp.rules.desired import GROUPS, MEMBERS, desired_environment
from syncramp.spec.ramps import Admit, RampPolicy


class Objects(Protocol):
    """What is read of objects (``store.snapshot``)."""

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        """Objects by id."""


@dataclass(frozen=True, slots=True)
class Following:
    """Who follows which ramp, and what is known of these groups."""

    binding: Binding
    policies: Mapping[str, RampPolicy] = field(default_factory=dict)
    mail_enabled: BitMap = field(default_factory=BitMap)
    """Those with an address, of the groups that are large enough for it to matter."""
    denied: Mapping[int, str] = field(default_factory=dict)
    """Groups under ``Members`` that come whole -> why, as a clause."""
    failed: Mapping[int, str] = field(default_factory=dict)
    """Groups of which a condition has no result -> which, and why."""

    def policy(self, group: int) -> RampPolicy | None:
        """The ramp that a group follows."""
        tied = self.binding.bound.get(group)
        return self.policies[tied.ramp] if tied else None


def following(
    view: Objects,
    groups: Sequence[Membership],
    bound: Mapping[int, Bound],
    ramps: Sequence[RampPolicy],
    patterns: Sequence[str],
    now: float,
    complete: Collection[str] = (),
) -> Following:
    """Bind groups to ramps.

    :param bound: by earlier runs.
    :param patterns: ``spec.groups.denyPatterns``.
    :param now: seconds since the epoch.
    :param complete: names of ramps that were complete when the last run was over.
    """
    matching = Matching(ramps, lambda: desired_environment(GROUPS), lambda ids: _read(view, ids))
    matching.load(BitMap(group.id for group in groups))
    binding = bind(groups, bound, ramps, matching.matches, now, complete)
    known = {policy.name: policy for policy in ramps}
    found = Following(binding, known, failed=matching.failed)
    large = BitMap(group.id for group in groups if _mail_matters(group, found.policy(group.id)))
    partly = {
        group.id: group.dn
        for group in groups
        if (policy := found.policy(group.id)) and policy.admit is Admit.MEMBERS and (patterns or policy.directory)
    }
    told = dict(_read(view, large | BitMap(partly)))
    mailing = BitMap(identity for identity in large if mail_enabled(told.get(identity, {})))
    refused = {identity: _whole(told.get(identity, {}), dn, patterns) for identity, dn in partly.items()}
    return Following(
        binding, known, mailing, {each: found for each, found in refused.items() if found}, matching.failed
    )


def _whole(desired: Attributes, dn: str, patterns: Sequence[str]) -> str:
    """Why a group under ``Members`` comes whole, as a clause; empty: it does not.

    Part of a security group is access that some have, and others of the same department do not.
    """
    if in_tokens(desired):
        return "it is a security group"
    pattern = denied(_name(desired), dn, patterns)
    return f"its name matches {pattern}" if pattern else ""


def ordering(view: Objects) -> Ordering:
    """The order in which members come."""
    return Ordering(lambda: desired_environment(MEMBERS), lambda ids: _read(view, ids))


def in_tokens(desired: Attributes) -> bool:
    """A group with these attributes is a security group of a directory, which its members have in their tokens: its
    groupType, 32 bits with a sign, is below zero (GROUP_TYPE_SECURITY_ENABLED, MS-ADTS 2.2.12).
    """
    return isinstance(kind := desired.get("groupType"), int) and kind < 0


def mail_enabled(desired: Attributes) -> bool:
    """A group with these attributes gets mail: it has an address, in ``mail`` or as an SMTP proxy address."""
    mail, proxies = desired.get("mail"), desired.get("proxyAddresses")
    addresses = [each for each in proxies if isinstance(each, str)] if isinstance(proxies, tuple) else []
    return (isinstance(mail, str) and "@" in mail) or any(each[:5].lower() == "smtp:" for each in addresses)


def _read(view: Objects, ids: BitMap) -> Iterator[tuple[int, Attributes]]:
    return ((state.id, state.desired) for state in view.states(ids) if state.desired is not None)


def _mail_matters(group: Membership, policy: RampPolicy | None) -> bool:
    return policy is not None and len(group.desired) + len(group.possible) > policy.mail_enabled_max


def _name(desired: Attributes) -> str:
    name = desired.get("displayName")
    return name if isinstance(name, str) else ""
