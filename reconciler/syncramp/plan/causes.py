"""What a change follows from, where that is more than its object tells; pure functions.

The store keeps why each object is desired as it is (``Origin``). A link follows from whoever comes, or from what the
cloud did to it.
"""

from collections.abc import Iterator, Mapping

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import MembershipChange
from syncramp.model.state import Membership, ObjectState, Origin
from syncramp.source.dn import renamed

_DN = "onPremisesDistinguishedName"
_COMING = (Origin.ADOPTION, Origin.CONFIGURATION, Origin.UPGRADE)


def container_of(state: ObjectState) -> tuple[str, str] | None:
    """Old and new DN of the container by which an object has another DN than in the cloud."""
    known = (state.acked or {}).get(_DN)
    return renamed(known, state.dn) if isinstance(known, str) else None


def link_origins(change: MembershipChange, around: Circumstances) -> Mapping[Origin, int]:
    """What the links of a group that go follow from -> how many they are."""
    group = change.membership
    found: dict[Origin, int] = {}
    for links, causes in ((change.adds, _of_adds(group, around)), (change.removes, _of_removes(group, around))):
        left = links
        for origin, those in causes if left else ():
            if taken := left & those:
                found[origin] = found.get(origin, 0) + len(taken)
                left = left - taken
        if left:
            found[Origin.SOURCE] = found.get(Origin.SOURCE, 0) + len(left)
    return found


def _of_adds(group: Membership, around: Circumstances) -> Iterator[tuple[Origin, BitMap]]:
    """What the cloud did counts before what was deleted lately, and that before who comes, or which group does."""
    yield Origin.CLOUD, group.drifted | _coming(Origin.CLOUD, group, around)
    yield Origin.RESTORATION, around.returning.get(group.id, BitMap())
    for origin in _COMING:
        yield origin, _coming(origin, group, around)


def _coming(origin: Origin, group: Membership, around: Circumstances) -> BitMap:
    coming = around.coming.get(origin, BitMap())
    return group.desired if group.id in coming else coming


def _of_removes(group: Membership, around: Circumstances) -> Iterator[tuple[Origin, BitMap]]:
    if room := around.ramps.get(group.id):
        yield Origin.NONE, room.reverted  # a person takes a ramp back
    yield Origin.ADOPTION, group.found
    yield Origin.CLOUD, group.drifted
