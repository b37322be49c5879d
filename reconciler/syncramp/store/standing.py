"""How all objects stand, as sets of ids, in one scan that reads hardly any row.

Nearly every object is a user that is *settled*: it should be in the cloud, is known to be there just so, and a
read-back has confirmed it. Settled ones are only counted; the rows of all others are read. Ids are dense, so what is
left of them is the settled ones. Of 300,000 objects each set took a scan of its own, and two of them the reading of
nearly all ids: 0.5 s of a plan with nothing to do, and as much at the end of a run for what is counted there.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator

from pyroaring import BitMap

from syncramp.model.state import Cause
from syncramp.model.values import Kind
from syncramp.store.database import Database

_WANTED, _ANCHORED, _KNOWN, _DOUBT, _ABSENT, _EQUAL, _CONFIRMED = 1, 2, 4, 8, 16, 32, 64
"""The last is the lower bit of ``confirmed``, which is 0, 1 or 2."""
_SETTLED = _WANTED | _ANCHORED | _KNOWN | _EQUAL | _CONFIRMED
_UNSETTLED = f"""SELECT id, kind, CASE WHEN digest IS NOT NULL THEN {_WANTED} ELSE 0 END
                 + CASE WHEN anchor IS NOT NULL THEN {_ANCHORED} ELSE 0 END
                 + CASE WHEN acked IS NOT NULL THEN {_KNOWN} ELSE 0 END
                 + CASE WHEN doubt = 1 THEN {_DOUBT} ELSE 0 END
                 + CASE WHEN cause IN (?, ?, ?) THEN {_ABSENT} ELSE 0 END
                 + CASE WHEN acked = digest AND hold = '' THEN {_EQUAL} ELSE 0 END
                 + confirmed * {_CONFIRMED} FROM objects
                 WHERE CASE WHEN acked = digest AND anchor IS NOT NULL AND doubt = 0 AND hold = '' AND confirmed = 1
                 AND kind = 'User' THEN 0 ELSE 1 END = 1"""  # noqa: S608 (constants)
_ENDS = "SELECT (SELECT COUNT(*) FROM objects), (SELECT MIN(id) FROM objects), (SELECT MAX(id) FROM objects)"
"""Three questions: of each alone SQLite need not look at every row."""
_IDS = "SELECT id FROM objects"
_CAUSES = Cause.ABSENT_ONCE.value, Cause.ABSENT.value, Cause.DELETED.value


class Standing:
    """The sets, as they are now."""

    def __init__(self, database: Database) -> None:
        groups: dict[tuple[str, int], array[int]] = {}
        for identity, kind, flags in database.stream(_UNSETTLED, _CAUSES):
            if (kind, flags) not in groups:
                groups[kind, flags] = array("I")
            groups[kind, flags].append(identity)
        found = [(kind, flags, BitMap(ids)) for (kind, flags), ids in groups.items()]
        settled = _all(database) - BitMap.union(BitMap(), *(ids for _, _, ids in found))
        self._groups = [*found, (Kind.USER.value, _SETTLED, settled)]

    @property
    def desired(self) -> BitMap:
        """Those that should be in the cloud."""
        return self._those(lambda flags: flags & _WANTED and flags & _ANCHORED)

    @property
    def departing(self) -> BitMap:
        """Those that may be in the cloud and should not be."""
        return self._those(lambda flags: not flags & _WANTED and flags & (_KNOWN | _DOUBT))

    @property
    def in_cloud(self) -> BitMap:
        """Those that are known to be in the cloud."""
        return self._those(lambda flags: flags & _KNOWN)

    @property
    def coming(self) -> BitMap:
        """Those that should be in the cloud, or would be with an anchor, and are not known to be there."""
        return self._those(lambda flags: flags & _WANTED and not flags & _KNOWN)

    @property
    def in_doubt(self) -> BitMap:
        """Those of which a call was sent and its answer is not known."""
        return self._those(lambda flags: flags & _DOUBT)

    @property
    def absent(self) -> BitMap:
        """Those that should not be in the cloud because their entries are not there."""
        return self._those(lambda flags: not flags & _WANTED and flags & _ABSENT)

    @property
    def differing(self) -> BitMap:
        """Those of which the cloud is not known to hold what it should, or that are held."""
        return self._those(_differs)

    def of_kind(self, kind: Kind) -> BitMap:
        """All of one kind."""
        return BitMap.union(BitMap(), *(ids for each, _, ids in self._groups if each == kind.value))

    def kinds(self) -> dict[str, int]:
        """How many are known to be in the cloud, by kind."""
        counted = Counter[str]()
        for kind, number, _ in self._known():
            counted[kind] += number
        return dict(sorted(counted.items()))

    def confirmations(self) -> dict[int, int]:
        """How many of those that are known to be in the cloud are unconfirmed (0), confirmed (1) and confirmed with
        differences (2).
        """
        counted = Counter[int]()
        for _, number, flags in self._known():
            counted[flags // _CONFIRMED] += number
        return dict(counted)

    def _known(self) -> Iterator[tuple[str, int, int]]:
        """Kind, number and flags of those that are known to be in the cloud."""
        return ((kind, len(ids), flags) for kind, flags, ids in self._groups if flags & _KNOWN and ids)

    def _those(self, wanted: Callable[[int], object]) -> BitMap:
        return BitMap.union(BitMap(), *(ids for _, flags, ids in self._groups if wanted(flags)))


def _differs(flags: int) -> bool:
    if not flags & _WANTED:
        return bool(flags & (_KNOWN | _DOUBT))
    return bool(flags & _DOUBT) or not flags & _EQUAL


def _all(database: Database) -> BitMap:
    """All ids; they are read only where some are missing between the first and the last."""
    number, first, last = database.all(_ENDS)[0]
    if not number:
        return BitMap()
    return BitMap(range(first, last + 1)) if number == last - first + 1 else BitMap(database.numbers(_IDS))
