"""Of a page of marked entries those that are plain users, and come for the first time (``rules.plain``).

Whom they name is looked up for all of them together. All others of the page are left to whoever asks the rules.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from syncramp.cycle.targets import Targets
from syncramp.model.desire import Staged
from syncramp.model.values import Kind
from syncramp.rules.plain import PlainUsers
from syncramp.rules.plain_columns import Stays
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
        found = []
        for source, users in self._users.items():
            rows = [row for row in page if row.source == source and self._of(row)]
            stays = self._staying({name for row in rows for name in users.named(row.attributes)})
            made = users.made([(row.guid, row.dn, row.attributes) for row in rows], stays)
            found += [
                Fresh(row.id, source, Kind.USER, *one, row.cause)
                for row, one in zip(rows, made, strict=True)
                if one is not None
            ]
        return found

    def _staying(self, named: Iterable[bytes]) -> Stays:
        """Those of some DNs who are in the cloud, or will be."""
        names = {name: name.decode(errors="replace") for name in named}
        self._targets.learn(names.values())
        found = {name: self._targets[text] for name, text in names.items()}
        return {
            name: (one.anchor.encode(), one.id)
            for name, one in found.items()
            if one.id is not None and not one.gone and one.anchor and one.stays
        }

    def _of(self, row: Marked) -> PlainUsers | None:
        """To whom an entry may be a plain user."""
        if row.known or row.absent or row.kind != _USER or row.guid in self._apart:
            return None
        return self._users.get(row.source)

    def learn(self, page: Sequence[Marked], left: Sequence[Staged]) -> None:
        """Take in what users have who were no plain ones.

        :param left: those of the page that were left to the rules, in its order.
        """
        rows = {row.id: users for row in page if (users := self._of(row))}
        for users in self._users.values():
            users.learn([one.entry for one in left if rows.get(one.id) is users])
