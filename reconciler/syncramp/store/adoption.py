"""The adoption of a tenant, as it is remembered, and what becomes ours beside it.

An object that is in the tenant with a source anchor and has no entry of its own is an orphan. When a person wants it
gone, it gets an entry: one that two complete imports did not see, which is what it is. The next plan then deletes it
as it deletes whoever left the directory, under the same guards.
"""

import json
from collections.abc import Callable

from pyroaring import BitMap

from syncramp.model.adoption import Adoption
from syncramp.store.database import Database
from syncramp.store.found import settle_links
from syncramp.store.strangers import matches

_READ = "SELECT value FROM meta WHERE key = 'adoption'"
_WRITE = "INSERT INTO meta VALUES ('adoption', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class Adoptions:
    """What the store knows of the adoption of its tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def adopted(self) -> bool:
        """The tenant was adopted."""
        return self._database.one(_READ) is not None

    def read(self) -> Adoption | None:
        """The adoption; None: there was none."""
        text = self._database.value(_READ)
        return Adoption.from_json(json.loads(text)) if text else None

    def write(self, adoption: Adoption) -> None:
        """Remember it, in the place of the one before."""
        self._database.run(_WRITE, (json.dumps(adoption.as_json(), sort_keys=True),))

    def matching(self) -> dict[int, str]:
        """Ids of creates that the service would join with an object that is not ours -> that one, in words."""
        return {match.id: match.words for match in matches(self._database)}

    def settle_links(self, desired: Callable[[int], BitMap]) -> None:
        """What was found of members and is gone, or wanted again, is not found any more.

        :param desired: the members that a group should have.
        """
        settle_links(self._database, desired)
