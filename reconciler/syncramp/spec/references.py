"""References to Secrets and ConfigMaps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KeyRef:
    """One key of a Secret or of a ConfigMap."""

    name: str
    key: str
    config_map: bool = field(default=False, compare=False)
    """How the document names it; both are read alike."""


def key_of(reference: Mapping[str, Any] | None) -> KeyRef | None:
    """What stands below ``ca`` or ``token``: a ``secretKeyRef`` or a ``configMapKeyRef``; None where nothing does."""
    if reference is None:
        return None
    config_map = "secretKeyRef" not in reference
    named = reference["configMapKeyRef" if config_map else "secretKeyRef"]
    return KeyRef(named["name"], named["key"], config_map)
