"""Groups that are mastered in the cloud, as the cloud tells of them; some of them are written back to a directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pyroaring import BitMap

from syncramp.model.values import Value


class CloudState(StrEnum):
    """Whether a group is there, as far as the cloud said."""

    LIVE = "Live"
    BIN = "SoftDeleted"
    """It can be restored, with its members."""
    UNTOLD = "Deleted"
    """It was deleted, and whether for good is not known; or a directory is its master now."""
    GONE = "HardDeleted"
    """It was deleted for good: it cannot come back."""


class Teller(StrEnum):
    """Who tells of groups that are mastered in the cloud."""

    READ_BACK = "ReadBack"
    GRAPH = "Graph"


@dataclass(frozen=True, slots=True)
class CloudGroup:
    """What is known of a group that is mastered in the cloud."""

    id: int
    """Of its row in ``cloud_names``, under which it is a member of others, too."""
    object_id: str
    """In small letters."""
    attributes: Mapping[str, Value]
    """By Microsoft Graph's names: displayName, description, mail, mailNickname, proxyAddresses, groupTypes (texts),
    securityEnabled, mailEnabled, visibility, isAssignableToRole."""
    state: CloudState
    since: float
    """When it was first seen in this state, in seconds since the epoch."""
    members: BitMap | None
    """Ids in ``cloud_names``; None: nobody ever showed them, which is not the same as none."""
    seq: int
    """Rises with each change of anything of it, over all groups."""


@dataclass(slots=True)
class SeenGroup:
    """What one page says of one group that is mastered in the cloud."""

    attributes: Mapping[str, Value | None] | None = None
    """By the names of ``CloudGroup.attributes``; None: it says nothing of them."""
    merges: bool = False
    """``attributes`` are those that changed, None for what was cleared; else they are all there are."""
    state: CloudState = CloudState.LIVE
    adds: Sequence[str] = ()
    """Members, by ``<Type>_<object id>`` in small letters, or ``source:`` and a source anchor."""
    removes: Sequence[str] = ()
    whole: Sequence[str] | None = None
    """All members; None: only changes are told."""
    ours: bool = True
    """False: a directory is its master; ``state`` is ``UNTOLD`` then, and the rest empty."""
    moved: bool = False
    """A directory was its master before: who is in it since then is not told anew."""


def together(before: SeenGroup, after: SeenGroup) -> SeenGroup:
    """What two parts of one group on one page say."""
    gone, added = set(after.removes), set(after.adds)
    whole = after.whole
    if whole is None and before.whole is not None:
        whole = [*(member for member in before.whole if member not in gone), *after.adds]
    attributes, merges = after.attributes, after.merges
    if attributes is None or (merges and before.attributes is not None):
        attributes, merges = {**(before.attributes or {}), **(attributes or {})}, before.merges
    return SeenGroup(
        None if before.attributes is after.attributes is None else attributes,
        merges,
        after.state,
        adds=[*(member for member in before.adds if member not in gone), *after.adds],
        removes=[*(member for member in before.removes if member not in added), *after.removes],
        whole=whole,
        ours=after.ours,
        moved=before.moved or after.moved,
    )


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """A page of what Microsoft Graph says of groups that are mastered in the cloud."""

    groups: Sequence[tuple[str, SeenGroup]]
    """Object ids, in small letters, in the order of the page; one may come more than once."""
    cursor: str
    """Where it goes on after this page."""
    ended: bool
    """It is the last one, and changes come from its cursor on."""


class Unwritable(StrEnum):
    """Why a member of a group in the cloud cannot be a member of the group in the directory."""

    CLOUD_ONLY = "CloudOnly"
    """A user who is in no directory of the document."""
    GUEST = "Guest"
    OTHER_FOREST = "OtherForest"
    """It is in another directory than the one that the groups are written to."""
    DOMAIN_LOCAL = "DomainLocalGroup"
    """A universal group cannot hold it."""
    NOT_WRITTEN = "NotWrittenBack"
    """A group of the cloud that is not written back."""
    DEVICE = "Device"
    GONE = "Gone"
    """Its entry in the directory is gone, or was never read."""
