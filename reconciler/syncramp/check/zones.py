"""Time zones of a document, by their names in the IANA database."""

from collections.abc import Iterator
from functools import cache
from zoneinfo import available_timezones

from syncramp.check.findings import Finding
from syncramp.check.remedies import form
from syncramp.check.values import show
from syncramp.words import closest


def zone_findings(path: str, zone: str) -> Iterator[Finding]:
    """What is wrong with the name of a zone: there is none of this name."""
    known = _zones()
    if zone not in known:
        near = closest(zone, sorted(known))
        yield Finding(path, "is no time zone", f"did you mean {near}?" if near else form(path, ""), show(path, zone))


@cache
def _zones() -> frozenset[str]:
    """All names: the database is looked through once, which takes as long as the rest of a verdict."""
    return frozenset(available_timezones())
