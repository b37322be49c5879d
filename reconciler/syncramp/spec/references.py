"""References to Secrets and ConfigMaps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRef:
    """One key of a Secret or of a ConfigMap."""

    name: str
    key: str
