"""Is what the read-back shows what we sent?

The service normalises some values without a word (it drops proxy addresses of unverified domains and rewrites user
principal names), so a difference is told and counted, never sent again for ever. Attributes the service adds by
itself are not compared; keys are compared without case, because the read-back spells them in PascalCase.
"""

from collections.abc import Mapping

from syncramp.model.values import Attributes, Value
from syncramp.model.wire import WireValue

WRITE_ONLY = frozenset({"thumbnailphoto"})
"""Attributes that are sent and that the read-back is not known to return."""


def differing(acked: Attributes, observed: Mapping[str, WireValue]) -> list[str]:
    """Names of acknowledged attributes whose observed value is another one, or missing."""
    seen = {name.lower(): value for name, value in observed.items()}
    return [
        name
        for name, value in acked.items()
        if (key := name.lower()) not in WRITE_ONLY and not _same(value, seen.get(key))
    ]


def _same(sent: Value, seen: WireValue) -> bool:
    if sent in ("", ()) and seen is None:
        return True
    if isinstance(sent, tuple) and isinstance(seen, tuple):
        return sorted(map(_plain, sent)) == sorted(map(_plain, seen))
    return _plain(sent) == _plain(seen)


def _plain(value: object) -> str:
    """A value as text: the read-back may type a number or a boolean otherwise than we did."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
