"""What a person looks at before a paused ramp goes on: what breaks at the next ceiling, and what no gate can see.

The endpoint tells nothing of what follows from a membership elsewhere in the cloud: licences are given within hours
up to a day, Exchange copies large groups late, provisioning of other services goes in cycles of 40 minutes. And a
directory does not tell who reads a group in it. So each pause lists what is worth a look, by the size that comes next
and by why the ramp stands.
"""

from collections.abc import Iterator

from syncramp.model.ramps import PauseReason, RampState
from syncramp.spec.ramps import RampPolicy

RANGE = 1_500
WEB_SERVICES = 5_000
EXCHANGE = 100_000
TEAMS = 50_000
SENDERS = 5_000
"""Limits of ``model.sizes`` that have a line of their own."""

_FIRST = {
    PauseReason.GATE: "Gates: find out why the gate above failed; resumed as it is, it will fail again",
    PauseReason.FAILURES: "Gates: find out why gates failed again and again; resumed as it is, they will fail again",
    PauseReason.MANUAL: "Pause: ask whoever paused it whether the reason is gone",
}


def checklist(policy: RampPolicy, state: RampState) -> tuple[str, ...]:
    """The lines of a ramp that is paused; nothing for one that is not."""
    if state.pause is None:
        return ()
    first = _FIRST.get(state.pause)
    lines = _read_on_premises if policy.directory else _lines
    return (*([first] if first else []), *lines(next_ceiling(policy, state) or state.ceiling))


def next_ceiling(policy: RampPolicy, state: RampState) -> int | None:
    """The ceiling of the next step that has one; None: there is none."""
    return next((step.ceiling for step in policy.steps[state.step + 1 :] if step.ceiling is not None), None)


def _lines(ceiling: int) -> Iterator[str]:
    yield (
        "Licences: for each group that gives one, as many are free as members of it wait, and group-based licensing "
        "shows no errors"
    )
    yield "Access: no Conditional Access policy includes or excludes a group of which a part would be wrong"
    if ceiling > EXCHANGE:
        yield f"Exchange Online: none of the groups is mail-enabled; a distribution group takes {EXCHANGE:,} members"
    if ceiling > SENDERS:
        yield (
            f"Exchange Online: mail-enabled groups above {SENDERS:,} members have allowed senders or moderation, and "
            "their address book entry is as it should be, before they grow"
        )
    if ceiling > TEAMS:
        yield (
            f"Teams: policies that a group gives are recommended up to {TEAMS:,} members and work up to "
            f"{EXCHANGE:,}; they take up to a day"
        )
    yield "Provisioning: services that the groups are assigned to have taken who came so far, and quarantine nobody"
    yield "Help desk: no tickets since the step began that name access, mail or licences"


def _read_on_premises(ceiling: int) -> Iterator[str]:
    """What reads a group in a directory, and what carries it there."""
    if ceiling > RANGE:
        yield (
            f"Programs that read these groups over LDAP: above {RANGE:,} members they must ask for the next range of "
            "values (member;range=1500-*), or they take a part for the whole"
        )
    if ceiling > WEB_SERVICES:
        yield (
            f"Scripts: Get-ADGroupMember fails above {WEB_SERVICES:,} members (Active Directory Web Services, "
            "MaxGroupOrMemberEntries)"
        )
    yield "Replication: repadmin /showrepl names no failure, and no domain controller was off since the step began"
    yield "Domain controllers: the database has room on every global catalogue, which all hold these memberships"
    yield "Exchange Server: who may send to the large groups is said, and expanding them keeps no queue waiting"
    yield "Access: nobody put one of these groups into another that gives rights, or on a folder, by mistake"
    yield "Help desk: no tickets since the step began that name slow sign-ins, access or mail"
