"""YAML as documents: plain values, and the line on which each of them stands.

A file is read whole or not at all. PyYAML composes nodes, which know their lines, and they are walked here instead of
being loaded: scalars mean what they mean to kubectl (``scalars``), keys are text as it is written, a key that stands
twice is refused (Kubernetes would silently take the last one), and aliases and merges are followed within a limit, so
that a small file cannot become a large document.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from syncramp.errors import InputRefused
from syncramp.spec.scalars import Scalar, meaning

LARGEST = 1_000_000
"""Bytes of a file, and characters of its documents when aliases are followed; a spec may have a tenth of it."""
DEEPEST = 50
"""Levels of nesting; a SyncConfig has eight."""
_CORE = "tag:yaml.org,2002:"
_PLAIN = "plain"


class Unreadable(InputRefused):
    """A file that holds no documents we can judge.

    :param line: where it ends to be readable, from 1; None if no line is to blame.
    """

    def __init__(self, what: str, *, where: str, remedy: str, line: int | None = None) -> None:
        super().__init__(what, where=f"{where}:{line}" if line else where, remedy=remedy)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file."""

    data: Any
    lines: Mapping[str, int]
    """Path, as ``spec.sources[0].name``, -> line in the file, from 1."""
    origin: str
    """The file's name; ``-`` for standard input."""
    folder: Path
    """What paths in the document are relative to."""

    def line(self, path: str) -> int | None:
        """The line of a path, or of the nearest path above it that stands in the file."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get("")


def read_documents(name: str) -> list[Document]:
    """The documents of a file; empty ones are left out, as kubectl leaves them out.

    :param name: a path, or ``-`` for standard input.
    :raises Unreadable: the file cannot be read, or is no YAML that we take.
    """
    return documents_of(_text(name), name, Path.cwd() if name == "-" else Path(name).resolve().parent)


def documents_of(text: str, name: str, folder: Path = Path()) -> list[Document]:
    """The documents of a text that was read elsewhere.

    :param name: how people find it.
    :param folder: what paths in it are relative to.
    :raises Unreadable: it is no YAML that we take.
    """
    documents, walk = [], _Walk()
    with _told(name, text):
        for node in list(yaml.compose_all(text, _Loader)):
            walk = _Walk(left=walk.left)
            documents.append(Document(walk.value(node, "", 0), walk.lines, name, folder))
    return [document for document in documents if document.data is not None]


def _text(name: str) -> str:
    try:
        raw = _bytes(name)
    except (OSError, ValueError) as error:
        what = (isinstance(error, OSError) and error.strerror) or "this is no name of a file"
        remedy = "name its files" if isinstance(error, IsADirectoryError) else "check its name and its rights"
        raise Unreadable(f"the file cannot be read: {what}", where=name, remedy=remedy) from None
    if len(raw) > LARGEST:
        raise Unreadable(
            f"the file is larger than {LARGEST:,} bytes", where=name, remedy="split it into several files"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable("this is no UTF-8 text", where=name, remedy="save the file as UTF-8", line=line) from None


def _bytes(name: str) -> bytes:
    if name != "-":
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    if sys.stdin is None:
        raise OSError(0, "standard input is closed")
    return sys.stdin.buffer.read(LARGEST + 1)


class _Loader(yaml.SafeLoader):
    """Marks plain scalars in place of resolving them; what has a tag of its own keeps it."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node that was written without one."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else f"{_CORE}str"
        return f"{_CORE}map" if kind is yaml.MappingNode else f"{_CORE}seq"


class _Fault(Exception):
    """Legal YAML that we do not take."""

    def __init__(self, what: str, remedy: str, node: yaml.Node) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, node.start_mark.line + 1


@contextmanager
def _told(name: str, text: str) -> Iterator[None]:
    """Errors of the reading as errors for people. They never repeat the file: it might be a secret."""
    try:
        yield
    except _Fault as fault:
        raise Unreadable(fault.what, where=name, remedy=fault.remedy, line=fault.line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(name, mark.line + 1 if mark else None, *_problem(error.problem or ""))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        _refuse(name, line, "it holds a control character", "remove the character")
    except RecursionError:
        _refuse(name, None, f"it is nested more than {DEEPEST} levels deep", "write it flatter")
    except (ValueError, OverflowError):  # PyYAML's own, at a character or a version number that cannot be
        _refuse(name, None, "an escaped character or a directive means nothing", "mend \\x, \\u and \\U, and % lines")


def _refuse(name: str, line: int | None, what: str, remedy: str) -> NoReturn:
    raise Unreadable(f"this is no YAML: {what}", where=name, remedy=remedy, line=line) from None


def _problem(text: str) -> tuple[str, str]:
    """PyYAML's sentence and what to do about it; without the names of anchors and tags."""
    if "alias" in text:
        return "an alias (*) refers to no anchor (&)", "put a text that begins with * in quotes"
    if "anchor" in text or text == "second occurrence":
        return "an anchor (&) stands twice", "put a text that begins with & in quotes"
    if "tag" in text:
        return "a tag (!) is not understood", "put a text that begins with ! in quotes"
    if "\\t" in text:
        return "a tab stands where only spaces may", "indent with spaces"
    if "cannot start any token" in text:
        return text, "put a text that begins with this character in quotes"
    return text, "mend this line or the one above it: indentation, quotes, brackets, and a space after each colon"


@dataclass(slots=True)
class _Walk:
    """The nodes of one document become values."""

    lines: dict[str, int] = field(default_factory=dict)
    left: int = field(default_factory=lambda: LARGEST)

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        """A node as a plain value; its line and those of what it holds are kept."""
        self.lines[path] = node.start_mark.line + 1
        self._spend(node, depth)
        if isinstance(node, yaml.MappingNode):
            made: dict[str, Any] = {}
            for key, (at, value) in self._pairs(node, depth).items():
                place = f"{path}.{key}" if path else key
                made[key] = self.value(value, place, depth + 1)
                self.lines[place] = at.start_mark.line + 1
            return made
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(node.value)]
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, depth: int) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """What a mapping says itself, and then what it merges (``<<``): the first of several wins."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or (key.tag == _PLAIN and _plain(key) is None):
                raise _Fault("a key is no text", "write a name before the colon", key)
            self._spend(key, depth)
            if key.tag == _PLAIN and key.value == "<<":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif own.setdefault(key.value, (key, value)) != (key, value):
                raise _Fault(f"the key {key.value} stands twice", "remove one of them", key)
        for other in merged:
            if not isinstance(other, yaml.MappingNode):
                raise _Fault("<< merges what is no object", "merge an object or a list of them", other)
            self._spend(other, depth)
            own = self._pairs(other, depth + 1) | own
        return own

    def _spend(self, node: yaml.Node, depth: int) -> None:
        self.left -= 1 + (len(node.value) if isinstance(node.value, str) else 0)
        if self.left < 0:
            raise _Fault(f"its aliases make more than {LARGEST:,} characters of it", "use fewer aliases", node)
        if depth > DEEPEST:
            raise _Fault(f"it is nested more than {DEEPEST} levels deep", "let no anchor hold itself", node)


def _scalar(node: yaml.Node) -> Any:
    if node.tag == f"{_CORE}str":
        value: str = node.value
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise _Fault("an escaped character does not exist", "mend \\u", node)
        return value
    if node.tag != _PLAIN:
        raise _Fault("a tag (!) is not understood", "write the value without it", node)
    return _plain(node)


def _plain(node: yaml.Node) -> Scalar:
    try:
        return meaning(node.value)
    except ValueError:
        raise _Fault("this number is none that JSON knows", "put it in quotes, or write a number", node) from None
