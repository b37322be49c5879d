"""Pages of the project as data: their links, headings, sections and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from support.console import ROOT

_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


def pages() -> list[Path]:
    """Every page that people read."""
    folders = (ROOT / "docs", ROOT / "examples", ROOT / "manifests")
    return [*sorted(ROOT.glob("*.md")), *(page for folder in folders for page in sorted(folder.rglob("*.md")))]


def text(page: str | Path) -> str:
    """A page; names are relative to the checkout."""
    return (ROOT / page).read_text(encoding="utf-8")


def links(page: Path) -> Iterator[str]:
    """Targets of its links, outside of blocks of code."""
    yield from _LINK.findall(_CODE.sub("", text(page)))


def prose(page: Path) -> list[str]:
    """Its lines outside of blocks of code."""
    return _CODE.sub("", text(page)).splitlines()


def anchors(page: Path) -> set[str]:
    """What a link may name in it: its headings as GitHub spells them."""
    return {_slug(heading) for heading in _HEADING.findall(_CODE.sub("", text(page)))}


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading {heading!r}"
    return found[1]


def rows(part: str, *, title: str = "") -> list[list[str]]:
    """The rows below the heads of its tables; with a title only of the table whose first column has it."""
    found: list[list[str]] = []
    inside = False
    lines = part.splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]] if line.startswith("|") else []
        if after.startswith("|---"):
            inside = not title or cells[0] == title
        elif cells and inside and not line.startswith("|---"):
            found.append(cells)
        elif not cells:
            inside = False
    assert found, f"no table {title}"
    return found


def coded(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
