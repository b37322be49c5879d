"""LDIF as text (RFC 2849): values that are not safe as they are become base64, long lines are folded."""

from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

FOLD = 76
"""Columns of a line (RFC 2849 leaves it to the writer; ldifde and ldapsearch use 76 to 78)."""


def line(name: str, value: str | bytes) -> str:
    """One attribute value, folded, without the end of its last line."""
    if isinstance(value, bytes):
        text = f"{name}:: {b64encode(value).decode()}"
    elif value.isascii() and value[:1] not in (" ", ":", "<") and value[-1:] != " " and value.isprintable():
        text = f"{name}: {value}"
    else:
        text = f"{name}:: {b64encode(value.encode()).decode()}"
    return text if len(text) <= FOLD else _fold(text)


def _fold(text: str) -> str:
    rest = range(FOLD, len(text), FOLD - 1)
    return "\n ".join([text[:FOLD], *(text[start : start + FOLD - 1] for start in rest)])


class LdifFile:
    """A file that is written record by record, and whole only when the block ended well.

    :param path: replaced at the end of the block, not before.
    :param title: a comment for the first line.
    :param crlf: lines end as on Windows.
    """

    def __init__(self, path: Path, title: str, *, crlf: bool = False) -> None:
        self._path = path
        self._part = path.with_suffix(".part")
        self._file = self._part.open("w", encoding="ascii", newline="\r\n" if crlf else "\n", buffering=1 << 20)
        self._file.write(f"# {title}\nversion: 1\n\n")
        self.records = 0

    def write(self, dn: str, lines: Iterable[str]) -> None:
        """One record."""
        self._file.write("\n".join((line("dn", dn), *lines)))
        self._file.write("\n\n")
        self.records += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if error is None:
            self._file.write(f"# returned {self.records} records\n")
        self._file.close()
        if error is None:
            self._part.replace(self._path)
