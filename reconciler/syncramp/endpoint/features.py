"""Features of a tenant to set: by name, in a number that is written whole.

The service sets bits and does not unset most of them (Microsoft's documentation of the single features), so bits that
nobody knows are kept as they are.
"""

from collections.abc import Iterable

from syncramp.errors import InputRefused
from syncramp.model.features import FEATURES


def with_features(mask: int, names: Iterable[str]) -> int:
    """A mask with some features set, and everything else as it is.

    :param names: without regard to case.
    :raises InputRefused: one of them is not known.
    """
    known = {name.lower(): bit for bit, name in FEATURES.items()}
    for name in names:
        if name.lower() not in known:
            listed = ", ".join(FEATURES.values())
            raise InputRefused(f"no feature is called {name}", where="--set", remedy=f"known features: {listed}")
        mask |= known[name.lower()]
    return mask


def bits_of(mask: int) -> list[int]:
    """The bits that are set, lowest first."""
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]
