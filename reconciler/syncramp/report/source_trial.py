"""What was seen of sources that were tried out, as text and as JSON (``docs/source-test.md``)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from syncramp.model.examination import MOST_SKEW, PartitionSeen, Right, ServerSeen, SourceSeen, TargetSeen
from syncramp.model.sizes import Histogram
from syncramp.words import count

VERSION = 1
_DAY = 24 * 60 * 60


def examination_document(seen: Sequence[SourceSeen]) -> str:
    """All of it as JSON."""
    sources = [{**asdict(source), "readable": source.readable, "flawless": source.flawless} for source in seen]
    return json.dumps({"version": VERSION, "sources": sources}, indent=2)


def examination_lines(seen: Sequence[SourceSeen]) -> Iterator[str]:
    """All of it for people."""
    for number, source in enumerate(seen):
        if number:
            yield ""
        yield from _source(source)


def _source(source: SourceSeen) -> Iterator[str]:
    yield f"Source {source.name}"
    yield from _read(source)
    for target in source.targets:
        yield from _target(target)


def _read(source: SourceSeen) -> Iterator[str]:
    for server in source.servers:
        yield from _server(server, source.day)
    if source.error:
        yield f"  NOT READ: {source.error}"
    for partition in source.partitions:
        yield from _partition(partition)
    if not source.partitions:
        return
    for scope in source.scopes:
        kinds = ", ".join(count(number, kind.lower()) for kind, number in scope.kinds.items())
        others = f"; {count(scope.others, 'other entry')} left out" if scope.others else ""
        empty = "" if any(scope.kinds.values()) or scope.lost else "  (NOTHING: correct its dn, kinds or filter)"
        yield f"  scope {scope.dn}: {kinds}{others}{empty}"
        if scope.lost:
            yield f"    STANDS STILL: {scope.lost}"
    yield from _groups(source)


def _server(server: ServerSeen, day: float) -> Iterator[str]:
    if server.error:
        yield f"  {server.url}  NOT USED: {server.error}"
        return
    yield f"  {server.url}  {', '.join(_facts(server, day))}"
    yield f"    signed in as {server.bound_as}"
    limits = {"values of an attribute": server.max_values, "entries in a page": server.max_page}
    if known := [f"{number:,} {what}" for what, number in limits.items() if number]:
        yield f"    answers hold at most {' and '.join(known)}"
    for right in server.rights:
        yield from _right(right)


def _facts(server: ServerSeen, day: float) -> Iterator[str]:
    yield server.tls
    if server.certificate_until is not None:
        yield f"certificate for {count(int((server.certificate_until - day) // _DAY), 'day')} more"
    if server.host:
        yield server.host
    if server.vendor:
        yield server.vendor
    elif server.active_directory:
        yield "Active Directory"
    if server.skew is None:
        yield "does not tell its clock"
    elif abs(server.skew) > MOST_SKEW:
        yield f"its clock is {abs(server.skew):.0f} s {'ahead' if server.skew > 0 else 'behind'}: CORRECT IT"
    else:
        yield f"its clock is right to {max(abs(server.skew), 1):.0f} s"


def _right(right: Right) -> Iterator[str]:
    if right.held:
        yield f"    has the right: {right.name} on {right.partition}"
    else:
        missing = "NOT KNOWN" if right.held is None else "MISSING"
        yield f"    {missing}: {right.name} on {right.partition} ({right.why}); {right.remedy}"


def _target(target: TargetSeen) -> Iterator[str]:
    yield f"  groups are written to {target.container} at {target.url}"
    if target.error:
        yield f"    NOT POSSIBLE: {target.error}"
        return
    yield f"    signed in as {target.bound_as}"
    for right in target.rights:
        yield from _right(right)
    if target.recycle_bin:
        yield "    the recycle bin is on"
    if target.controllers:
        yield f"    {count(target.controllers, 'domain controller')} can write the domain{_replicated(target)}"
    if target.lacking:
        yield f"    the schema has no {', '.join(target.lacking)}: groups come without"
    for warning in target.warnings:
        yield f"    TO MEND: {warning}"


def _replicated(target: TargetSeen) -> str:
    """How long a write takes to the others, over the slowest link."""
    if not target.link_interval:
        return ""
    return f"; the slowest site link replicates every {count(round(target.link_interval / 60), 'minute')}"


def _partition(partition: PartitionSeen) -> Iterator[str]:
    where = f" from {partition.server}" if partition.server else ""
    whole = "complete" if partition.complete else f"NOT complete: {partition.reason}"
    yield f"  {partition.name}: {count(partition.entries, 'entry')}{where}, {whole}"
    why = f" ({partition.why_full})" if partition.why_full else ""
    yield f"    changes: {partition.tracking}{why}"
    for url in partition.references:
        yield f"    NOT READ: a part of a scope stands elsewhere ({url})"


def _groups(source: SourceSeen) -> Iterator[str]:
    if not any(bucket.wanted for bucket in source.sizes.buckets):
        yield "  groups: none"
        return
    yield "  groups by their members in the directory:"
    yield from _buckets(source.sizes)
    if not source.ramped:
        yield "    none is large enough for a ramp"
        return
    yield f"  {count(source.ramped_in_all, 'group')} large enough for a ramp:"
    for group in source.ramped:
        condition = ", if its condition holds" if group.condition else ""
        yield f"    {group.members:>9,}  {group.dn}  (ramp {group.ramp}{condition})"
    if more := source.ramped_in_all - len(source.ramped):
        yield f"    and {more:,} more"


def _buckets(sizes: Histogram) -> Iterator[str]:
    least = 0
    for bucket in sizes.buckets:
        if bucket.wanted:
            span = f"{least:,} to {bucket.limit:,}" if bucket.limit is not None else f"{least:,} or more"
            yield f"    {bucket.wanted:>9,}  with {span}"
        least = (bucket.limit or 0) + 1
