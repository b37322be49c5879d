"""Commands to ramps that stand in the annotations of a document.

``syncramp.io/promote: "large/2, small@second"`` promotes two ramps: one if it is at its second step, the other once
for this very text. A text that was followed once is not followed again; another step, or another word behind the
``@``, makes it another text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from syncramp.model.ramps import Command

COMMANDS = {f"syncramp.io/{command.value}": command for command in Command}
"""Annotations of a document."""
_NAMED = re.compile(r"(?P<ramp>[a-z0-9]([-a-z0-9]*[a-z0-9])?)(/(?P<step>[1-9][0-9]{0,2}))?(@[-A-Za-z0-9._:]+)?")


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """A command that an annotation names."""

    command: Command
    ramp: str
    step: int | None
    """It is meant for, counted from 1; None: whichever it is."""
    text: str
    """As it stands there."""

    @property
    def by(self) -> str:
        """Who gives it."""
        return f"annotation syncramp.io/{self.command.value}"


def named_orders(annotations: Mapping[str, str]) -> tuple[NamedOrder, ...]:
    """The commands in annotations, in the order in which ``Command`` has them; what is malformed is left out."""
    return tuple(
        NamedOrder(command, found["ramp"], int(found["step"]) if found["step"] else None, part)
        for name, command in COMMANDS.items()
        for part in _parts(annotations.get(name, ""))
        if (found := _NAMED.fullmatch(part))
    )


def malformed(text: str) -> str:
    """The first part of an annotation that names no ramp; empty: all do."""
    return next((part for part in _parts(text) if not _NAMED.fullmatch(part)), "")


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split(",")) if part]
