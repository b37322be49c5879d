"""What is known of a partition before it is read again (``model.seams.Known``), as a test says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Before:
    """After a read that ended so."""

    horizon: bytes | None = None
    watermark: bytes | None = None
    sentinels: Mapping[bytes, frozenset[str]] = field(default_factory=dict)

    keyed = False

    def returned(self) -> Sequence[bytes]:
        return ()
