"""The simulator's own wire profile: what a probe of it observes, told without probing.

It follows from the settings. A test probes simulators of several settings and compares.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from syncramp import __version__
from syncramp.endpoint.contract import names_cookie, names_end
from syncramp.endpoint.facts import ACCEPTED, NO_MEMBERS, QUESTIONS, REFUSED, Observed
from syncramp.endpoint.listening import CHANGES, LIST
from syncramp.endpoint.profile import WireProfile
from syncramp.simulator.server import Simulator
from syncramp.simulator.settings import (
    Duplicates,
    MemberForm,
    MemberLists,
    Repeated,
    Restored,
    TenantSettings,
    ToldOperation,
    Unresolved,
)
from syncramp.spec.types import Cloud

_FORMS = {MemberForm.CHANGES: CHANGES, MemberForm.LIST: LIST, MemberForm.NONE: NO_MEMBERS}
EVIDENCE = "a setting of the simulator"


def profile_of(simulator: Simulator) -> WireProfile:
    """The profile of a simulator that listens."""
    settings = simulator.tenant.settings
    hosts = [f"{simulator.name}:{port}" for port in simulator.ports[1:]]
    observed = _observed(settings, hosts)
    facts = {name: question.answered(observed[name], EVIDENCE) for name, question in QUESTIONS.items()}
    for name in _hidden(settings):
        facts[name] = QUESTIONS[name].not_tried(EVIDENCE)
    return WireProfile(
        datetime.now(UTC).replace(microsecond=0),
        __version__,
        Cloud.COMMERCIAL,
        simulator.host,
        settings.tenant_id,
        facts,
    )


def _hidden(settings: TenantSettings) -> Iterator[str]:
    """What cannot be seen where the read-back shows no members, or its own in a form that nobody recognises."""
    if settings.member_form is MemberForm.NONE:
        yield "restore.members"
    if not (names_cookie(settings.cookie_member) and names_end(settings.more_member)):
        yield from ("readBack.delta", "readBack.deleted")


def _observed(settings: TenantSettings, hosts: list[str]) -> dict[str, Observed]:
    repeated = ACCEPTED if settings.repeated_changes is Repeated.ACCEPT else REFUSED
    return {
        "redirects": ", ".join(hosts) or "none",
        "token.invalid": "access denied",
        "cookie.unknown": REFUSED,
        "readBack.cookieMember": settings.cookie_member if names_cookie(settings.cookie_member) else None,
        "readBack.moreMember": settings.more_member if names_end(settings.more_member) else None,
        "readBack.end": names_end(settings.more_member),
        "readBack.delta": True,
        "readBack.members": _FORMS[settings.member_form],
        "readBack.deleted": "Delete",
        "result.created": "Add" if settings.told_operation is ToldOperation.DONE else "Set",
        "result.updated": "Set",
        "result.deleted": "Delete",
        "nil": True,
        "visibilityDelay": settings.visibility_delay,
        "members.added": repeated,
        "members.removed": repeated,
        "members.unknown": REFUSED if settings.unresolved is Unresolved.FAIL else ACCEPTED,
        "members.list": REFUSED if settings.member_lists is MemberLists.REFUSE else ACCEPTED,
        "linksPerCall": settings.most_links,
        "links.above": REFUSED,
        "duplicate": "written otherwise" if settings.duplicates is Duplicates.QUARANTINE else REFUSED,
        "values.text": ACCEPTED,
        "restore.members": settings.restored_memberships is Restored.KEEP,
        "delete.unknown": "114",
    }
