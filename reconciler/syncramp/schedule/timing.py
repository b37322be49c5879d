"""How long runs wait for each other, and how the runs of many documents are kept apart.

What is random here is not: it follows from a document's uid, so that the same document always gets the same moment.
"""

from datetime import timedelta
from hashlib import sha256

JITTER = 0.05
"""Part of an interval by which one document waits longer than another: a thousand that were made at once are spread
over some minutes after a few runs."""
STAGGER = timedelta(seconds=30)
"""Runs that are all due at once, because the operator or a window opened, are spread over this time."""
PATIENCE = timedelta(seconds=30)
"""At least so long waits a run that had to wait for somebody else, and at most twice as long."""
DOUBLINGS = 20
"""No back-off doubles more often: it is at its limit long before."""


def spread(key: str, purpose: str = "") -> float:
    """A number from 0 up to 1 that belongs to a document, and for each purpose is another one."""
    return int.from_bytes(sha256(f"{purpose}/{key}".encode()).digest()[:6]) / 2**48


def period(interval: timedelta, service: timedelta | None, key: str) -> timedelta:
    """From the end of a run until the next one.

    :param interval: ``spec.interval``.
    :param service: the tenant's own interval; no run comes sooner by the clock alone.
    """
    return max(interval, service or timedelta()) * (1 + JITTER * spread(key, "interval"))


def back_off(retry: timedelta, failures: int, limit: timedelta, key: str) -> timedelta:
    """After so many failures in a row: ``retry`` after the first, twice as long after each further one.

    :param limit: it is never longer.
    """
    wait = retry * (1 << min(max(failures - 1, 0), DOUBLINGS))
    return min(wait * (1 + JITTER * spread(key, "retry")), limit)


def stagger(key: str) -> timedelta:
    """By how much a document is late when many are due at once."""
    return STAGGER * spread(key, "stagger")


def patience(key: str) -> timedelta:
    """How long a run that had to wait for somebody else waits, if nobody knows how long that takes."""
    return PATIENCE * (1 + spread(key, "patience"))
