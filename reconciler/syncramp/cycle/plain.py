"""Of a page of marked entries those that are plain users, and come for the first time (``rules.plain``).

Whom they name is looked up for all of them together. All others of the page are left to whoever asks the rules.
"""

from collections.abc import Collection, Mapping, Sequence

from syncramp.cycle.targets import Target, Targets
from syncramp.model.desire import Staged
from syncramp.model.values import Kind
from syncramp.rules.plain import PlainUsers, Read
from syncramp.rules.ruleset import Ruleset
from syncramp.store.fresh import Fresh, Marked

_USER = Kind.USER.value


class Plain:
    """Plain users of some sources.

    :param rules: by the number of a source.
    :param apart: GUIDs of entries that never are plain.
    """

    def __init__(self, rules: Mapping[int, Ruleset], targets: Targets, apart: Collection[bytes]) -> None:
        users = {source: ruleset.plain_users() for source, ruleset in rules.items()}
        self._users = {source: plain for source, plain in users.items() if plain}
        self._targets = targets
        self._apart = apart

    def take(self, page: Sequence[Marked]) -> list[Fresh]:
        """The plain users of a page."""
        reads = [
            (row, users, read, users.named(read))
            for row in page
            if (users := self._of(row)) and (read := users.read(row.dn, row.attributes))
        ]
        self._targets.learn(name for *_, names in reads for name in names if name)
        made = (self._fresh(*one) for one in reads)
        return [one for one in made if one]

    def _of(self, row: Marked) -> PlainUsers | None:
        """To whom an entry may be a plain user."""
        if row.known or row.absent or row.kind != _USER or row.guid in self._apart:
            return None
        return self._users.get(row.source)

    def _fresh(self, row: Marked, users: PlainUsers, read: Read, names: Sequence[str]) -> Fresh | None:
        """None: it names somebody who does not stay."""
        anchors, references = names, []
        if any(names):
            targets = [self._targets[name] if name else None for name in names]
            if any(target and not _stays(target) for target in targets):
                return None
            anchors = [target.anchor if target else "" for target in targets]
            references = [
                (wire, target.id)
                for wire, target in zip(users.references, targets, strict=True)
                if target and target.id is not None
            ]
        made = users.made(row.guid, read, anchors)
        if made is None:
            return None
        anchor, packed, marks = made
        return Fresh(row.id, row.source, Kind.USER, anchor, packed, marks, references, row.cause)

    def learn(self, page: Sequence[Marked], left: Sequence[Staged]) -> None:
        """Take in what users have who were no plain ones.

        :param left: those of the page that were left to the rules, in its order.
        """
        rows = {row.id: users for row in page if (users := self._of(row))}
        for users in self._users.values():
            users.learn([one.entry for one in left if rows.get(one.id) is users])


def _stays(target: Target) -> bool:
    """Who is named is somebody, in the cloud or soon."""
    return target.id is not None and not target.gone and bool(target.anchor) and target.stays
