"""What the cloud shows otherwise than we sent it, kept so that every later run and every explanation can tell it.

Attributes stand in ``drift`` until the read-back shows them as they are wanted, or the object is gone. Nothing is
sent for them: the service would write them otherwise once more, for ever. Links stand in ``cloud_links.drifted``
until we sent them, or the read-back showed them as they were known: what is sent for them follows from the cloud.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyroaring import BitMap

from syncramp.model.drift import Difference
from syncramp.store.database import Database
from syncramp.store.packing import pack, pack_bitmap, unpack, unpack_bitmap

SAMPLES = 5
"""Examples of attributes that differ."""

_ANY = "SELECT 1 FROM drift LIMIT 1"
_FORGET = "DELETE FROM drift WHERE object IN ({})"
_KEEP = "INSERT INTO drift (object, attribute, known, shown) VALUES (?, ?, ?, ?)"
_COUNTS = """SELECT attribute, COUNT(*) FROM drift d JOIN objects o ON o.id = d.object
             WHERE known = ? AND o.acked IS NOT NULL GROUP BY attribute ORDER BY attribute"""
_SOME = """SELECT o.kind, o.anchor, e.dn, d.attribute, d.shown FROM drift d JOIN objects o ON o.id = d.object
           JOIN entries e ON e.id = d.object WHERE d.known = 0 AND o.acked IS NOT NULL
           ORDER BY d.object, d.attribute LIMIT ?"""
_OF = "SELECT attribute, known, shown FROM drift WHERE object = ? ORDER BY attribute"
_DRIFTED = "SELECT id, drifted FROM cloud_links WHERE id IN ({})"
_DRIFT = "UPDATE cloud_links SET drifted = ? WHERE id = ?"
_HOLDERS = "SELECT id, anchor, cloud_anchor FROM objects WHERE cloud_anchor IS NOT NULL AND acked IS NOT NULL"


def keep_differences(database: Database, differences: Mapping[int, Sequence[Difference]]) -> None:
    """What was seen of objects now, in the place of what was; in a transaction of the caller.

    :param differences: of every object that was compared, also of those without any.
    """
    if database.one(_ANY) is not None:
        forget_differences(database, differences)
    rows = [(identity, one) for identity, found in differences.items() for one in found]
    database.run_many(_KEEP, [(i, one.attribute, int(one.known), pack({"": one.shown})) for i, one in rows])


def forget_differences(database: Database, ids: Iterable[int]) -> None:
    """Objects are gone, or others than before; in a transaction of the caller."""
    database.run_among(_FORGET, list(ids))


def keep_drifted(database: Database, links: Mapping[int, tuple[BitMap, BitMap]]) -> None:
    """Links that changed in the cloud, and links that are as they were known; in a transaction of the caller.

    :param links: group -> (those that drifted, those that did not).
    """
    for group, packed in database.among(_DRIFTED, list(links)):
        before = unpack_bitmap(packed)
        drifted = (before - links[group][1]) | links[group][0]
        if drifted != before:
            database.run(_DRIFT, (pack_bitmap(drifted) if drifted else None, group))


class Differences:
    """Attributes that the cloud shows otherwise, for whoever tells them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, *, known: bool) -> dict[str, int]:
        """Attribute -> objects in the cloud that have it otherwise.

        :param known: by what the service is known to do; False: by something else.
        """
        return dict(self._database.all(_COUNTS, (int(known),)))

    def samples(self) -> Iterator[tuple[str, str, str, Difference]]:
        """A few that nothing explains: kind, anchor and DN of the object, and the difference."""
        for kind, anchor, dn, attribute, packed in self._database.all(_SOME, (SAMPLES,)):
            yield kind, anchor, dn, Difference(attribute, False, unpack(packed)[""])

    def of(self, identity: int) -> list[Difference]:
        """What differs of one object."""
        rows = self._database.all(_OF, (identity,))
        return [Difference(attribute, bool(known), unpack(packed)[""]) for attribute, known, packed in rows]

    def holders(self) -> Iterator[tuple[int, str, str]]:
        """Objects of ours in the cloud: id, source anchor and cloud anchor."""
        yield from self._database.stream(_HOLDERS)
