"""Values of one object among many that have the same names: the names stand there once for all of them.

A page of the read-back holds objects that are nearly all alike and nearly all as they were sent. So none of them
needs a dictionary of its own: a value is found by the place of its name, and many are taken at once, to be compared.
"""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from functools import cached_property
from operator import itemgetter
from typing import Any, Final


class _SmallLetters(dict[str, str]):
    """Names -> the same in small letters; a few hundred come again with every object."""

    MOST = 10_000

    def __missing__(self, name: str) -> str:
        if len(self) == self.MOST:
            self.clear()
        small = self[name] = name.lower()
        return small


small_letters: Final[Mapping[str, str]] = _SmallLetters()
"""Gives the name of an attribute as it is compared; the service spells them in PascalCase, and we do not."""

ABSENT: Final = ""
"""The cell of a value that is not there; no cell is an empty text."""
Take = Callable[[Sequence[Any]], tuple[Any, ...]]
"""Some cells of all."""


class Columns:
    """Names that objects have, or some of them; each once."""

    MOST = 1_000
    """Selections that are kept: objects of one kind have the same names set, or a few of them more or less."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.places = {name: place for place, name in enumerate(self.names)}
        self._taking: dict[tuple[str, ...], Take | None] = {}

    @cached_property
    def small(self) -> "Columns | None":
        """The same with names in small letters; None: some differ in nothing else."""
        small = [small_letters[name] for name in self.names]
        return Columns(small) if len(set(small)) == len(small) else None

    def taking(self, names: tuple[str, ...]) -> Take | None:
        """Takes the cells of names, in small letters; None: there are none such, or only one."""
        if names not in self._taking:
            if len(self._taking) >= self.MOST:
                self._taking.clear()
            places = [self.places[key] for name in names if (key := small_letters[name]) in self.places]
            self._taking[names] = itemgetter(*places) if len(places) == len(names) > 1 else None
        return self._taking[names]


class Cells(Mapping[str, Any]):
    """The values of one object by their names: :data:`ABSENT` or a value for each of the columns.

    None of them is a change of references: who has such is not alike.
    """

    __slots__ = ("_cells", "_places", "columns")

    def __init__(self, columns: Columns, cells: Sequence[Any]) -> None:
        self.columns, self._places, self._cells = columns, columns.places, cells

    def small(self) -> Mapping[str, Any]:
        """The same by names in small letters."""
        columns = self.columns.small
        if columns is None:
            return {small_letters[name]: value for name, value in self.items()}
        return Cells(columns, self._cells)

    def taken(self, names: tuple[str, ...]) -> tuple[Any, ...] | None:
        """Cells of names in their order, whatever the case; None: one by one is the way to ask for them."""
        take = self.columns.taking(names)
        return take(self._cells) if take else None

    def picked(self, take: Take) -> tuple[Any, ...]:
        """Cells by their places.

        :param take: made of places of these columns.
        """
        return take(self._cells)

    def get(self, name: str, default: Any = None) -> Any:
        """The value, if it is there."""
        place = self._places.get(name)
        if place is None:
            return default
        cell = self._cells[place]
        return default if cell == ABSENT else cell

    def __getitem__(self, name: str) -> Any:
        cell = self._cells[self._places[name]]
        if cell == ABSENT:
            raise KeyError(name)
        return cell

    def __contains__(self, name: object) -> bool:
        place = self._places.get(name)  # type: ignore[call-overload]  # whatever it is, it may be asked for
        return place is not None and self._cells[place] != ABSENT

    def __len__(self) -> int:
        return len(self._cells) - self._cells.count(ABSENT)

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict())

    def __repr__(self) -> str:
        return repr(self._dict())

    def keys(self) -> KeysView[str]:
        """As of a dictionary, in the order of columns."""
        return self._dict().keys()

    def values(self) -> ValuesView[Any]:
        """As of a dictionary, in the order of columns."""
        return self._dict().values()

    def items(self) -> ItemsView[str, Any]:
        """As of a dictionary, in the order of columns."""
        return self._dict().items()

    def _dict(self) -> dict[str, Any]:
        return {name: cell for name, cell in zip(self.columns.names, self._cells, strict=True) if cell != ABSENT}
