"""What a new tenant holds before anybody synchronises: an administrator, and as many others as its settings say."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link
from syncramp.simulator.uniqueness import names_of
from syncramp.simulator.view import View

_TEAMS = "SELECT id FROM objects WHERE flags & 8 ORDER BY id LIMIT ?"
_SEEDED = "seeded_groups"
"""Ids of the groups that users join, with spaces between them."""
_SYNCED = "SELECT count(*) FROM links l JOIN objects o ON o.id = l.member_id WHERE l.group_id = ? AND o.flags & 1"
_TOUCH = "UPDATE objects SET changed = ? WHERE id = ?"


def seed(view: View, settings: TenantSettings) -> None:
    """Fill an empty tenant."""
    age = settings.visibility_delay
    domain = settings.initial_domain
    add(view, "User", user_values("Administrator", f"admin@{domain}"), admin=True, age=age)
    users = [
        add(view, "User", user_values(f"Cloud user {number}", f"cloud{number}@{domain}"), age=age)
        for number in range(1, settings.cloud_users + 1)
    ]
    users += [add(view, "User", _guest_values(number, domain), age=age) for number in range(1, settings.guests + 1)]
    made = [
        add(view, "Group", team_values(f"Team {number}", f"team{number}", domain), unified=True, age=age)
        for number in range(1, settings.microsoft365_groups + 1)
    ]
    for place, team in enumerate(made):
        members = [user.id for user in users[place :: settings.microsoft365_groups]]
        view.storage.link(team.id, [(member, Link.ALIVE) for member in members], view.changed)
    made += _security_groups(view, settings, made)
    if settings.cloud_group_members:
        view.storage.keep(_SEEDED, " ".join(str(group.id) for group in made).encode())


def _security_groups(view: View, settings: TenantSettings, before: Sequence[Held]) -> list[Held]:
    """Those of the cloud: plain ones, nested ones, and those that roles can be assigned to."""
    age, made = settings.visibility_delay, list[Held]()
    for number in range(1, settings.cloud_security_groups + 1):
        made.append(add(view, "Group", security_values(f"Cloud security group {number}"), age=age))
    for number in range(1, settings.nested_cloud_groups + 1):
        group = add(view, "Group", security_values(f"Nested cloud group {number}"), age=age)
        if inner := [*before, *made][-1:]:
            view.storage.link(group.id, [(inner[0].id, Link.ALIVE)], view.changed)
        made.append(group)
    for number in range(1, settings.role_assignable_groups + 1):
        values = security_values(f"Role group {number}") | {"IsAssignableToRole": True}
        made.append(add(view, "Group", values, age=age))
    return made


def user_values(display_name: str, upn: str) -> dict[str, Any]:
    """A user made in the cloud."""
    return {
        "AccountEnabled": True,
        "DisplayName": display_name,
        "UserPrincipalName": upn,
        "UserType": "Member",
    }


def _guest_values(number: int, domain: str) -> dict[str, Any]:
    upn = f"guest{number}_partner.example#EXT#@{domain}"
    return user_values(f"Guest {number}", upn) | {"UserType": "Guest"}


def security_values(display_name: str) -> dict[str, Any]:
    """A security group that is not mail-enabled."""
    return {"DisplayName": display_name, "SecurityEnabled": True}


def team_values(display_name: str, alias: str, domain: str) -> dict[str, Any]:
    """A Microsoft 365 group. ``GroupType`` is invented: how the service tells its kind is not public."""
    return {
        "Alias": alias,
        "Description": f"Everything about {display_name}",
        "DisplayName": display_name,
        "GroupType": "Unified",
        "Mail": f"{alias}@{domain}",
        "ProxyAddresses": (f"SMTP:{alias}@{domain}",),
        "SecurityEnabled": False,
    }


def add(
    view: View, kind: str, values: dict[str, Any], *, admin: bool = False, unified: bool = False, age: float = 0.0
) -> Held:
    """An object mastered in the cloud.

    :param age: seconds since it was made.
    """
    anchor = f"{kind}_{uuid4()}"
    held = Held(view.next_id, kind, None, anchor, values, view.now - age, synced=False, made=view.changed)
    held.admin, held.unified = admin, unified
    view.rename(held, (), names_of(values))
    view.put(held)
    return held


class Joining:
    """Groups of a new tenant that users join as they come.

    Every second one joins one of the Microsoft 365 groups, as people join teams; or all join every group, until it
    has as many synchronised members as it should.
    """

    def __init__(self, storage: Storage, settings: TenantSettings) -> None:
        self._most = settings.cloud_group_members
        seeded = (storage.kept(_SEEDED) or b"").split() if self._most else ()
        self._room = {int(group): self._most - storage.one(_SYNCED, (int(group),)) for group in seeded}
        self._teams = [row[0] for row in storage.rows(_TEAMS, (settings.microsoft365_groups,))]

    def join(self, view: View, made: Sequence[Held]) -> None:
        """New objects, of which users join."""
        users = [held.id for held in made if held.kind == "User"]
        joins = self._filling(users) if self._most else self._taking_turns(users)
        for group, members in joins.items():
            view.storage.link(group, [(member, Link.ALIVE) for member in members], view.changed)
        view.storage.run_all(_TOUCH, [(view.changed, group) for group in joins])

    def _filling(self, users: Sequence[int]) -> dict[int, Sequence[int]]:
        joins = {group: users[:room] for group, room in self._room.items() if room > 0 and users}
        for group, members in joins.items():
            self._room[group] -= len(members)
        return joins

    def _taking_turns(self, users: Sequence[int]) -> dict[int, Sequence[int]]:
        joins: dict[int, list[int]] = {}
        for user in users if self._teams else ():
            if user % 2 == 0:
                joins.setdefault(self._teams[user // 2 % len(self._teams)], []).append(user)
        return dict(joins)
