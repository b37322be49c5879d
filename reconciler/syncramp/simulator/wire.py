"""The simulator's own wire profile: what a probe of it observes, told without probing.

It follows from the settings. A test probes simulators of several settings and compares.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from syncramp import __version__
from syncramp.endpoint.contract import names_cookie, names_end
from syncramp.endpoint.facts import ACCEPTED, QUESTIONS, REFUSED, Fact, Observed
from syncramp.endpoint.profile import WireProfile
from syncramp.simulator.server import Simulator
from syncramp.simulator.settings import Duplicates, TenantSettings, Unresolved
from syncramp.spec.types import Cloud

EVIDENCE = "a setting of the simulator"


def profile_of(simulator: Simulator) -> WireProfile:
    """The profile of a simulator that listens."""
    settings = simulator.tenant.settings
    hosts = [f"127.0.0.1:{port}" for port in simulator.ports[1:]]
    facts = {name: QUESTIONS[name].answered(value, EVIDENCE) for name, value in _observed(settings, hosts).items()}
    return WireProfile(
        datetime.now(UTC).replace(microsecond=0),
        __version__,
        Cloud.COMMERCIAL,
        simulator.host,
        settings.tenant_id,
        _ordered(facts),
    )


def _ordered(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name: facts[name] for name in QUESTIONS}


def _observed(settings: TenantSettings, hosts: list[str]) -> dict[str, Observed]:
    return {
        "redirects": ", ".join(hosts) or "none",
        "token.invalid": "access denied",
        "cookie.unknown": REFUSED,
        "readBack.cookieMember": settings.cookie_member if names_cookie(settings.cookie_member) else None,
        "readBack.moreMember": settings.more_member if names_end(settings.more_member) else None,
        "readBack.end": True,
        "readBack.delta": True,
        "readBack.members": "changes",
        "readBack.deleted": "Delete",
        "result.created": "Add",
        "result.updated": "Set",
        "result.deleted": "Delete",
        "nil": True,
        "visibilityDelay": settings.visibility_delay,
        "members.added": ACCEPTED,
        "members.removed": ACCEPTED,
        "members.unknown": REFUSED if settings.unresolved is Unresolved.FAIL else ACCEPTED,
        "members.list": REFUSED,
        "linksPerCall": settings.most_links,
        "links.above": REFUSED,
        "duplicate": "written otherwise" if settings.duplicates is Duplicates.QUARANTINE else REFUSED,
        "values.text": ACCEPTED,
        "restore.members": True,
        "delete.unknown": "114",
    }
