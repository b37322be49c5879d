"""What a plan costs, reckoned as the export sends it: the same calls, the same windows of the throttle.

A call carries so many objects, and over all of them so many links; a group that is larger than the room in a call
goes on in the next one, as a write of its own. Our share of the throttle goes at once; each further share waits for
five minutes (``endpoint.throttle``). Disables and member removals wait for nothing and are counted all the same: what
goes after them waits the longer.
"""

from collections.abc import Iterable
from datetime import timedelta

from syncramp.model.budget import WINDOW, Budget
from syncramp.model.plan import Plan
from syncramp.spec.types import WriteBudget


def reckon(plan: Plan, writes: WriteBudget, objects: int, links: int, interval: timedelta) -> Budget:
    """The cost of what goes.

    :param writes: the tenant's throttle and our share of it.
    :param objects: at most in one call.
    :param links: at most in one call, over all of its objects.
    """
    lanes = plan.lanes
    sizes = [len(lane) for lane in (lanes.disables, lanes.releases, lanes.deletes, lanes.claims)]
    sizes += [len(lane) for lane in (lanes.creates, lanes.updates)]
    packed = [packing(plan.remove_sizes, objects, links), packing(plan.add_sizes, objects, links)]
    spent = sum(sizes) + sum(groups for groups, _ in packed)
    calls = sum(-(-size // objects) for size in sizes) + sum(number for _, number in packed)
    minutes = max(
        _waits(spent, writes.per_five_minutes, writes), _waits(plan.links, writes.links_per_five_minutes, writes)
    )
    slot = max(1, int(interval.total_seconds()) // 60)
    return Budget(
        writes=spent,
        links=plan.links,
        calls=calls,
        tenant=writes.per_five_minutes,
        share=writes.share,
        minutes=minutes,
        interval=slot,
        slices=minutes // slot + 1 if spent else 0,
    )


def packing(sizes: Iterable[int], objects: int, links: int) -> tuple[int, int]:
    """Groups with so many links each, in calls: writes (a group once for each call) and calls."""
    writes = calls = taken = 0
    room = links
    for size in sizes:
        while size:
            part = min(size, room)
            size, room, taken, writes = size - part, room - part, taken + 1, writes + 1
            if not room or taken >= objects:
                calls, taken, room = calls + 1, 0, links
    return writes, calls + bool(taken)


def _waits(amount: int, tenant: int, writes: WriteBudget) -> int:
    """Minutes until the last of them may go."""
    share = max(1, int(tenant * writes.share / 100))
    return max(0, amount - 1) // share * WINDOW
