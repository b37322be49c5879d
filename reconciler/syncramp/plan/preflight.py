"""Whether a run may send at all: no other sync client is at work, and what ends with it is accepted; pure functions.

The tenant does not tell when it was synchronised last. So its mark (machine, build, application, number of objects)
is compared from look to look: a change that is not ours is a sign of another client, and so is a mark of another
client at the first look, since nobody knows how old it is. Two intervals after the last sign that client is taken to
be switched off.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from syncramp.model.features import CAPABILITIES, Capability
from syncramp.model.preflight import Client, Finding, Mark, Watch
from syncramp.model.wire import Company
from syncramp.source import dn
from syncramp.words import count, moment

SHORTEST, LONGEST = 1800.0, 604_800.0
"""Seconds of an interval. Connect's scheduler goes every 30 minutes at the most often and once in seven days at the
least (Microsoft, Connect Sync scheduler)."""
INTERVALS = 2
"""Without a sign, until another client is taken to be gone."""
DOCUMENTED = 300_000, 500_000
"""Objects that a tenant with a verified domain may hold, and that it may hold after a call to Microsoft's support
(Microsoft, service limits of Microsoft Entra)."""

_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.\d+)?S)?)?")


def seconds_of(interval: str | None) -> float:
    """An xsd:duration in seconds, within what a scheduler can have; half an hour where there is none."""
    found = _DURATION.fullmatch(interval or "")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return float(min(max(days * 86_400 + hours * 3600 + minutes * 60 + seconds, SHORTEST), LONGEST))


def watched(kept: Watch | None, mark: Mark, us: Client, now: float) -> Watch:
    """What is known of the clients after one more look.

    :param kept: what was known before; None: this is the first look.
    :param us: what we tell the tenant of ourselves.
    """
    if kept is None:
        stranger = mark.client.name and not _ours(mark.client, us, None)
        return Watch(mark, None, mark.client, now) if stranger else Watch(mark)
    ours = _ours(mark.client, us, kept.own) or mark.client == kept.mark.client
    if mark == kept.mark or not mark.client.name or (kept.exporting and ours):
        return replace(kept, mark=mark)
    return replace(kept, mark=mark, other=mark.client, sign=now)


def _ours(client: Client, us: Client, own: Client | None) -> bool:
    """No public message carries the name of a machine, so a client with one is somebody else, unless we saw it."""
    return client in (us, own)


def sending(kept: Watch, now: float) -> Watch:
    """Something is sent from now on, and so the mark may change."""
    return replace(kept, exporting=True, exported=now if kept.exported is None else kept.exported)


def sent(kept: Watch, mark: Mark) -> Watch:
    """What the tenant shows after an export of ours; one that goes on to name another client does not tell of us."""
    own = mark.client if mark.client != kept.mark.client else kept.own
    return replace(kept, mark=mark, own=own, exporting=False)


def another_client(kept: Watch, interval: float, take_over: str, now: float) -> Finding | None:
    """Another client that was at work less than two intervals ago.

    :param take_over: the client whose place is taken: what was seen of it before we sent anything does not count.
    """
    if kept.other is None or kept.sign is None:
        return None
    until, before = kept.sign + INTERVALS * interval, kept.exported is None or kept.sign <= kept.exported
    if now >= until or (before and kept.other.called(take_over)):
        return None
    seen = datetime.fromtimestamp(kept.sign, UTC)
    name = f" or write takeOver: {kept.other.name}" if before else ""
    return Finding(
        "AnotherSyncClientActive",
        f"{kept.other} synchronised this tenant, and not from here; what it left there was seen first {moment(seen)}",
        blocks=True,
        remedy=f"switch it off, then wait until {moment(datetime.fromtimestamp(until, UTC))}{name}",
    )


def capabilities(company: Company) -> frozenset[Capability]:
    """What of the tenant's features in use ends with the sync client before us."""
    found = {capability for bit, capability in CAPABILITIES.items() if company.features & bit}
    if company.password_syncing:
        found.add(Capability.PASSWORD_HASH_SYNC)
    if company.group_container:
        found.add(Capability.GROUP_WRITEBACK)
    if company.user_container:
        found.add(Capability.USER_WRITEBACK)
    return frozenset(found)


def losses(kept: Watch, company: Company, accepted: Iterable[Capability]) -> Finding | None:
    """What would be lost with the first change that is sent to a tenant that another client synchronised."""
    lost = sorted(capabilities(company) - set(accepted))
    if not lost or kept.other is None or kept.exported is not None:
        return None
    names = ", ".join(lost)
    return Finding(
        "CapabilityLoss",
        f"the tenant uses {names}, which {kept.other.name} does and a run does not",
        blocks=True,
        remedy=f"keep these with another tool, or accept their end with acceptLoss: [{names}]",
    )


def another_container(company: Company, container: str) -> Finding | None:
    """Groups were written back to another unit than they are now."""
    told = company.group_container
    if not told or _same(told, container):
        return None
    return Finding(
        "GroupContainer",
        f"the tenant's settings say that groups were written back to {told}; the document makes them in {container}",
        blocks=False,
        remedy="groups that are there stay where they are, and are taken over; correct the container if it is wrong",
    )


def _same(one: str, other: str) -> bool:
    try:
        return dn.fold(one) == dn.fold(other)
    except dn.DnError:
        return False


def beyond_quota(known: int, creates: int, quota: int | None) -> Finding | None:
    """More objects than the tenant may hold.

    :param known: objects of the tenant; :param creates: those that a plan adds.
    :param quota: as the document says; None: the documented numbers.
    """
    total = known + creates
    limits = (quota,) if quota is not None else DOCUMENTED
    passed = [limit for limit in limits if total > limit and (creates or quota is not None)]
    if not passed:
        return None
    of = "spec.target.objectQuota is" if quota is not None else "where nobody asked for more, a tenant may hold"
    sum_of = f"{count(known, 'object')} in the tenant and {count(creates, 'create')} come to {total:,}"
    return Finding(
        "Quota",
        f"{sum_of}; {of} {passed[-1]:,}",
        blocks=False,
        remedy="ask for more before; the service refuses what is beyond with QuotaExceeded",
    )
