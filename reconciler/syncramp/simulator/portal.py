"""The cloud's side of a tenant: what administrators do there, in a portal or through Graph.

Objects are named by their cloud anchors. Each action is a change of its own, so the next delta read-back shows it.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from syncramp.simulator.lifecycle import delete, purge, release, restore
from syncramp.simulator.seeding import add, security_values, team_values, user_values
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link, State
from syncramp.simulator.uniqueness import names_of, told
from syncramp.simulator.view import View


class Changing(Protocol):
    """The part of a tenant that the portal needs."""

    settings: TenantSettings

    def changing(self) -> AbstractContextManager[View]:
        """A change under a number of its own."""
        ...


class Portal:
    """What administrators do.

    Every method raises :class:`KeyError` for an anchor that nothing has, and :class:`ValueError` for a value that is
    another object's and must be unique.
    """

    def __init__(self, tenant: Changing, storage: Storage, turn: AbstractContextManager[object]) -> None:
        self._tenant, self._storage, self._turn = tenant, storage, turn

    def add_user(self, upn: str, *, admin: bool = False, **values: Any) -> str:
        """A cloud-mastered user.

        :returns: its cloud anchor.
        """
        with self._tenant.changing() as view:
            made = user_values(upn.partition("@")[0], upn) | values
            _check_names(view, made)
            held = add(view, "User", made, admin=admin)
        return held.cloud_anchor

    def add_guest(self, mail: str, **values: Any) -> str:
        """A guest: a user of another tenant."""
        domain = self._tenant.settings.initial_domain
        return self.add_user(f"{mail.replace('@', '_')}#EXT#@{domain}", Mail=mail, UserType="Guest", **values)

    def add_contact(self, **values: Any) -> str:
        """A contact."""
        with self._tenant.changing() as view:
            _check_names(view, values)
            held = add(view, "Contact", values)
        return held.cloud_anchor

    def add_group(self, alias: str, members: Iterable[str] = (), *, unified: bool = True, **values: Any) -> str:
        """A Microsoft 365 group, or a security group that is not mail-enabled."""
        domain = self._tenant.settings.initial_domain
        made = team_values(alias, alias, domain) if unified else security_values(alias)
        with self._tenant.changing() as view:
            _check_names(view, made | values)
            held = add(view, "Group", made | values, unified=unified)
            _link(view, held, members, Link.ALIVE)
        return held.cloud_anchor

    def change_members(self, group: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Add members to a group of the cloud, and remove others."""
        with self._tenant.changing() as view:
            held = self._held(view, group)
            _link(view, held, add, Link.ALIVE)
            _link(view, held, remove, Link.REMOVED)
            view.put(held)

    def change(self, anchor: str, **values: Any) -> None:
        """Set attributes by their names in PascalCase; None clears one."""
        with self._tenant.changing() as view:
            held = self._held(view, anchor)
            after = {name: value for name, value in (held.values | values).items() if value is not None}
            _check_names(view, after, held.id)
            view.rename(held, names_of(held.values), names_of(after))
            held.values = after
            view.put(held)

    def set_immutable_id(self, anchor: str, source_anchor: str) -> None:
        """A cloud-mastered user carries a source anchor: what sends it is matched with it."""
        with self._tenant.changing() as view:
            held = self._held(view, anchor)
            _check_anchor(view, held, source_anchor)
            held.source_anchor = source_anchor
            view.put(held)

    def grant_role(self, anchor: str) -> None:
        """A user administers the tenant from now on."""
        with self._tenant.changing() as view:
            held = self._held(view, anchor)
            held.admin = True
            view.put(held)

    def move_authority(self, anchor: str, *, to_cloud: bool = True) -> None:
        """Move the source of authority of a synchronised object (``isCloudManaged``)."""
        with self._tenant.changing() as view:
            held = self._held(view, anchor)
            held.cloud_managed = to_cloud
            view.put(held)

    def delete(self, anchor: str) -> None:
        """Delete an object: it goes where the service's own deletes go."""
        with self._tenant.changing() as view:
            delete(view, self._held(view, anchor), self._tenant.settings)

    def restore(self, anchor: str) -> None:
        """Take an object out of the bin. The cloud is its master until the directory is matched with it.

        Values that somebody else has by now go into quarantine.
        """
        settings = self._tenant.settings
        with self._tenant.changing() as view:
            held = self._held(view, anchor, State.BIN)
            _check_anchor(view, held, held.source_anchor)
            taken = view.taken(held.values, held.id)
            held.values = view.without(held.values, taken, settings.initial_domain, held.id)
            held.quarantine = (*held.quarantine, *taken)
            restore(view, held, settings, synced=False)
            view.rename(held, (), names_of(held.values))

    def purge(self, anchor: str) -> None:
        """Delete an object in the bin for good."""
        with self._tenant.changing() as view:
            purge(view, self._held(view, anchor, State.BIN))

    def set_features(self, mask: int) -> None:
        """The whole feature mask, also bits that a sync client could not unset."""
        with self._tenant.changing() as view:
            view.storage.keep("features", b"%d" % mask)

    def retry(self, anchor: str) -> bool:
        """Look at once whether values in quarantine have become free.

        :returns: whether one had.
        """
        with self._tenant.changing() as view:
            return release(view, self._held(view, anchor))

    def provisioning_errors(self, anchor: str) -> list[tuple[str, str]]:
        """Attributes and values in quarantine."""
        with self._turn:
            return list(self._row(anchor).quarantine)

    def cloud_anchor(self, source_anchor: str) -> str:
        """The cloud anchor of an object that is live, or else in the bin."""
        with self._turn:
            found = sorted(self._storage.held("source_anchor", [source_anchor]), key=lambda held: held.state)
        if not found:
            raise KeyError(source_anchor)
        return found[0].cloud_anchor

    def _held(self, view: View, anchor: str, state: State = State.LIVE) -> Held:
        return view.by_id(self._row(anchor, state).id)

    def _row(self, anchor: str, state: State = State.LIVE) -> Held:
        found = [held for held in self._storage.held("cloud_anchor", [anchor]) if held.state is state]
        if not found:
            raise KeyError(anchor)
        return found[0]


def _check_anchor(view: View, held: Held, anchor: str | None) -> None:
    others = (
        other for other in view.storage.held("source_anchor", [anchor] if anchor else ()) if other.id != held.id
    )
    if any(other.state is State.LIVE or other.kind == held.kind for other in others):
        raise ValueError(f"another object has the source anchor {anchor}")


def _check_names(view: View, values: dict[str, Any], identity: int = 0) -> None:
    taken = view.taken(values, identity)
    if taken:
        raise ValueError(f"another object has {told(taken)}")


def _link(view: View, group: Held, anchors: Iterable[str], state: Link) -> None:
    wanted = list(anchors)
    found = {held.cloud_anchor: held.id for held in view.storage.held("cloud_anchor", wanted)}
    view.storage.link(group.id, [(found[anchor], state) for anchor in wanted], view.changed)
