"""What is said to the V2 endpoint and what it says back, as values without any encoding.

Names follow the service: a ``Set`` creates when the anchor is unknown and otherwise changes only the attributes it
names; ``None`` as a value clears an attribute; members travel as changes, never as a list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from itertools import chain, repeat
from typing import NamedTuple, overload

from syncramp.model.blocks import Block
from syncramp.model.cells import Cells
from syncramp.model.packing import packed_value
from syncramp.model.rows import row
from syncramp.model.values import Value
from syncramp.model.whole import Whole


class Operation(StrEnum):
    """``SyncOperation`` of an object in a request or in a result."""

    ADD = "Add"
    SET = "Set"
    DELETE = "Delete"


def same_object(one: str, other: str) -> bool:
    """Two cloud anchors, ``<Type>_<object id>``, name the same object."""
    return object_id(one) == object_id(other)


def object_id(cloud_anchor: str) -> str:
    """The object id in a cloud anchor, in small letters."""
    return cloud_anchor.rpartition("_")[2].lower()


class LinkOperation(IntEnum):
    """``operationInt`` of a reference change."""

    ADD = 1
    REMOVE = 2


class AnchorType(IntEnum):
    """``referenceTypeInt``: by which anchor a reference names its target."""

    CLOUD = 1
    SOURCE = 2


class ReferenceChange(NamedTuple):
    """One link to add or to remove."""

    anchor: str
    operation: LinkOperation = LinkOperation.ADD
    by: AnchorType = AnchorType.SOURCE


_make: Callable[..., ReferenceChange] = tuple.__new__
"""Of a class and its fields, without the Python function in between: a group has many thousands."""


def changes_by_source(anchors: Iterable[str], operation: LinkOperation) -> Iterator[ReferenceChange]:
    """The same change of many links, by the source anchors of their targets."""
    fields = zip(anchors, repeat(operation), repeat(AnchorType.SOURCE), strict=False)
    return map(_make, repeat(ReferenceChange), fields)


WireValue = Value | Sequence[ReferenceChange] | None
"""A tuple of ReferenceChange is a SyncReferenceChangeCollection; an empty tuple is an empty list of text."""

_WITHOUT_LINKS = frozenset({Cells, Whole})
"""Values among which there never are any; nearly all are of these, and they are not looked at one by one."""
_DISABLED = packed_value("accountEnabled") + packed_value(value=False)


@row
class SyncObject:
    """An ``AzureADSyncObject``: one object in an export request or in a read-back page."""

    kind: str
    """``SyncObjectType``: User, Group, Contact, Device, ..."""
    operation: Operation
    values: Mapping[str, WireValue]
    """``PropertyValues`` in wire order, SourceAnchor or CloudAnchor among them."""

    @property
    def links(self) -> int:
        """How many reference changes the object carries."""
        if type(self.values) in _WITHOUT_LINKS:
            return 0
        links = 0
        for value in self.values.values():
            if type(value) is tuple and value and isinstance(value[0], ReferenceChange):
                links += len(value)
        return links

    @property
    def disables(self) -> bool:
        """It says that an account is not enabled."""
        values = self.values
        if type(values) is Whole and _DISABLED not in values.packed:
            return False
        return values.get("accountEnabled") is False


class Alike(NamedTuple):
    """Objects that follow each other and have the same pairs; none of them carries reference changes."""

    kind: str
    operation: Operation
    block: Block

    def objects(self) -> list[SyncObject]:
        """Each of them."""
        return [SyncObject(self.kind, self.operation, cells) for cells in self.block.cells()]


class Listed(Sequence[SyncObject]):
    """Objects of a page, of which many are alike; whoever looks at one of these has them made.

    :param parts: in their order.
    """

    def __init__(self, parts: Sequence[SyncObject | Alike]) -> None:
        self.parts = parts
        self._count = sum(len(part.block) if isinstance(part, Alike) else 1 for part in parts)

    @property
    def links(self) -> int:
        """How many reference changes they carry."""
        return sum(part.links for part in self.parts if not isinstance(part, Alike))

    @cached_property
    def _objects(self) -> list[SyncObject]:
        parts = (part.objects() if isinstance(part, Alike) else [part] for part in self.parts)
        return list(chain.from_iterable(parts))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> SyncObject: ...
    @overload
    def __getitem__(self, place: slice) -> list[SyncObject]: ...
    def __getitem__(self, place: int | slice) -> SyncObject | list[SyncObject]:
        return self._objects[place]

    def __iter__(self) -> Iterator[SyncObject]:
        return iter(self._objects)


def parts_of(objects: Sequence[SyncObject]) -> Sequence[SyncObject | Alike]:
    """Objects, those that are alike together where they came so."""
    return objects.parts if isinstance(objects, Listed) else objects


def links_of(objects: Sequence[SyncObject]) -> int:
    """How many reference changes objects carry."""
    return objects.links if isinstance(objects, Listed) else sum(obj.links for obj in objects)


class Result(StrEnum):
    """What is known of one object after a call."""

    APPLIED = "Applied"
    REFUSED = "Refused"
    UNKNOWN = "Unknown"


@row
class Outcome:
    """What became of one object of a call; outcomes stand in the order of the request."""

    result: Result
    code: str = "0"
    """``ResultErrorCode`` as the service wrote it: opaque text."""
    description: str = ""
    """On APPLIED a warning: written, but with modified properties."""
    operation: str = ""
    """``SyncOperation`` of the result: what the service says it did."""
    cloud_anchor: str = ""
    repeated: bool = False
    """An earlier try of the call was answered by somebody on the way, and may have been processed, now or later."""
    rejected: tuple[str, ...] = ()
    """On APPLIED: anchors of links that were not taken, while all the rest was."""


@dataclass(frozen=True)
class ReadBackPage:
    """One answer of ReadBackAzureADSyncObjects2."""

    objects: Sequence[SyncObject]
    cookie: bytes | None
    more: bool | None
    """False on the last page; None where no end marker was recognised: then the read-back is not complete."""

    @cached_property
    def links(self) -> int:
        """How many reference changes its objects carry."""
        return links_of(self.objects)


@dataclass(frozen=True, slots=True)
class Company:
    """What GetCompanyConfiguration says of the tenant; None where the service did not say."""

    tenant_id: str
    display_name: str
    syncing: bool
    """``IsDirSyncing``: directory synchronisation is switched on for the tenant."""
    anchor_attribute: str | None = None
    max_links: int = 15_000
    """``MaxLinksSupportedAcrossBatchInProvision2``: reference changes over all objects of a call."""
    interval: str | None = None
    """``SynchronizationInterval``, an xsd:duration."""
    delete_threshold: int | None = None
    known_objects: int | None = None
    """``TotalConnectorSpaceObjects``: how many objects the last sync client had in its connector space."""
    client_machine: str | None = None
    client_version: str | None = None
    client_application: str | None = None
    """Id of the application the last sync client was, its machine and its build beside it."""
    features: int = 0
    """``DirSyncFeatures``, a bit mask; bits without a public name are among them."""
    allowed_features: tuple[str, ...] = ()
    tracking_changes: bool = False
    deletion_prevention: str | None = None
    """``EnabledForCount`` (then ``delete_threshold`` counts), ``EnabledForPercentage`` or ``Disabled``."""
    delete_percentage: int | None = None
    password_syncing: bool = False
    group_container: str | None = None
    """``UnifiedGroupContainer``: DN of the unit that groups are written back to."""
    user_container: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What Capabilities says of the protocol: the latest product version, the oldest, and those that are refused."""

    latest: str = ""
    oldest: str = ""
    blocked: tuple[str, ...] = ()
    """Versions on the black list, if it is in force."""
