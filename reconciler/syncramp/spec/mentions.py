"""Which Secrets and ConfigMaps a document mentions: whoever lays them out as files needs their names beforehand.

A reference is the same wherever it stands: an object below ``secretRef``, ``secretKeyRef`` or ``configMapKeyRef``,
with a ``name``. So the document is walked for these three, and a test walks the CRD for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SECRETS = ("secretRef", "secretKeyRef")
_CONFIG_MAPS = ("configMapKeyRef",)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Names, each once and in their order."""

    secrets: tuple[str, ...] = ()
    config_maps: tuple[str, ...] = ()


def mentioned(spec: Mapping[str, Any]) -> Mentions:
    """What a spec mentions; what is no reference by its form is none."""
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for key, name in _references(spec):
        names[key in _SECRETS].add(name)
    return Mentions(tuple(sorted(names[True])), tuple(sorted(names[False])))


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in (*_SECRETS, *_CONFIG_MAPS) and isinstance(value, Mapping):
                name = value.get("name")
                if isinstance(name, str) and name:
                    yield key, name
            else:
                yield from _references(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _references(item)
