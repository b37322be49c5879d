"""Which parts of the sources one importer reads: those that are named, or a share of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncramp.errors import InputRefused


@dataclass(frozen=True, slots=True)
class Named:
    """A part of a source, as people name it."""

    source: str
    partition: str

    def __str__(self) -> str:
        return f"{self.source}/{self.partition}"


@dataclass(frozen=True, slots=True)
class ByName:
    """Those that are named: ``corp/DC=corp,DC=test``, or ``corp`` for every part of it. Without a name: all."""

    names: Sequence[str] = ()

    def sources(self, known: Sequence[str]) -> Sequence[str]:
        """The sources that are to be asked for their parts.

        :param known: the sources of the document.
        :raises InputRefused: it has none of a name.
        """
        wanted = [name.partition("/")[0] for name in self.names]
        for name in wanted:
            if name not in known:
                raise InputRefused(
                    f"the document has no source {name!r}",
                    where="--partition",
                    remedy=f"name one of {', '.join(known)}",
                )
        return [name for name in known if name in wanted or not wanted]

    def __call__(self, parts: Sequence[Named]) -> Sequence[Named]:
        """Choose among all parts of those sources.

        :raises InputRefused: there is no part of a name.
        """
        named = {str(part).lower() for part in parts} | {part.source for part in parts}
        for name in self.names:
            if name.lower() not in named:
                raise InputRefused(
                    f"there is no part {name}", where="--partition", remedy=f"name one of {_listed(parts)}"
                )
        wanted = {name.lower() for name in self.names}
        return [part for part in parts if not wanted or {str(part).lower(), part.source} & wanted]


@dataclass(frozen=True, slots=True)
class Share:
    """One of several shares of all parts, dealt out in turn; every part is in one of them.

    :raises InputRefused: there is no share of this number.
    """

    index: int
    """From 0, as an Indexed Job counts."""
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise InputRefused(
                f"there is no share {self.index} of {self.of}",
                where="--index",
                remedy="shares are counted from 0 up to one less than --of, as the completions of an Indexed Job are",
            )

    def sources(self, known: Sequence[str]) -> Sequence[str]:
        """All of them: who knows only some would deal out otherwise."""
        return known

    def __call__(self, parts: Sequence[Named]) -> Sequence[Named]:
        return parts[self.index :: self.of]


Choice = ByName | Share


def _listed(parts: Iterable[Named]) -> str:
    return "; ".join(map(str, parts))
