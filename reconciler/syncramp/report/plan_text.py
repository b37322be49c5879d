"""The parts of a plan as text: what it costs, the riskiest of it, and how large groups become."""

from collections.abc import Iterator

from syncramp.model.budget import Budget
from syncramp.model.plan import Plan, Topic
from syncramp.model.sizes import LIMITS, Histogram
from syncramp.ramp.consumers import CONSUMERS, NEAR, warning
from syncramp.words import count


def member_line(plan: Plan) -> Iterator[str]:
    """Links that go, and links that end with a delete."""
    if plan.links:
        yield f"  {'Members':8} +{plan.link_adds:,} −{plan.link_removes:,} in {count(plan.groups, 'group')}"
    if told := derived_links(plan):
        yield f"  {'':8} {told}"


def derived_links(plan: Plan) -> str:
    """Links that need no change of their own, in a sentence; empty where there are none."""
    told = []
    if plan.derived:
        told.append(f"{count(plan.derived, 'membership')} {_verb(plan.derived, 'end')} with the delete of the member")
    if plan.derived_held:
        waiting = f"{plan.derived_held:,} more" if told else count(plan.derived_held, "membership")
        told.append(f"{waiting} {_verb(plan.derived_held, 'wait')} for a delete that is held")
    if plan.absent:
        waiting = f"{plan.absent:,} more" if told else count(plan.absent, "membership")
        told.append(f"{waiting} {_verb(plan.absent, 'wait')} for a create that is held")
    return ", ".join(told)


def _verb(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb


def cost_line(budget: Budget | None) -> Iterator[str]:
    """Writes and calls, and whether the tenant's throttle lets them go in one interval."""
    if budget is not None and budget.writes:
        yield f"  {cost(budget)}"


def cost(budget: Budget) -> str:
    """What a plan costs, in a sentence."""
    amount = f"Writes {budget.writes:,}, links {budget.links:,}, {count(budget.calls, 'call')}"
    share = f"{budget.share} % of {budget.tenant:,} in five minutes"
    if not budget.minutes:
        return f"{amount}: at once, within {share}"
    pace = f"{amount}: {duration(budget.minutes)} at {share}"
    if budget.fits:
        return f"{pace}; fits one interval of {budget.interval} minutes"
    return f"{pace}: {budget.slices:,} slices of {budget.interval} minutes; does not fit one interval"


def duration(minutes: int) -> str:
    """``at least 3 h 35 min``."""
    return f"at least {minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"at least {minutes} min"


def riskiest(plan: Plan) -> Iterator[str]:
    """The riskiest changes of each topic, and how many more there are."""
    for topic in Topic:
        rows = plan.samples.get(topic.value, [])
        for sample in rows:
            detail = f": {sample.detail}" if sample.detail else ""
            yield f"    {sample.verb} {sample.kind} {sample.dn}{detail}"
        if more := sum(plan.topics.get(topic.value, {}).values()) - len(rows):
            yield f"    … and {more:,} more"


def size_lines(sizes: Histogram | None) -> Iterator[str]:
    """Groups by size, where one is larger than the first limit, and those near a limit that nobody notices."""
    if sizes is None or not any(bucket.wanted or bucket.there for bucket in sizes.buckets[1:]):
        return
    yield f"  {'Groups by members':24}{'desired':>14}{'in the cloud':>14}"
    for bucket in sizes.buckets:
        if bucket.wanted or bucket.there:
            yield f"    {border(bucket.limit):22}{bucket.wanted:>14,}{bucket.there:>14,}"
    yield from (f"    Group {dn}: {told}" for dn, told in warnings(sizes))
    if more := unnamed(sizes):
        yield f"    … and {more}"


def border(limit: int | None) -> str:
    """The name of a bucket."""
    return f"up to {limit:,}" if limit else f"more than {max(LIMITS):,}"


def warnings(sizes: Histogram) -> Iterator[tuple[str, str]]:
    """The largest groups that are near a limit of somebody who reads them, or over it, each with a sentence."""
    for group in sizes.largest:
        if told := warning(max(group.wanted, group.there)):
            yield group.dn, told


def unnamed(sizes: Histogram) -> str:
    """How many more groups are near a limit, as words; empty where all are named."""
    more = sizes.near - sum(1 for _ in warnings(sizes))
    return f"{count(more, 'more group')} of {CONSUMERS[0] * NEAR // 100:,} or more members" if more > 0 else ""


def digest_lines(plan: Plan) -> Iterator[str]:
    """The digest of everything that goes, and of each class of it where there are several."""
    yield f"Digest {plan.digest}"
    if len(plan.digests) > 1:
        for name, digest in plan.digests.items():
            yield f"  {name:8} {digest}"
