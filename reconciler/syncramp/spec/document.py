"""YAML as documents: plain values, and the line on which each of them stands.

PyYAML's nodes are walked instead of loading at once, because a finding needs its line. Keys are taken as they are
written: YAML 1.1 would read the keys ``on`` and ``yes`` as True. A key that stands twice is refused; Kubernetes would
silently take the last one.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from syncramp.errors import InputRefused


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
    """The documents of a file; empty ones are left out.

    :param name: a path, or ``-`` for standard input.
    :raises InputRefused: the file cannot be read, or is no YAML.
    """
    folder = Path.cwd() if name == "-" else Path(name).resolve().parent
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputRefused(
            f"the file cannot be read: {what}", where=name, remedy="check its name and rights"
        ) from None
    try:
        nodes = [node for node in yaml.compose_all(text, yaml.SafeLoader) if node is not None]
        return [_document(node, name, folder) for node in nodes if not _empty(node)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise InputRefused(f"this is no YAML: {error.problem}", where=place, remedy="mend the line") from None
    except yaml.YAMLError:
        raise InputRefused("this is no YAML: it holds characters that no text has", where=name) from None


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


def _document(node: yaml.Node, name: str, folder: Path) -> Document:
    lines: dict[str, int] = {}
    data = _plain(node, "", lines, name)
    return Document(data, lines, name, folder)


def _plain(node: yaml.Node, path: str, lines: dict[str, int], name: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return {key: _plain(value, place, lines, name) for key, value, place in _pairs(node, path, lines, name)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, f"{path}[{place}]", lines, name) for place, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except ValueError:
        return node.value  # a date that is none: text, which the schema judges
    finally:
        loader.dispose()


def _pairs(
    node: yaml.MappingNode, path: str, lines: dict[str, int], name: str
) -> Iterator[tuple[str, yaml.Node, str]]:
    yaml.SafeLoader("").flatten_mapping(node)
    seen: set[str] = set()
    for key, value in node.value:
        text = str(key.value)
        place = f"{path}.{text}" if path else text
        if text in seen:
            raise InputRefused(
                f"the key {text} stands twice", where=f"{name}:{key.start_mark.line + 1}", remedy="remove one of them"
            )
        seen.add(text)
        yield text, value, place
        lines[place] = key.start_mark.line + 1
