"""How long the certificate lasts that a run signs in with: written down with the run, and warned of in time.

Microsoft's own client warns from 150 days on (event 1011) and tells the expiry (event 1012). Ours warns when it is
time for a person to act.
"""

from datetime import UTC, datetime

WARNING_DAYS = 30
"""Days left at which every run and ``syncramp status`` begin to warn."""
_DAY = 86_400


def stamp(until: datetime | None) -> str:
    """A moment as a report keeps it: RFC 3339, UTC; empty if there is none."""
    return f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if until else ""


def renewal_warning(until: datetime | None, now: float) -> str:
    """A sentence for a person when it is time to renew the certificate; empty before.

    :param now: seconds since 1970.
    """
    if until is None:
        return ""
    left = int((until.timestamp() - now) // _DAY)
    if left > WARNING_DAYS:
        return ""
    told = "it has expired" if left < 0 else "1 day is left" if left == 1 else f"{left} days are left"
    return (
        f"the certificate for signing in is valid until {until:%Y-%m-%d}, {told}: "
        "add a new one to the application's registration and put it into the Secret"
    )
