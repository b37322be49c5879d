"""How objects leave a tenant and come back: the bin, the way out of it, and what time does.

A deleted user stays in the bin for thirty days, with its memberships asleep, and so does a Microsoft 365 group; other
objects are gone at once. Once an hour the tenant looks whether values in quarantine have become free.
"""

from syncramp.simulator.settings import DAY, DeletedGroups, Restored, TenantSettings
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link, State
from syncramp.simulator.uniqueness import names_of, with_again
from syncramp.simulator.view import View

HOUR = 3600.0
"""Seconds between two looks at the quarantine (Microsoft, duplicate attribute resiliency)."""
_EMPTY = "UPDATE links SET state = ? WHERE group_id = ?"
_FORGET = "UPDATE links SET state = ? WHERE member_id = ? AND state = ?"
_TOUCH_MEMBERS = "UPDATE links SET changed = ? WHERE group_id = ? AND state = ?"


def delete(view: View, held: Held, settings: TenantSettings) -> None:
    """An object goes into the bin, or for good; the names it had are free."""
    groups_stay = held.unified or settings.deleted_groups is DeletedGroups.BIN
    binned = held.kind == "User" or (held.kind == "Group" and groups_stay)
    view.rename(held, names_of(held.values), ())
    view.storage.turn_links(held.id, Link.ALIVE, Link.ASLEEP if binned else Link.REMOVED, view.changed)
    if binned:
        held.state, held.deleted = State.BIN, view.now
        view.put(held)
    else:
        purge(view, held)


def restore(view: View, held: Held, settings: TenantSettings, *, synced: bool) -> None:
    """An object comes out of the bin. Its names are the caller's to claim.

    :param synced: the directory brought it back; otherwise the cloud is its master until it is matched.
    """
    held.state, held.deleted, held.synced = State.LIVE, None, synced
    keeps = settings.restored_memberships is Restored.KEEP
    view.storage.turn_links(held.id, Link.ASLEEP, Link.ALIVE if keeps else Link.REMOVED, view.changed)
    if held.kind == "Group":
        view.storage.run(_TOUCH_MEMBERS, (view.changed, held.id, int(Link.ALIVE)))
    view.put(held)


def purge(view: View, held: Held) -> None:
    """An object is gone for good, and so are its members; who it was a member of knows already."""
    view.storage.run(_FORGET, (int(Link.REMOVED), held.id, int(Link.ASLEEP)))
    if held.kind == "Group":
        view.storage.run(_EMPTY, (int(Link.REMOVED), held.id))
    held.state, held.deleted = State.GONE, None
    view.put(held)


def overdue(storage: Storage, now: float, settings: TenantSettings) -> list[Held]:
    """Objects whose days in the bin are over."""
    return storage.held_where("state = 1 AND deleted <= ?", (now - settings.bin_days * DAY,))


def quarantined(storage: Storage) -> list[Held]:
    """Live objects with values in quarantine."""
    return storage.held_where("quarantine IS NOT NULL AND state = 0")


def release(view: View, held: Held) -> bool:
    """Give an object those of its values in quarantine that nobody has any more.

    :returns: whether there were any.
    """
    waiting = []
    for use in held.quarantine:
        if not view.taken(dict([use]), held.id):
            before = names_of(held.values)
            held.values = with_again(held.values, use)
            view.rename(held, before, names_of(held.values))
        else:
            waiting.append(use)
    if len(waiting) == len(held.quarantine):
        return False
    held.quarantine = tuple(waiting)
    view.put(held)
    return True
