"""The source anchor of an entry: what ties it to its cloud object for life.

Users have the attribute that the document names, everybody else always objectGUID. mS-DS-ConsistencyGuid may be
empty, then objectGUID stands in; an attribute that somebody chose may not: who has no value of it, or one that the
service does not take, has no anchor. Binary values become base64, text goes as it is. Anchors are compared with case,
so one that is only spelled otherwise is another one.

The rules of a value are Microsoft's ("Microsoft Entra Connect: Design concepts", sourceAnchor).
"""

import re
from base64 import b64encode

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.source.canonical import GUIDS, SIDS
from syncramp.spec.types import SourceAnchor

LONGEST = 59
"""Characters; the service takes fewer than 60, and counts three for each that is neither letter nor digit."""
FORBIDDEN = frozenset("\\!#$%&*+/=?^`{}|~<>()';:,[]\"@_")
"""Characters that a value of text must not have; the base64 of a binary one may."""
BINARY = GUIDS | SIDS
"""Directory attributes that are known to hold bytes and can be an anchor, in lower case."""
_COUNTED_THRICE = re.compile("[^0-9A-Za-z]")
CONSISTENCY_GUID = SourceAnchor.CONSISTENCY_GUID.lower()
_WELL_KNOWN = frozenset(name.lower() for name in SourceAnchor)


class NoAnchor(ValueError):
    """An entry has no anchor; the message is a clause that says why."""


class AnchorRule:
    """Which anchor an entry has.

    :param attribute: what ``identity.sourceAnchor`` names.
    :param binary: the document declares that it holds bytes.
    """

    def __init__(self, attribute: str, *, binary: bool = False) -> None:
        self._spelled = attribute
        self.attribute = attribute.lower()
        """As it is read from the directory."""
        self._binary = binary or self.attribute in BINARY
        self._chosen = self.attribute not in _WELL_KNOWN
        self._by_consistency_guid = self.attribute == CONSISTENCY_GUID

    def anchor(self, entry: Entry) -> str:
        """The anchor of an entry as it stands on the wire.

        :raises NoAnchor: the attribute was chosen, and this user has no value of it that can be one.
        """
        if entry.kind is Kind.USER:
            if self._chosen:
                return self._value(entry.attributes.get(self.attribute, ()))
            return self.of_guids(_consistency_guid(entry), entry.guid)
        return guid_anchor(entry)

    @property
    def by_guid(self) -> bool:
        """Users have an anchor of ``of_guids``."""
        return not self._chosen

    def of_guids(self, consistency_guid: bytes, guid: bytes) -> str:
        """The anchor of a user by what stands in the two attributes; the first one may be empty."""
        if self._by_consistency_guid and consistency_guid:
            anchor = b64encode(consistency_guid).decode()
            if _base64_length(anchor) <= LONGEST:
                return anchor
        return b64encode(guid).decode()

    def _value(self, values: tuple[bytes, ...]) -> str:
        if len(values) > 1:
            raise NoAnchor(f"its {self._spelled} has {len(values)} values")
        if not values or not values[0].strip():
            raise NoAnchor(f"its {self._spelled} is empty")
        anchor = b64encode(values[0]).decode() if self._binary else self._text(values[0])
        if _length(anchor) > LONGEST:
            raise NoAnchor(f"its {self._spelled} is too long for an anchor")
        return anchor

    def _text(self, value: bytes) -> str:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise NoAnchor(f"its {self._spelled} is no text") from None
        bad = next((sign for sign in text if sign in FORBIDDEN or not sign.isprintable()), None)
        if bad is not None:
            raise NoAnchor(f"its {self._spelled} has a {bad!r}, which no anchor may have")
        return text


def guid_anchor(entry: Entry) -> str:
    """The base64 of objectGUID."""
    return b64encode(entry.guid).decode()


def kept_out(lack: str) -> str:
    """Why somebody does not come to the cloud who has no anchor.

    :param lack: the clause of :class:`NoAnchor`.
    """
    return f"{lack}, and it is the source anchor"


def kept_under(anchor: str, lack: str) -> str:
    """Why somebody stays as they are whom the cloud knows by an anchor that their entry has lost."""
    return f"its source anchor is {anchor}, and {lack} now"


def without_value(entry: Entry) -> bool:
    """A user whose mS-DS-ConsistencyGuid is empty, so that its objectGUID stands in."""
    return entry.kind is Kind.USER and not _consistency_guid(entry)


def _consistency_guid(entry: Entry) -> bytes:
    values = entry.attributes.get(CONSISTENCY_GUID)
    return values[0] if values else b""


def _length(anchor: str) -> int:
    """Characters of an anchor as the service counts them."""
    return len(anchor) + 2 * len(_COUNTED_THRICE.findall(anchor))


def _base64_length(anchor: str) -> int:
    """The same of base64, without looking at each character: this is asked of every user."""
    return len(anchor) + 2 * (anchor.count("+") + anchor.count("/") + anchor.count("="))
