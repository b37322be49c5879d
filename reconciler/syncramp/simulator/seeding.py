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
    for number in range(1, settings.microsoft365_groups + 1):
        values = team_values(f"Team {number}", f"team{number}", domain)
        team = add(view, "Group", values, unified=True, age=age)
        members = [user.id for user in users[number - 1 :: settings.microsoft365_groups]]
        view.storage.link(team.id, [(member, Link.ALIVE) for member in members], view.changed)


def user_values(display_name: str, upn: str) -> dict[str, Any]:
    """A user made in the cloud."""
    return {
        "AccountEnabled": True,
        "DisplayName": display_name,
        "UserPrincipalName": upn,
        "UserType": "Member",
    }


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


def teams(storage: Storage, settings: TenantSettings) -> list[int]:
    """The groups that new users join."""
    return [row[0] for row in storage.rows(_TEAMS, (settings.microsoft365_groups,))]


def join(view: View, groups: Sequence[int], made: Sequence[Held]) -> None:
    """Every second new user becomes a member of one of the groups, as people join teams."""
    if not groups:
        return
    touched = set()
    for user in made:
        if user.kind == "User" and user.id % 2 == 0:
            team = groups[user.id // 2 % len(groups)]
            view.storage.link(team, [(user.id, Link.ALIVE)], view.changed)
            touched.add(team)
    view.storage.run_all(_TOUCH, [(view.changed, team) for team in touched])
