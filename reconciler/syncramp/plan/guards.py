"""The guards: each counts one class of change, and holds it when there is more of it than its limit lets go.

Facts come first; then every guard is asked, whatever the others say, and each is a function of the facts and of its
limits alone. What is equal to its limit passes. A guard of one group, or of one attribute, holds that alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from pyroaring import BitMap

from syncramp.model.guards import Reading
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.plan.facts import Facts, Loss, Number
from syncramp.plan.gauges import Case, Found, Gauge
from syncramp.spec.failsafe import FLOOR, Failsafe, share
from syncramp.words import count

Guard = Callable[[Facts, Failsafe], Iterator[Found]]


def judge(facts: Facts, limits: Failsafe) -> tuple[tuple[Reading, ...], Mapping[Class, Sequence[Barrier]]]:
    """What every guard says, and what those that are tripped hold."""
    readings: list[Reading] = []
    barriers: dict[Class, list[Barrier]] = {}
    for guard in GUARDS:
        for reading, found in guard(facts, limits):
            readings.append(reading)
            for barrier in found:
                barriers.setdefault(barrier.holds, []).append(barrier)
    return tuple(readings), barriers


# --- deletes -------------------------------------------------------------------------------------------------------

_DELETES = Gauge("Deletes", "failsafe.deletes.count", Class.DELETES, Hold.TOO_MANY_DELETES, "delete")
_TENANT = replace(_DELETES, guard="TenantDeletes", field="")
_GROUPS = Gauge("GroupDeletes", "failsafe.deletes.groups", Class.DELETES, Hold.GROUP_DELETES, "group delete")
_LARGE = replace(_GROUPS, guard="LargeGroupDeletes", field="failsafe.deletes.groupMembers")
_DEVICES = Gauge("DeviceDeletes", "failsafe.deletes.devices", Class.DELETES, Hold.DEVICE_DELETES, "device delete")


def deletes(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """All deletes together."""
    yield _DELETES.number(facts.deletes, limits.deletes.count)


def tenant_deletes(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """All deletes together, by the setting of the tenant that Microsoft Entra Connect obeys."""
    if facts.prevention is None:
        told = "the tenant's own prevention of accidental deletes is off or not known"
        yield _TENANT.reading(len(facts.deletes), None, "", told, tripped=False), []
    else:
        yield _TENANT.number(facts.deletes, facts.prevention, told=f"the tenant's own limit ({facts.prevention:,})")


def deletes_by_part(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """The deletes of each kind, of each source, and below each base of a scope."""
    for part in facts.parts:
        gauge = replace(_DELETES, guard=f"DeletesOf{part.what}", field="failsafe.deletes.percent")
        yield gauge.percentage(part.number, limits.deletes.percent, limits.deletes.floor, part.subject)


def deletes_of_groups(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """The deletes of groups: their number, and each that is large."""
    yield _GROUPS.number(_of_kind(facts, "Group"), limits.deletes.groups)
    most = limits.deletes.group_members
    cases = [
        Case(each, each.size, most, f"it has {count(each.size, 'member')}, {_LARGE.field} is {most:,}")
        for each in facts.groups
    ]
    yield from _LARGE.groups(cases, most)


def deletes_of_devices(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """The deletes of devices, which take their recovery keys along."""
    yield _DEVICES.number(_of_kind(facts, "Device"), limits.deletes.devices)


def _of_kind(facts: Facts, kind: str) -> Number:
    return next((part.number for part in facts.parts if (part.what, part.subject) == ("Kind", kind)), Number())


# --- members -------------------------------------------------------------------------------------------------------

_REMOVALS = Gauge(
    "Removals", "failsafe.memberRemovals.perRun", Class.REMOVALS, Hold.TOO_MANY_REMOVALS, "member removal"
)
_OF_ALL = replace(_REMOVALS, guard="RemovalsOfAll", field="failsafe.memberRemovals.percentOfAll")
_PER_GROUP = replace(_REMOVALS, guard="RemovalsOfGroup", field="failsafe.memberRemovals.perGroup")
_SHARE = replace(_REMOVALS, guard="RemovalShare", field="failsafe.memberRemovals.percent")
_EMPTIED = replace(_REMOVALS, guard="EmptiedGroups", field="failsafe.memberRemovals.emptiedAbove")
_NESTING = Gauge("EffectiveGrowth", "failsafe.effectiveAdds", Class.REST, Hold.NESTING, "nested member")


def removals_of_groups(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """The explicit removals of each group: their number, their share of its members, and whether anybody stays."""
    own = limits.member_removals
    yield from _PER_GROUP.groups([_number(each, own.per_group) for each in facts.losses], own.per_group)
    large = [each for each in facts.losses if each.size > own.in_groups_larger_than]
    smallest = share(own.percent, own.in_groups_larger_than, 0)
    yield from _SHARE.groups([_share(each, own.percent) for each in large], smallest)
    emptied = [_nobody(each, own.emptied_above) for each in facts.losses if not each.left]
    yield from _EMPTIED.groups(emptied, own.emptied_above)


def _number(loss: Loss, most: int) -> Case:
    return Case(loss, len(loss.number), most, f"{_removals(loss)}, {_PER_GROUP.field} is {most:,}")


def _share(loss: Loss, percent: Decimal) -> Case:
    told = f"{_removals(loss)} of {count(loss.size, 'member')}, {_SHARE.field} is {percent.normalize():f}"
    return Case(loss, len(loss.number), share(percent, loss.size, 0), told)


def _nobody(loss: Loss, most: int) -> Case:
    told = f"none of its {count(loss.size, 'member')} would stay, {_EMPTIED.field} is {most:,}"
    return Case(loss, loss.size, most, told)


def _removals(loss: Loss) -> str:
    spent = len(loss.number) - len(loss.number.due)
    already = f" ({spent:,} sent in the last 24 hours)" if spent else ""
    return f"{count(len(loss.number), 'member removal')}{already}"


def removals(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """The explicit removals of all groups together: their number, and their share of all links."""
    own = limits.member_removals
    due = BitMap(loss.id for loss in facts.losses)
    spent = facts.removals - sum(len(loss.number.due) for loss in facts.losses)
    yield _REMOVALS.total(facts.removals, spent, own.per_run, due)
    told = _OF_ALL.told(own.percent_of_all, Number(whole=facts.links), FLOOR)
    yield _OF_ALL.total(facts.removals, spent, share(own.percent_of_all, facts.links, FLOOR), due, told)


def effective_growth(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """Members that come with groups that are nested into others."""
    growth = facts.growth
    reading, found = _NESTING.total(growth.people, 0, limits.effective_adds, BitMap(growth.links))
    nested = BitMap.union(BitMap(), *growth.links.values())
    yield reading, [replace(barrier, members=nested) for barrier in found]


# --- other updates, and creates ------------------------------------------------------------------------------------

_DISABLES = Gauge("Disables", "failsafe.disables.count", Class.DISABLES, Hold.TOO_MANY_DISABLES, "disable")
_SIGN_IN = Gauge("SignInChanges", "failsafe.signInAttributes.count", Class.REST, Hold.SIGN_IN, "sign-in change")
_SIGN_IN_SHARE = replace(_SIGN_IN, guard="SignInShare", field="failsafe.signInAttributes.percent")
_CLEARS = Gauge("Clears", "failsafe.attributeClears.count", Class.REST, Hold.TOO_MANY_CLEARS, "clear")
_CLEAR_SHARE = replace(_CLEARS, guard="ClearShare", field="failsafe.attributeClears.percent")
_CREATES = Gauge("Creates", "failsafe.creates", Class.CREATES, Hold.TOO_MANY_CREATES, "create")


def disables(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """Accounts that are disabled."""
    yield _DISABLES.number(facts.disables, limits.disables.count)


def sign_in_changes(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """Objects that change what somebody signs in with; one with two such changes counts once.

    Each attribute holds its own objects: an address that changes beside the primary one is nobody's sign-in.
    """
    due = BitMap.union(BitMap(), *(number.due for number in facts.sign_in.values()))
    counted = BitMap.union(BitMap(), *(number.counted for number in facts.sign_in.values()))
    together = Number(due, counted, facts.in_cloud)
    for reading, found in (
        _SIGN_IN.number(together, limits.sign_in.count),
        _SIGN_IN_SHARE.percentage(together, limits.sign_in.percent, FLOOR),
    ):
        yield (
            reading,
            [
                replace(barrier, ids=number.due, attributes=frozenset({name}))
                for barrier in found
                for name, number in facts.sign_in.items()
            ],
        )


def clears(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """Clears of each attribute: perhaps nobody may read it any more."""
    own = limits.clears
    for name, number in (facts.clears or {"": Number()}).items():
        for reading, found in (
            _CLEARS.number(number, own.count, name),
            _CLEAR_SHARE.percentage(number, own.percent, own.floor, name),
        ):
            yield reading, [replace(barrier, attributes=frozenset({name}), clears=True) for barrier in found]


def creates(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """Creates of each kind in a tenant that was adopted: a wrong anchor or scope makes everybody new."""
    if not facts.adopted:
        told = "the tenant was not adopted: creates have no limit"
        yield _CREATES.reading(0, None, "", told, tripped=False), []
    for kind, number in facts.creates.items():
        yield _CREATES.percentage(number, limits.creates.percent, limits.creates.count, kind.value)


# --- what is held one by one ---------------------------------------------------------------------------------------


def known_holds(facts: Facts, limits: Failsafe) -> Iterator[Found]:
    """What is held or kept back whatever its number: that is done where the change is derived, and told here."""
    for guard, hold, value, words in (
        ("Matches", Hold.MATCH, None, "creates that would match what is not ours"),
        ("Restorations", Hold.RESTORE, None, "creates that would bring back what was deleted"),
        ("ConfigurationDepartures", Hold.CONFIGURATION, None, "deletes that follow from the document or an upgrade"),
        ("AnchorChanges", Hold.ANCHOR, None, "objects with a conflict of anchors or kinds"),
        ("SourceProofs", Hold.SOURCE_INCOMPLETE, facts.unproven, "sources that are not proven to be complete"),
        ("UnverifiedDomains", "", facts.unverified, "values of domains that are not verified"),
    ):
        number = facts.held.get(hold, 0) if value is None else value
        yield Reading(guard, "", "", number, 0, -number, "", str(hold), number > 0, f"{words}: {number:,}"), []


GUARDS: Sequence[Guard] = (
    deletes,
    tenant_deletes,
    deletes_by_part,
    deletes_of_groups,
    deletes_of_devices,
    removals_of_groups,
    removals,
    effective_growth,
    disables,
    sign_in_changes,
    clears,
    creates,
    known_holds,
)
"""In the order in which holds are told: of several that hold the same change, the first."""
